"""The score stage: wide indicator values in, scores and their components out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from landgauge import policy
from landgauge.errors import ConfigurationError
from landgauge.settings import Settings, StageResult
from landgauge.stages import change, judge, places, progress, weights
from landgauge.stages import units as units_module
from landgauge.stages.units import Units
from landgauge.stages.weights import Weighting
from scoring import districts, scheme_reading, tables
from scoring.ideal import Codes, Ends, ideal_matrix, one_group
from scoring.ideal import ends as ideal_ends
from scoring.judging.scored import COMPONENTS, Scored
from scoring.scheme import WHOLE_CITY, Scheme
from scoring.scheme_cells import SchemeError
from scoring.scheme_columns import SEEDS
from scoring.score import Beside, Block, group_means, standardise_block
from scoring.weights import GROUP_MEAN
from warehouse import db, done
from warehouse.transform import run_layer

# what is read here and in the modules below, so that it need not be done again where none of it changed
READS = ("dim_indicator", *sorted({t for s in units_module.SCALES.values() for t in (s.facts, s.dimension)}))
READS_PROFILE = (("profile", "district"), ("profile", "setting"))
_OUTPUTS = {
    "scored.score": tables.SCORE,
    "scored.score_component": tables.COMPONENT,
    "scored.weight": tables.WEIGHT,
    "scored.ideal_value": tables.IDEAL,
}


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
    """Write schema `scored` anew and return the number of units, rated and all, by scheme and scale."""
    schemes = _schemes(con, settings)
    for name, schema in _OUTPUTS.items():
        _replace(con, name, schema.empty_table())
    judge.prepare(con, settings)
    places.append(con, "scored.ideal_value", tables.ideal_table(schemes, settings.year))
    counts: dict[str, int] = {}
    for scheme in schemes:
        rated, units = _score_scheme(con, settings.year, scheme)
        counts[f"{scheme.code} {scheme.scale} rated"] = rated
        counts[f"{scheme.code} {scheme.scale} units"] = units
    change.of_next_year(con, settings.year)
    return counts


def _schemes(con: duckdb.DuckDBPyConnection, settings: Settings) -> tuple[Scheme, ...]:
    codes = settings.schemes or _profile_schemes(con)
    directions = dict(con.execute("select indicator_code, direction from marts.dim_indicator").fetchall())
    seeds = {name: policy.rows(name) for name in SEEDS}
    try:
        found = scheme_reading.select(seeds, codes, settings.year, directions, units_module.known(con))
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


def _score_scheme(con: duckdb.DuckDBPyConnection, year: int, scheme: Scheme) -> tuple[int, int]:
    """Write scores and components of one scheme and scale; return how many units are rated, and how many there are."""
    units = units_module.read(con, year, scheme, weights.attributes(scheme, units_module.known(con)))
    group = units.attributes[scheme.group_by] if scheme.group_by else one_group(len(units.codes), WHOLE_CITY)
    scores, reasons, held = [np.empty(0)], [np.empty(0, dtype=np.int8)], _room(units)
    excluded = units_module.first_that_holds(scheme.not_rated, units, year)
    weighting = weights.derive(scheme, units.values, units.attributes, excluded < 0)
    places.append(con, "scored.weight", weighting.table(year))
    counted = Codes(np.where(excluded < 0, group.index, -1), group.names)
    ends = _ends(con, year, scheme, units, counted)
    points = units_module.points(scheme, units, year)
    beside = Beside(None, (excluded + 1).astype(np.int8), points)
    for start, block in _blocks(weighting, units, group, counted, ends, beside):
        part = units.codes.slice(start, len(block.score))
        places.append(con, "scored.score_component", tables.component_table(scheme, year, part, block))
        scores.append(block.score)
        reasons.append(block.reason)
        for name, matrix in held.items():
            matrix[start : start + len(block.score)] = getattr(block, name)
    total = np.concatenate(scores)
    district = units.attributes["district_code"]
    veto = units_module.first_that_holds(scheme.vetoes, units, year)
    table = tables.score_table(scheme, year, units.codes, total, np.concatenate(reasons), group, district, veto)
    places.append(con, "scored.score", table)
    now = _scored(scheme, units, table, total, group, held)
    judge.judge(con, year, weighting, now, None if ends is None else ends.worst[group.index])
    return len(now.rated), len(total)


def _room(units: Units) -> dict[str, NDArray[Any]]:
    """Room for the components (n, k) of the units' scores, by their name in a block."""
    shape = units.values.shape
    return {name: np.empty(shape, dtype=bool if name == "imputed" else float) for name in COMPONENTS}


def _scored(
    scheme: Scheme, units: Units, table: pa.Table, total: NDArray[np.float64], group: Codes, held: Mapping[str, Any]
) -> Scored:
    """Return the units as they were scored, without reading back what was just written: `table` are their scores."""
    grade = pc.fill_null(table.column("grade").combine_chunks().indices, -1)
    by_group = scheme.grade_rule == "shares_in_group"
    return Scored(
        codes=units.codes,
        score=total,
        grade=grade.to_numpy().astype(np.int64),
        group=group.index if by_group else np.zeros(len(total), dtype=np.int64),
        vetoed=pc.is_valid(table.column("veto_code")).to_numpy(),
        **held,
    )


def _ends(con: duckdb.DuckDBPyConnection, year: int, scheme: Scheme, units: Units, counted: Codes) -> Ends | None:
    """What the data of each group give as ideal values, written beside those of the scheme; None where nothing is."""
    if not scheme.needs_ends:
        return None
    found = ideal_ends(scheme, units.values, counted.index, len(counted.names))
    places.append(con, "scored.ideal_value", tables.data_ideal_table(scheme, year, found, counted))
    return found


def _blocks(
    weighting: Weighting, units: Units, group: Codes, counted: Codes, ends: Ends | None, beside: Beside
) -> Iterator[tuple[int, Block]]:
    """Yield the scored units chunk by chunk, each with the position of its first unit.

    `counted` has the groups of the units that means and ends are taken from.
    """
    scheme = weighting.scheme
    means = _means(scheme, units, group, counted, ends) if scheme.missing_rule == GROUP_MEAN else None
    for start in range(0, len(units.codes), places.CHUNK):
        stop = min(start + places.CHUNK, len(units.codes))
        ideals, worsts = _ideals(scheme, units, group, ends, start, stop)
        # a missing group has index -1 and takes the last row, which holds nothing
        fill = None if means is None else means[group.index[start:stop]]
        part = replace(beside.slice(start, stop), worsts=worsts)
        yield start, weighting.score(start, units.values[start:stop], ideals, fill, part)


def _means(scheme: Scheme, units: Units, group: Codes, counted: Codes, ends: Ends | None) -> NDArray[np.float64]:
    """Mean standardised value of each group and indicator, with a last row of NaN for units without a group."""
    own = standardise_block(scheme, units.values, *_ideals(scheme, units, group, ends, 0, len(units.codes)))
    means = group_means(own, counted.index, len(group.names))
    return np.vstack([means, np.full((1, own.shape[1]), np.nan)])


def _ideals(
    scheme: Scheme, units: Units, group: Codes, ends: Ends | None, start: int, stop: int
) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
    """Ideal values of a part of the units, and the worst ends where the scheme has any."""
    attributes = {name: codes.slice(start, stop) for name, codes in units.attributes.items()}
    ideals = ideal_matrix(scheme, attributes, stop - start)
    return (ideals, None) if ends is None else ends.apply(ideals, group.index[start:stop])


def _replace(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    con.execute(f"create schema if not exists {name.split('.')[0]}")
    con.register("incoming", table)
    con.execute(f"create or replace table {name} as select * from incoming")
    con.unregister("incoming")
