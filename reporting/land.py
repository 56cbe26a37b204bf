"""The chapter on land: demand, supply and balance of the city by scenario, and the methods that were not used."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from reporting import charts, words
from reporting.chapters import absence
from reporting.marts import Marts, Row

ALL_INDUSTRIES = "00"


@dataclass(frozen=True)
class Line:
    """A line of a table whose columns are the scenarios: its key and, by scenario, the mart's row."""

    key: Hashable
    cells: dict[str, Row]


@dataclass(frozen=True)
class Land:
    """Balance by year, supply by source, demand by method, each by scenario; methods rejected with their reasons."""

    scenarios: list[Row]
    balance: list[Line]
    supply: list[Line]
    demand: list[Line]
    demand_year: int | None
    rejected: list[Row]
    charts: list[charts.Chart]
    missing: str | None


def land(marts: Marts) -> Land:
    """Return the land chapter: the rows of the city as a whole and all industries."""
    balance = _city(marts, "fct_land_balance", "scenario, year")
    demand = _city(marts, "fct_land_demand", "scenario, used desc, method, year")
    last = max((r["year"] for r in demand), default=None)
    found = {r["scenario"] for r in [*balance, *demand]}
    scenarios = sorted(found, key=_scenario_order)
    shortage = {r["scenario"]: r["first_shortage_year"] for r in balance}
    return Land(
        scenarios=[{"scenario": s, "first_shortage_year": shortage.get(s)} for s in scenarios],
        balance=_lines(balance, "year"),
        supply=_lines(_supply(marts), "source"),
        demand=_lines([r for r in demand if r["year"] == last], "method"),
        demand_year=last,
        rejected=_rejected(marts),
        charts=[_chart(s, rows) for s in scenarios if (rows := [r for r in balance if r["scenario"] == s])],
        missing=None if found else absence(marts, "土地供需预测", ["district_series", "land_supply"]),
    )


def _scenario_order(scenario: str) -> tuple[int, str]:
    known = list(words.SCENARIOS)
    return known.index(scenario) if scenario in known else len(known), scenario


def _city(marts: Marts, table: str, order: str) -> list[Row]:
    sql = f"select * from {table} where district_code = ? and industry_code = ? order by {order}"
    return marts.rows(sql, [marts.city_code, ALL_INDUSTRIES])


def _lines(rows: Sequence[Row], key: str) -> list[Line]:
    lines: dict[Hashable, Line] = {}
    for row in rows:
        lines.setdefault(row[key], Line(row[key], {})).cells[row["scenario"]] = row
    return list(lines.values())


def _supply(marts: Marts) -> list[Row]:
    """Supply by source and scenario, summed over the years in which it becomes available; the largest source first."""
    return marts.rows(
        "select scenario, source, sum(area_ha) as area_ha, min(year) as first_year, max(year) as last_year, "
        "max(sum(area_ha)) over (partition by source) as most from fct_land_supply "
        "where district_code = ? and industry_code = ? group by scenario, source order by most desc, source, scenario",
        [marts.city_code, ALL_INDUSTRIES],
    )


def _rejected(marts: Marts) -> list[Row]:
    return marts.rows(
        "select method, rejected_reason, count(distinct scenario) as scenarios from fct_land_demand "
        "where district_code = ? and industry_code = ? and not used and rejected_reason is not null "
        "group by all order by method, rejected_reason",
        [marts.city_code, ALL_INDUSTRIES],
    )


def _chart(scenario: str, rows: list[Row]) -> charts.Chart:
    return charts.lines(
        words.word(scenario, words.SCENARIOS),
        [r["year"] for r in rows],
        [
            ("累计可供工业用地", "supply", [r["supply_ha"] for r in rows]),
            ("累计新增需求", "demand", [r["demand_ha"] for r in rows]),
        ],
    )
