"""The forecast stage: activity, the land that it needs, the land there is, and the balance of the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow as pa

from landgauge import policy
from landgauge.errors import ConfigurationError, StageFailed
from landgauge.settings import Settings, StageResult
from landgauge.stages import land_items, progress
from scoring.forecast import activity_tables, land_balance, land_demand, land_policy, land_supply, land_tables, rules
from scoring.forecast.activity import Hierarchy, activity
from scoring.forecast.land_policy import ALL, LandPolicy
from scoring.forecast.panel import panel
from scoring.forecast.policy import PolicyError
from scoring.forecast.rules import ActivityRules
from warehouse import db, done
from warehouse.transform import run_layer

# what is read here and in land_items, so that it need not be done again where none of it changed
READS = (
    *("bridge_agreement_parcel", "bridge_district_succession", "dim_agreement", "dim_parcel", "fct_consequence"),
    *("fct_forecast_series", "fct_land_potential", "fct_low_efficiency_parcel"),
)
READS_TABLES = (
    *(("accepted", "land_supply"), ("accepted", "parcel_changes")),
    *(("profile", "industry"), ("profile", "setting")),
)
MEASURES = ("value_added_cny10k", "output_cny10k", "employees", "fixed_investment_cny10k", "industrial_land_ha")
_SERIES = """
select measure, district_code, industry_code, year, value from marts.fct_forecast_series
where base_year = ? and list_contains(?, measure) order by all"""
_SECTIONS = """
select substr(code, 2, 2) as division, parent_code as section from profile.industry
where level = 2 and edition = (select max(edition) from profile.industry)"""


@dataclass(frozen=True)
class Facts:
    """What the warehouse knows in the base year: series, rows of supply, changes of parcels, sections of divisions.

    used_ha: by cap; loaded: whether there is any row of supply; low_efficiency asks for the parcels counted already.
    """

    year: int
    city_code: str
    series: pd.DataFrame
    items: pd.DataFrame
    changes: pd.DataFrame
    sections: Mapping[str, str]
    used_ha: Mapping[str, float]


def forecast(settings: Settings) -> StageResult:
    """Forecast demand and supply from the base year `settings.year` and build dbt layer `balance`.

    Without a series there are no rows of demand; what cannot be forecast says why. Raises ConfigurationError where a
    forecast seed cannot be read, StageFailed where the year has not been built.
    """
    with db.connect(settings) as con:
        made_from = progress.part(con, settings, READS, READS_TABLES)
        forecasted = done.part(con, "forecast", made_from)
        if forecasted is None:
            forecasted = _forecast_all(con, settings)
            done.end_part(con, "forecast", made_from, forecasted)
    built = run_layer(settings, "balance")
    return StageResult(dict(forecasted.rows) | dict(built.rows), forecasted.complaints + built.complaints)


def _forecast_all(con: duckdb.DuckDBPyConnection, settings: Settings) -> StageResult:
    """Write schema `forecasted` anew; rows by table."""
    activity_rules, land = _rules()
    try:
        facts = _facts(con, settings.year, land, activity_rules.steps)
    except duckdb.CatalogException as error:
        raise StageFailed(
            f"year {settings.year} has not been built by this version: {error}", "Run `landgauge build` first."
        ) from error
    written = tables(facts, activity_rules, land, con)
    db.put_tables(con, {f"forecasted.{name}": table for name, table in written.items()})
    return StageResult({name: table.num_rows for name, table in written.items()}, _complaints(facts, land))


def _rules() -> tuple[ActivityRules, LandPolicy]:
    names = sorted({*rules.SEEDS, *land_policy.SEEDS})
    try:
        seeds = {name: policy.rows(name) for name in names}
        return rules.read(seeds), land_policy.read(seeds)
    except PolicyError as error:
        raise ConfigurationError(str(error), "Correct seeds/policy/forecast_*.csv.") from error


def _facts(con: duckdb.DuckDBPyConnection, year: int, land: LandPolicy, steps: int) -> Facts:
    changes = con.execute(
        "select old_parcel_code, new_parcel_code from staging.stg_accepted__parcel_changes order by all"
    ).df()
    return Facts(
        year=year,
        city_code=con.execute("select city_code from profile.setting").fetchone()[0],
        series=con.execute(_SERIES, [year, list(MEASURES)]).df(),
        items=land_items.items(con, land, year, year + steps),
        changes=changes,
        sections=dict(con.execute(_SECTIONS).fetchall()),
        used_ha=land_items.used_of_caps(con, land.caps, year),
    )


def tables(
    facts: Facts, activity_rules: ActivityRules, land: LandPolicy, con: duckdb.DuckDBPyConnection
) -> dict[str, pa.Table]:
    """Return the tables of schema `forecasted` by name."""
    above = _above(facts)
    series = panel(facts.series, facts.year)
    found = activity(series, facts.year, activity_rules, Hierarchy(facts.city_code, above))
    known = land_demand.known(found, len(series.years), activity_rules.steps)
    engine = land_demand.engine(known, land, activity_rules, land_demand.City(facts.city_code, above))
    return {
        "activity_forecast": activity_tables.forecast_table(found),
        "backtest": activity_tables.backtest_table(found, activity_rules),
        "accuracy": activity_tables.accuracy_table(found, activity_rules),
    } | _of_land(facts, engine, land, con)


def _of_land(
    facts: Facts, engine: land_demand.Engine, land: LandPolicy, con: duckdb.DuckDBPyConnection
) -> dict[str, pa.Table]:
    year, last = facts.year, facts.year + engine.rules.steps
    judged = land_supply.judged(facts.items, facts.changes, land.sources, year, last)
    low = land_items.low_efficiency(con, year, judged.loc[judged["counted"], "parcel_code"].dropna())
    made: dict[str, list[pd.DataFrame]] = {name: [] for name in _SCHEMAS}
    for scenario in land.scenarios:
        items = land_supply.effective(judged, land.sources, scenario, land.caps, facts.used_ha, facts.city_code)
        flows = land_supply.flows(items, facts.sections, _districts(facts, engine), facts.city_code)
        of = land_balance.units(engine, flows, year, len(facts.items) > 0)
        demand = engine.demand(scenario)
        made["land_supply_item"].append(items.rename(columns={"available_year": "year"}).assign(scenario=scenario.name))
        made["land_supply"].append(flows.assign(scenario=scenario.name))
        made["land_demand"].append(land_tables.demand_rows(engine, demand, year))
        made["land_balance"].append(land_balance.balance(engine, demand, of, year))
        made["land_sensitivity"].append(land_balance.sensitivity(engine, scenario, of, year))
        made["land_gap"].append(land_balance.gaps(engine, demand, of, year, low))
    return {name: land_tables.table(frames, _SCHEMAS[name], year) for name, frames in made.items()}


_SCHEMAS = {
    "land_supply_item": land_tables.ITEM,
    "land_supply": land_tables.SUPPLY,
    "land_demand": land_tables.DEMAND,
    "land_balance": land_tables.BALANCE,
    "land_sensitivity": land_tables.SENSITIVITY,
    "land_gap": land_tables.GAP,
}


def _districts(facts: Facts, engine: land_demand.Engine) -> list[str]:
    """The districts that supply is told for: those of the series and of the rows themselves."""
    named = {*engine.known.district_code, *facts.items["district_code"].dropna()}
    return sorted(named - {facts.city_code})


def _above(facts: Facts) -> dict[str, str]:
    """The nearest industry of the series above each: the division, the section, else all industries."""
    present = set(facts.series["industry_code"]) - {ALL}
    result = {}
    for code in sorted(present):
        wholes = [code[:n] for n in range(len(code) - 1, 1, -1)] if code.isdigit() else []
        section = facts.sections.get(code[:2]) if code.isdigit() else None
        result[code] = next((w for w in [*wholes, section] if w in present), ALL)
    return result


def _complaints(facts: Facts, land: LandPolicy) -> tuple[str, ...]:
    unknown = sorted(set(facts.items["source"]) - {s.source for s in land.sources})
    return tuple(f"土地供应来源“{s}”没有政策参数, 未计入供应 (forecast_supply_source has no row)" for s in unknown)
