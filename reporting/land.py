"""The chapter on land: demand by method, supply by source, balance by scenario, what moves it, what closes it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from reporting import words
from reporting.balance import drawings
from reporting.balance.accuracy import COMBINATION, Accuracy, accuracies, not_used
from reporting.balance.district_map import DistrictMap, district_map
from reporting.balance.drawings import Drawing
from reporting.balance.words import DIRECTIONS, DRIVERS, MEASURES, SOURCES, lacking
from reporting.chapters import absence
from reporting.marts import Marts, Row, exact_sum

ALL_INDUSTRIES = "00"
METHOD_STYLES = 8


@dataclass(frozen=True)
class Line:
    """A line of a table whose columns are the scenarios: its key and, by scenario, the mart's row."""

    key: Hashable
    cells: dict[str, Row]


@dataclass(frozen=True)
class Keyed:
    """A drawing and its key: (style, name) of what it shows."""

    drawing: Drawing
    key: list[tuple[str, str]]


@dataclass(frozen=True)
class Land:
    """The chapter of the city as a whole and all industries; `districts` has a line for each district.

    `shown` is the scenario of what is drawn once only, `last` the last year of the forecast.
    """

    scenarios: list[Row]
    shown: str | None
    last: int | None
    balance: list[Line]
    supply: list[Line]
    demand: list[Line]
    demand_year: int | None
    rejected: list[Row]
    charts: list[Drawing]
    by_method: Keyed | None
    by_source: Keyed | None
    activity: list[Drawing]
    tornados: list[Drawing]
    moves: list[Row]
    gaps: list[Row]
    districts: list[Line]
    map: DistrictMap | None
    items: Row
    accuracy: list[Accuracy]
    not_used: list[Row]
    lacking: list[str]
    missing: str | None


def land(marts: Marts) -> Land:
    """Return the land chapter of the city, or of the district that the marts are narrowed to, for all industries."""
    whole = marts.area_code == marts.city_code
    balance = _city(marts, "fct_land_balance", "scenario, year")
    demand = _city(marts, "fct_land_demand", "scenario, used desc, method, year")
    last = max((r["year"] for r in demand), default=None)
    found = {r["scenario"] for r in [*balance, *demand]}
    scenarios = sorted(found, key=scenario_order)
    shown = "base" if "base" in found else next(iter(scenarios), None)
    shortage = {r["scenario"]: r["first_shortage_year"] for r in balance}
    known = {r["scenario"] for r in balance if r["balance_ha"] is not None}
    until = max((r["year"] for r in balance), default=None)
    return Land(
        scenarios=[{"scenario": s, "first_shortage_year": shortage.get(s), "known": s in known} for s in scenarios],
        shown=shown,
        last=until,
        balance=_lines(balance, "year"),
        supply=_lines(_supply(marts), "source"),
        demand=_lines([r for r in demand if r["year"] == last], "method"),
        demand_year=last,
        rejected=_rejected(marts),
        charts=[_chart(s, rows) for s in scenarios if (rows := [r for r in balance if r["scenario"] == s])],
        by_method=_by_method([r for r in demand if r["scenario"] == shown]),
        by_source=_by_source(marts, shown),
        activity=_activity(marts),
        moves=(moves := _city(marts, "fct_land_sensitivity", "scenario, driver, year, direction")),
        tornados=[_tornado(s, rows) for s in scenarios if (rows := [r for r in moves if r["scenario"] == s])],
        gaps=sorted(_city(marts, "fct_land_gap", "scenario, year"), key=lambda r: scenario_order(r["scenario"])),
        districts=_lines(_districts(marts, until), "name_zh") if whole else [],
        map=district_map(marts, shown, until) if shown and until and whole else None,
        items=_items(marts, shown),
        accuracy=accuracies(marts) if whole else [],
        not_used=not_used(marts) if whole else [],
        lacking=_lacking(balance),
        missing=None if found else absence(marts, "土地供需预测", ["district_series", "land_supply"]),
    )


def scenario_order(scenario: str) -> tuple[int, str]:
    """Return where a scenario stands: low, base, high, then others by name."""
    return words.place_of(scenario, words.SCENARIOS)


def _city(marts: Marts, table: str, order: str) -> list[Row]:
    sql = f"select * from {table} where district_code = ? and industry_code = ? order by {order}"
    return marts.rows(sql, [marts.area_code, ALL_INDUSTRIES])


def _lines(rows: Sequence[Row], key: str) -> list[Line]:
    lines: dict[Hashable, Line] = {}
    for row in rows:
        lines.setdefault(row[key], Line(row[key], {})).cells[row["scenario"]] = row
    return list(lines.values())


def _supply(marts: Marts) -> list[Row]:
    """Supply by source and scenario, summed over the years in which it becomes available; the largest source first."""
    return marts.rows(
        f"select scenario, source, {exact_sum('area_ha')} as area_ha, min(year) as first_year, max(year) as last_year, "
        f"max({exact_sum('area_ha')}) over (partition by source) as most from fct_land_supply "
        "where district_code = ? and industry_code = ? group by scenario, source order by most desc, source, scenario",
        [marts.area_code, ALL_INDUSTRIES],
    )


def _rejected(marts: Marts) -> list[Row]:
    return marts.rows(
        "select method, rejected_reason, count(distinct scenario) as scenarios from fct_land_demand "
        "where district_code = ? and industry_code = ? and not used and rejected_reason is not null "
        "group by all order by method, rejected_reason",
        [marts.area_code, ALL_INDUSTRIES],
    )


def _chart(scenario: str, rows: list[Row]) -> Drawing:
    """Supply, demand and balance of a scenario; the band is the balance's interval."""
    return drawings.curves(
        words.word(scenario, words.SCENARIOS),
        [r["year"] for r in rows],
        [
            ("累计可供工业用地", "supply", [r["supply_ha"] for r in rows]),
            ("累计新增需求", "demand", [r["demand_ha"] for r in rows]),
            ("余缺", "rest", [r["balance_ha"] for r in rows]),
        ],
        ("余缺的区间", "rest-band", [r["low_ha"] for r in rows], [r["high_ha"] for r in rows]),
    )


def _by_method(rows: list[Row]) -> Keyed | None:
    """Every method's demand as a line, the combination thick, and the spread of the used ones behind them."""
    years = sorted({r["year"] for r in rows})
    found: dict[str, dict[int, float | None]] = {}
    for row in rows:
        if row["demand_ha"] is not None:
            found.setdefault(row["method"], {})[row["year"]] = row["demand_ha"]
    if not found:
        return None
    used = {r["method"] for r in rows if r["used"]} & set(found) - {COMBINATION}
    singles = sorted(set(found) - {COMBINATION})
    styles = {m: f"m{i % METHOD_STYLES}" + ("" if m in used else " unused") for i, m in enumerate(singles)}
    styles |= {COMBINATION: "combined"} if COMBINATION in found else {}
    lines = [(words.word(m, words.METHODS), s, [found[m].get(y) for y in years]) for m, s in styles.items()]
    spread = [[v for m in used if (v := found[m].get(y)) is not None] for y in years]
    band = ("采用方法的范围", "spread", [min(v, default=None) for v in spread], [max(v, default=None) for v in spread])
    drawing = drawings.curves("累计新增需求，按方法", years, lines, band if len(used) > 1 else None)
    key = [(s, words.word(m, words.METHODS) + ("" if m in used or m == COMBINATION else "（未采用）"))
           for m, s in styles.items()]  # fmt: skip
    return Keyed(drawing, key)


def _by_source(marts: Marts, scenario: str | None) -> Keyed | None:
    """Each year's supply, stacked by source; what leaves industry stands below zero."""
    rows = marts.rows(
        "select year, source, area_ha from fct_land_supply "
        "where district_code = ? and industry_code = ? and scenario = ? order by year, source",
        [marts.area_code, ALL_INDUSTRIES, scenario],
    )
    if not rows:
        return None
    years = list(range(min(r["year"] for r in rows), max(r["year"] for r in rows) + 1))
    there = {(r["source"], r["year"]): r["area_ha"] for r in rows}
    given = {r["source"] for r in rows}
    sources = [s for s in SOURCES if s in given] + sorted(given - set(SOURCES))
    styles = {s: f"s{SOURCES.index(s) if s in SOURCES else len(SOURCES)}" for s in sources}
    parts = {s: (style, [there.get((s, y)) for y in years]) for s, style in styles.items()}
    return Keyed(drawings.stacked("各年可供用地，按来源", years, parts), [(style, s) for s, style in styles.items()])


def _activity(marts: Marts) -> list[Drawing]:
    """The city's combined forecast of each measure with its interval."""
    rows = marts.rows(
        "select measure, year, coalesce(reconciled, forecast) as value, low, high from fct_activity_forecast "
        "where district_code = ? and industry_code = ? and method = ? order by measure, year",
        [marts.area_code, ALL_INDUSTRIES, COMBINATION],
    )
    drawn = []
    for measure in sorted({r["measure"] for r in rows if r["value"] is not None}):
        some = [r for r in rows if r["measure"] == measure]
        name, unit, factor = MEASURES.get(measure, (measure, "", 1.0))
        low, value, high = ([_scaled(r[c], factor) for r in some] for c in ("low", "value", "high"))
        band = ("区间", "spread", low, high)
        drawing = drawings.curves(name, [r["year"] for r in some], [(name, "combined", value)], band, unit)
        drawn.append(drawing)
    return drawn


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _tornado(scenario: str, rows: list[Row]) -> Drawing:
    """How far the balance at the horizon moves with each driver alone."""
    at = next((r["base_balance_ha"] for r in rows if r["base_balance_ha"] is not None), 0.0)
    sides = {(r["driver"], r["direction"]): r for r in rows}
    bars: list[tuple[str, Any, Any, str, str]] = []
    for driver in sorted({r["driver"] for r in rows}):
        low, high = (sides.get((driver, direction), {}) for direction in DIRECTIONS)
        values = low.get("balance_ha"), high.get("balance_ha")
        bars.append((words.word(driver, DRIVERS), *values, _moved(low), _moved(high)))
    return drawings.tornado(words.word(scenario, words.SCENARIOS), at, bars)


def _moved(row: Row) -> str:
    """What a pointer is told of a bar: driver, step and the balance that follows."""
    if not row or row["balance_ha"] is None:
        return ""
    step = "" if row["step"] is None else f" {abs(row['step']) * 100:g} 个百分点"
    name, how = words.word(row["driver"], DRIVERS), words.word(row["direction"], DIRECTIONS)
    return f"{name}{how}{step}：余缺 {row['balance_ha']:,.2f} 公顷"


def _districts(marts: Marts, year: int | None) -> list[Row]:
    """The balance of each district in the last year, by scenario."""
    return marts.rows(
        "with n as (select district_code, arg_max(name_zh, valid_from_year) as name_zh from dim_district "
        "where valid_from_year <= ? and coalesce(valid_to_year, 9999) >= ? group by all) "
        "select b.*, coalesce(n.name_zh, case when b.district_code in ('00', 'not_allocated') then '未分区' end, "
        "b.district_code) as name_zh "
        "from fct_land_balance as b left join n on n.district_code = b.district_code "
        "where b.industry_code = ? and b.year = ? and b.district_code <> ? order by b.district_code, b.scenario",
        [marts.year, marts.year, ALL_INDUSTRIES, year, marts.city_code],
    )


def _items(marts: Marts, scenario: str | None) -> Row:
    """How many rows of supply there are, how many count, how many are the same parcel again."""
    return marts.one(
        "select count(*) as n, count(*) filter (where counted) as counted, "
        "count(*) filter (where duplicate_of is not null) as duplicates, "
        "count(*) filter (where from_marts) as from_marts from fct_land_supply_item "
        "where (scenario is null or scenario = ?) and (? or district_code = ?)",
        [scenario, marts.area_code == marts.city_code, marts.area_code],
    )


def _lacking(rows: list[Row]) -> list[str]:
    return sorted({text for row in rows for text in lacking(row["lacking"])})
