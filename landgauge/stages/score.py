"""The score stage: wide indicator values in, scores and their components out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from landgauge import policy
from landgauge.errors import ConfigurationError
from landgauge.settings import Settings, StageResult
from scoring import scheme as schemes_module
from scoring import tables
from scoring.ideal import Codes, encode, ideal_matrix, one_group
from scoring.scheme import WHOLE_CITY, Scheme, SchemeError
from scoring.score import Block, group_means, score_block, standardise_block
from scoring.weights import GROUP_MEAN
from warehouse import db
from warehouse.transform import run_layer

CHUNK = 100_000  # units scored at a time: bounds the memory of the components
SCALES = {  # scale: facts, dimension, key
    "parcel": ("fct_parcel_year", "dim_parcel", "parcel_code"),
    "enterprise": ("fct_enterprise_year", "dim_enterprise", "uscc"),
}
_OUTPUTS = {
    "scored.score": tables.SCORE,
    "scored.score_component": tables.COMPONENT,
    "scored.weight": tables.WEIGHT,
    "scored.ideal_value": tables.IDEAL,
}


@dataclass(frozen=True)
class Units:
    """The units of one scale in key order: codes, values (n, k), and the attributes that groups and scopes need."""

    codes: pa.Array
    values: NDArray[np.float64]
    attributes: dict[str, Codes]


def score(settings: Settings) -> StageResult:
    """Score the year's parcels and enterprises by every scheme in use and build the dbt layer `evaluation`.

    Raises ConfigurationError for a scheme that is unknown, not valid in the year, or does not add up.
    """
    with db.connect(settings) as con:
        schemes = _schemes(con, settings)
        for name, schema in _OUTPUTS.items():
            _replace(con, name, schema.empty_table())
        _append(con, "scored.weight", tables.weight_table(schemes, settings.year))
        _append(con, "scored.ideal_value", tables.ideal_table(schemes, settings.year))
        counts: dict[str, int] = {}
        for scheme in schemes:
            rated, units = _score_scheme(con, settings.year, scheme)
            counts[f"{scheme.code} {scheme.scale} rated"] = rated
            counts[f"{scheme.code} {scheme.scale} units"] = units
    built = run_layer(settings, "evaluation")
    return StageResult(rows=counts | dict(built.rows), complaints=built.complaints)


def _schemes(con: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[Scheme, ...]:
    codes = settings.schemes or _profile_schemes(con)
    directions = dict(con.execute("select indicator_code, direction from marts.dim_indicator").fetchall())
    seeds = {name: policy.rows(name) for name in schemes_module.SEEDS}
    try:
        found = schemes_module.select(seeds, codes, settings.year, directions)
    except SchemeError as error:
        raise ConfigurationError(
            str(error), "Correct --scheme, the profile's schemes, or seeds/policy/scheme*.csv."
        ) from error
    for scheme in found:
        _check_columns(con, scheme)
    return found


def _profile_schemes(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    row = con.execute("select schemes from profile.setting").fetchone()
    return tuple(row[0] or ()) if row else ()


def _check_columns(con: duckdb.DuckDBPyConnection, scheme: Scheme) -> None:
    """Refuse a scale, an indicator or an attribute that the marts do not have."""
    name = f"scheme {scheme.code} {scheme.version}, scale {scheme.scale}"
    if scheme.scale not in SCALES:
        raise ConfigurationError(f"{name}: not a scale that can be scored", f"Scales: {', '.join(SCALES)}.")
    facts, dimension, _ = SCALES[scheme.scale]
    for table, wanted in ((facts, [i.code for i in scheme.indicators]), (dimension, scheme.attributes)):
        lacking = [column for column in wanted if column not in _columns(con, table)]
        if lacking:
            raise ConfigurationError(
                f"{name}: marts.{table} has no column {', '.join(lacking)}", "Correct the scheme's seeds."
            )


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> set[str]:
    sql = "select column_name from information_schema.columns where table_schema = 'marts' and table_name = ?"
    return {row[0] for row in con.execute(sql, [table]).fetchall()}


def _score_scheme(con: duckdb.DuckDBPyConnection, year: int, scheme: Scheme) -> tuple[int, int]:
    """Write scores and components of one scheme and scale; return how many units are rated, and how many there are."""
    units = _units(con, year, scheme)
    group = units.attributes[scheme.group_by] if scheme.group_by else one_group(len(units.codes), WHOLE_CITY)
    scores, reasons = [np.empty(0)], [np.empty(0, dtype=np.int8)]
    for start, block in _blocks(scheme, units, group):
        part = units.codes.slice(start, len(block.score))
        _append(con, "scored.score_component", tables.component_table(scheme, year, part, block))
        scores.append(block.score)
        reasons.append(block.reason)
    total = np.concatenate(scores)
    district = units.attributes["district_code"]
    table = tables.score_table(scheme, year, units.codes, total, np.concatenate(reasons), group, district)
    _append(con, "scored.score", table)
    return int((~np.isnan(total)).sum()), len(total)


def _units(con: duckdb.DuckDBPyConnection, year: int, scheme: Scheme) -> Units:
    facts, dimension, key = SCALES[scheme.scale]
    attributes = sorted({*scheme.attributes, "district_code"})
    columns = [f"facts.{key} as unit_code", *(f"dimension.{a} as {a}" for a in attributes)]
    columns += [f"cast(facts.{i.code} as double) as value_{j}" for j, i in enumerate(scheme.indicators)]
    table = con.execute(
        f"select {', '.join(columns)} from marts.{facts} as facts"
        f" left join marts.{dimension} as dimension using ({key}, year) where year = ? order by unit_code",
        [year],
    ).to_arrow_table()
    values = [table.column(f"value_{j}").to_numpy() for j in range(len(scheme.indicators))]
    return Units(
        codes=pa.array(table.column("unit_code").combine_chunks().cast(pa.string())),
        values=np.column_stack(values).astype(float),
        attributes={a: encode(table.column(a)) for a in attributes},
    )


def _blocks(scheme: Scheme, units: Units, group: Codes) -> Iterator[tuple[int, Block]]:
    """Yield the scored units chunk by chunk, each with the position of its first unit."""
    means = _means(scheme, units, group) if scheme.missing_rule == GROUP_MEAN else None
    for start in range(0, len(units.codes), CHUNK):
        stop = min(start + CHUNK, len(units.codes))
        values, ideals = units.values[start:stop], _ideals(scheme, units, start, stop)
        # a missing group has index -1 and takes the last row, which holds nothing
        fill = None if means is None else means[group.index[start:stop]]
        yield start, score_block(scheme, values, ideals, fill)


def _means(scheme: Scheme, units: Units, group: Codes) -> NDArray[np.float64]:
    """Mean standardised value of each group and indicator, with a last row of NaN for units without a group."""
    own = standardise_block(scheme, units.values, _ideals(scheme, units, 0, len(units.codes)))
    means = group_means(own, group.index, len(group.names))
    return np.vstack([means, np.full((1, own.shape[1]), np.nan)])


def _ideals(scheme: Scheme, units: Units, start: int, stop: int) -> NDArray[np.float64]:
    attributes = {name: codes.slice(start, stop) for name, codes in units.attributes.items()}
    return ideal_matrix(scheme, attributes, stop - start)


def _replace(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    con.execute(f"create schema if not exists {name.split('.')[0]}")
    con.register("incoming", table)
    con.execute(f"create or replace table {name} as select * from incoming")
    con.unregister("incoming")


def _append(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    con.register("incoming", table)
    con.execute(f"insert into {name} by name select * from incoming")
    con.unregister("incoming")
