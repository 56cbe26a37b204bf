"""The score stage: wide indicator values in, scores and their components out."""

from __future__ import annotations

from collections.abc import Collection, Generator
from functools import partial

import duckdb
import pyarrow as pa

from landgauge import policy
from landgauge.errors import ConfigurationError
from landgauge.settings import Settings, StageResult
from landgauge.sql import literal
from landgauge.stages import change, places, progress
from scoring import districts, of_scheme, scheme_reading, tables, units, weighting
from scoring.judging import tables as judged
from scoring.of_scheme import Evaluated
from scoring.scheme import Scheme, Seeds
from scoring.scheme_cells import SchemeError
from scoring.units import Units
from warehouse import db, done
from warehouse.transform import run_layer

# what is read here and in the modules below, so that it need not be done again where none of it changed
READS = ("dim_indicator", *sorted({t for s in units.SCALES.values() for t in (s.facts, s.dimension)}))
READS_PROFILE = (("profile", "district"), ("profile", "setting"))
_OUTPUTS = of_scheme.OUTPUTS | {"scored.change": judged.CHANGE}


def score(settings: Settings) -> StageResult:
    """Score the year's units by every scheme in use and build the dbt layer `evaluation`.

    Raises ConfigurationError for a scheme that is unknown, not valid in the year, or does not add up.
    """
    with db.connect(settings) as con:
        made_from = progress.part(con, settings, READS, READS_PROFILE)
        scored = done.part(con, "score", made_from)
        if scored is None:
            scored = StageResult(_score_all(con, settings))
            done.end_part(con, "score", made_from, scored)
    built = run_layer(settings, "evaluation")
    return StageResult(rows=dict(scored.rows) | dict(built.rows), complaints=built.complaints)


def _score_all(con: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, int]:
    """Write schema `scored` anew and return the number of units, rated and all, by scheme and scale.

    The published snapshot, if there is one, is attached as `published`.
    """
    seeds = {name: policy.rows(name) for name in of_scheme.SEEDS}
    schemes = _schemes(con, settings, seeds)
    for name, schema in _OUTPUTS.items():
        _replace(con, name, schema.empty_table())
    if settings.snapshot.is_file():
        con.execute(f"attach {literal(str(settings.snapshot))} as published (read_only)")
    places.append(con, "scored.ideal_value", tables.ideal_table(schemes, settings.year))
    counts: dict[str, int] = {}
    for scheme in schemes:
        rated, all_units = _score_scheme(con, settings.year, scheme, seeds)
        counts[f"{scheme.code} {scheme.scale} rated"] = rated
        counts[f"{scheme.code} {scheme.scale} units"] = all_units
    change.of_next_year(con, settings.year)
    return counts


def _schemes(con: duckdb.DuckDBPyConnection, settings: Settings, seeds: Seeds) -> tuple[Scheme, ...]:
    codes = settings.schemes or _profile_schemes(con)
    directions = dict(con.execute("select indicator_code, direction from marts.dim_indicator").fetchall())
    try:
        found = scheme_reading.select(seeds, codes, settings.year, directions, units.known(partial(_columns, con)))
    except SchemeError as error:
        raise ConfigurationError(
            str(error), "Correct --scheme, the profile's schemes, or seeds/policy/scheme*.csv."
        ) from error
    _check_districts(con, found)
    return found


def _check_districts(con: duckdb.DuckDBPyConnection, schemes: tuple[Scheme, ...]) -> None:
    """Refuse weights of a district that the city does not have."""
    wanted = {(code, s.code, s.version) for s in schemes for code in districts.districts(s)}
    if not wanted:
        return
    there = {row[0] for row in con.execute("select code from profile.district").fetchall()}
    for code, scheme, version in sorted(wanted):
        if code not in there:
            raise ConfigurationError(
                f"scheme {scheme} {version}: weights of district {code!r}, which the profile does not have",
                "Correct seeds/policy/scheme_district_weight.csv, or the districts of city.yml.",
            )


def _profile_schemes(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    row = con.execute("select schemes from profile.setting").fetchone()
    return tuple(row[0] or ()) if row else ()


def _score_scheme(con: duckdb.DuckDBPyConnection, year: int, scheme: Scheme, seeds: Seeds) -> tuple[int, int]:
    """Write what one scheme makes of its scale; return how many units are rated, and how many there are."""
    found = _units(con, year, scheme, weighting.attributes(scheme, units.known(partial(_columns, con)), seeds))
    threads = int(con.execute("select current_setting('threads')").fetchall()[0][0])
    evaluated = _written(con, of_scheme.evaluate(scheme, year, found, seeds, threads))
    change.of_this_year(con, year, evaluated.weighting, evaluated.scored)
    return len(evaluated.scored.rated), len(found.codes)


def _written(con: duckdb.DuckDBPyConnection, parts: Generator[of_scheme.Named, None, Evaluated]) -> Evaluated:
    """Write each table as it comes; return what stands at their end."""
    while True:
        try:
            places.append(con, *next(parts))
        except StopIteration as end:
            return end.value


def _units(con: duckdb.DuckDBPyConnection, year: int, scheme: Scheme, attributes: Collection[str]) -> Units:
    question = units.question(scheme, attributes, _columns(con, units.SCALES[scheme.scale].dimension))
    return units.of_table(con.execute(question, [year]).to_arrow_table(), scheme, attributes)


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    sql = "select column_name from information_schema.columns where table_schema = 'marts' and table_name = ?"
    return {row[0] for row in con.execute(sql, [table]).fetchall()}


def _replace(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    con.execute(f"create schema if not exists {name.split('.')[0]}")
    con.register("incoming", table)
    con.execute(f"create or replace table {name} as select * from incoming")
    con.unregister("incoming")
