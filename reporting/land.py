"""The chapter on land: demand, supply and balance of the city by scenario, and the methods that were not used."""

from __future__ import annotations

from dataclasses import dataclass

from reporting import charts, words
from reporting.chapters import absence
from reporting.marts import Marts, Row

_KNOWN_ORDER = list(words.SCENARIOS)


@dataclass(frozen=True)
class Land:
    """Balance by scenario and year, supply by source, demand by method, methods rejected with their reasons."""

    scenarios: list[Row]
    balance: list[Row]
    supply: list[Row]
    demand: list[Row]
    rejected: list[Row]
    charts: list[charts.Chart]
    missing: str | None


def land(marts: Marts) -> Land:
    """Return the land chapter of the city as a whole."""
    balance = _city(
        marts, "fct_land_balance", "scenario, year", ("supply_ha", "demand_ha", "balance_ha", "low_ha", "high_ha")
    )
    demand = _demand(marts)
    shortage = {r["scenario"]: r["y"] for r in _shortages(marts)}
    scenarios = sorted({r["scenario"] for r in balance}, key=_scenario_order)
    return Land(
        scenarios=[{"scenario": s, "first_shortage_year": shortage.get(s)} for s in scenarios],
        balance=sorted(balance, key=lambda r: (_scenario_order(r["scenario"]), r["year"])),
        supply=_supply(marts),
        demand=demand,
        rejected=_rejected(marts),
        charts=[_chart(s, [r for r in balance if r["scenario"] == s]) for s in scenarios],
        missing=None if balance or demand else absence(marts, "土地供需预测", ["district_series", "land_supply"]),
    )


def _scenario_order(scenario: str) -> tuple[int, str]:
    known = list(words.SCENARIOS)
    return known.index(scenario) if scenario in known else len(known), scenario


def _level(marts: Marts, table: str) -> str:
    """The rows that are the whole city: its own where there are any, else its districts'; likewise industry `00`."""
    city = marts.city_code or ""
    own = marts.one(f"select count(*) as n from {table} where district_code = ?", [city])["n"]
    place = "district_code = $city" if own else "district_code <> $city"
    place = place.replace("$city", "'" + city.replace("'", "''") + "'")
    whole = marts.one(f"select count(*) as n from {table} where {place} and industry_code = '00'")["n"]
    return f"{place} and industry_code {'=' if whole else '<>'} '00'"


def _city(marts: Marts, table: str, keys: str, measures: tuple[str, ...]) -> list[Row]:
    sums = ", ".join(f"sum({m}) as {m}" for m in measures)
    return marts.rows(f"select {keys}, {sums} from {table} where {_level(marts, table)} group by all order by {keys}")


def _shortages(marts: Marts) -> list[Row]:
    where = _level(marts, "fct_land_balance")
    return marts.rows(
        f"select scenario, min(first_shortage_year) as y from fct_land_balance where {where} group by all"
    )


def _supply(marts: Marts) -> list[Row]:
    """Supply by source and scenario, summed over the years in which it becomes available."""
    return marts.rows(
        "select scenario, source, sum(area_ha) as area_ha, min(year) as first_year, max(year) as last_year "
        f"from fct_land_supply where {_level(marts, 'fct_land_supply')} "
        "group by all order by scenario, area_ha desc, source"
    )


def _demand(marts: Marts) -> list[Row]:
    """Demand by method and scenario in the last forecast year."""
    return marts.rows(
        "select scenario, method, year, sum(demand_ha) as demand_ha, sum(low_ha) as low_ha, sum(high_ha) as high_ha, "
        f"bool_and(used) as used from fct_land_demand where {_level(marts, 'fct_land_demand')} "
        "and year = (select max(year) from fct_land_demand) group by all order by scenario, used desc, method"
    )


def _rejected(marts: Marts) -> list[Row]:
    return marts.rows(
        "select method, rejected_reason, count(distinct scenario) as scenarios from fct_land_demand "
        f"where {_level(marts, 'fct_land_demand')} and not used and rejected_reason is not null "
        "group by all order by method, rejected_reason"
    )


def _chart(scenario: str, rows: list[Row]) -> charts.Chart:
    rows = sorted(rows, key=lambda r: r["year"])
    return charts.lines(
        words.word(scenario, words.SCENARIOS),
        [r["year"] for r in rows],
        [
            ("可供用地", "supply", [r["supply_ha"] for r in rows]),
            ("用地需求", "demand", [r["demand_ha"] for r in rows]),
        ],
        [],
    )
