"""One scheme on the units of one scale: units in, the tables of scores and of what follows from them out.

A machine that holds a city and a worker of a cluster take the same way.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scoring import scheme_columns, tables, weighting
from scoring.deriving import rule
from scoring.ideal import Codes, Ends, ideal_matrix, one_group
from scoring.ideal import ends as ideal_ends
from scoring.judging import next_grade, sureness
from scoring.judging import tables as judged
from scoring.judging.scored import COMPONENTS, Scored
from scoring.scheme import WHOLE_CITY, Scheme, Seeds
from scoring.score import Beside, Block, group_means, standardise_block
from scoring.units import Units, first_that_holds, points
from scoring.weighting import Weighting
from scoring.weights import GROUP_MEAN

Named = tuple[str, pa.Table]
Floats = NDArray[np.float64]

SEEDS = tuple(dict.fromkeys((*scheme_columns.SEEDS, *rule.SEEDS, *sureness.SEEDS)))
OUTPUTS = {
    "scored.score": tables.SCORE,
    "scored.score_component": tables.COMPONENT,
    "scored.weight": tables.WEIGHT,
    "scored.ideal_value": tables.IDEAL,
    "scored.next_grade": judged.NEXT_GRADE,
    **sureness.OUTPUTS,
}


@dataclass(frozen=True)
class Evaluated:
    """The units as they were scored, and the weights that they were scored with."""

    weighting: Weighting
    scored: Scored


def evaluate(
    scheme: Scheme, year: int, units: Units, seeds: Seeds, threads: int = 1
) -> Generator[Named, None, Evaluated]:
    """Score the units and judge their scores: yield the tables of OUTPUTS in parts, each with its name.

    `seeds` holds the rows of SEEDS. Raises ConfigurationError for judgements, settings or rules that cannot be used.
    """
    group = units.attributes[scheme.group_by] if scheme.group_by else one_group(len(units.codes), WHOLE_CITY)
    scores, reasons, held = [np.empty(0)], [np.empty(0, dtype=np.int8)], _room(units)
    excluded = first_that_holds(scheme.not_rated, units, year)
    weights = weighting.derive(scheme, seeds, units.values, units.attributes, excluded < 0)
    yield "scored.weight", weights.table(year)
    counted = Codes(np.where(excluded < 0, group.index, -1), group.names)
    ends = None
    if scheme.needs_ends:
        ends = ideal_ends(scheme, units.values, counted.index, len(counted.names))
        yield "scored.ideal_value", tables.data_ideal_table(scheme, year, ends, counted)
    beside = Beside(None, (excluded + 1).astype(np.int8), points(scheme, units, year))
    for start, block in _blocks(weights, units, group, counted, ends, beside):
        part = units.codes.slice(start, len(block.score))
        yield "scored.score_component", tables.component_table(scheme, year, part, block)
        scores.append(block.score)
        reasons.append(block.reason)
        for name, matrix in held.items():
            matrix[start : start + len(block.score)] = getattr(block, name)
    total = np.concatenate(scores)
    district = units.attributes["district_code"]
    veto = first_that_holds(scheme.vetoes, units, year)
    table = tables.score_table(scheme, year, units.codes, total, np.concatenate(reasons), group, district, veto)
    yield "scored.score", table
    now = _scored(scheme, units, table, total, group, held)
    worsts = None if ends is None else ends.worst[group.index]
    yield from sureness.judge(weights, year, now, seeds, worsts, threads)
    yield from _next_grades(weights, year, now)
    return Evaluated(weights, now)


def _room(units: Units) -> dict[str, NDArray[Any]]:
    """Room for the components (n, k) of the units' scores, by their name in a block."""
    shape = units.values.shape
    return {name: np.empty(shape, dtype=bool if name == "imputed" else float) for name in COMPONENTS}


def _scored(
    scheme: Scheme, units: Units, table: pa.Table, total: Floats, group: Codes, held: Mapping[str, Any]
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


def _blocks(
    weights: Weighting, units: Units, group: Codes, counted: Codes, ends: Ends | None, beside: Beside
) -> Iterator[tuple[int, Block]]:
    """Yield the scored units chunk by chunk, each with the position of its first unit.

    `counted` has the groups of the units that means and ends are taken from.
    """
    scheme = weights.scheme
    means = _means(scheme, units, group, counted, ends) if scheme.missing_rule == GROUP_MEAN else None
    for start in range(0, len(units.codes), tables.CHUNK):
        stop = min(start + tables.CHUNK, len(units.codes))
        ideals, worsts = _ideals(scheme, units, group, ends, start, stop)
        # a missing group has index -1 and takes the last row, which holds nothing
        fill = None if means is None else means[group.index[start:stop]]
        part = replace(beside.slice(start, stop), worsts=worsts)
        yield start, weights.score(start, units.values[start:stop], ideals, fill, part)


def _means(scheme: Scheme, units: Units, group: Codes, counted: Codes, ends: Ends | None) -> Floats:
    """Mean standardised value of each group and indicator, with a last row of NaN for units without a group."""
    own = standardise_block(scheme, units.values, *_ideals(scheme, units, group, ends, 0, len(units.codes)))
    means = group_means(own, counted.index, len(group.names))
    return np.vstack([means, np.full((1, own.shape[1]), np.nan)])


def _ideals(
    scheme: Scheme, units: Units, group: Codes, ends: Ends | None, start: int, stop: int
) -> tuple[Floats, Floats | None]:
    """Ideal values of a part of the units, and the worst ends where the scheme has any."""
    attributes = {name: codes.slice(start, stop) for name, codes in units.attributes.items()}
    ideals = ideal_matrix(scheme, attributes, stop - start)
    return (ideals, None) if ends is None else ends.apply(ideals, group.index[start:stop])


def _next_grades(weights: Weighting, year: int, now: Scored) -> Iterator[Named]:
    scheme, nominal = weights.scheme, weights.weights()
    better, target = next_grade.next_score(scheme, now)
    for start in range(0, len(now.codes), tables.CHUNK):
        rows = slice(start, start + tables.CHUNK)
        part = now.part(rows)
        reached = next_grade.next_grade(scheme, part, nominal[rows], better[rows], target[rows])
        yield "scored.next_grade", judged.next_grade_table(scheme, year, part, reached)
