"""The change of scores between years that follow each other, whichever of the two is evaluated first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from landgauge import policy
from landgauge.stages import places
from landgauge.stages.places import Place
from scoring import scheme_columns, scheme_reading
from scoring.ideal import encode
from scoring.judging import change, tables
from scoring.judging.scored import COMPONENTS, Named, Scored
from scoring.scheme import Scheme
from scoring.scheme_cells import SchemeError
from scoring.tables import CHUNK
from scoring.weighting import Weighting

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """One of the two years: where it stands, its units' scores and facts, and each unit's nominal weights (n, k)."""

    place: Place
    scored: Scored
    facts: pa.Table
    nominal: Floats


def of_this_year(con: duckdb.DuckDBPyConnection, year: int, weighting: Weighting, now: Scored) -> None:
    """Write the changes of a scheme since the year before, if the published snapshot has it.

    `now` are the units of the scheme as its scores stand in the working file.
    """
    scheme, place = weighting.scheme, places.working(year)
    named = Named(scheme.scale, scheme.code, scheme.version)
    groups = pa.DictionaryArray.from_arrays(pa.array(weighting.index, pa.int32()), pa.array(weighting.groups))
    found = places.facts(con, named, place, replace(place, groups=False))
    found = found.set_column(found.num_columns - 1, "weight_group_code", groups.cast(pa.string()))
    for table in _tables(con, named, scheme, place, found, now, places.published(con, year - 1)):
        places.append(con, "scored.change", table)


def of_next_year(con: duckdb.DuckDBPyConnection, year: int) -> None:
    """Write the changes of the year after, if it is published: what it was compared with is this run's from now on.

    Call it when this year's own changes stand.
    """
    place = places.published(con, year + 1)
    if place is None:
        return
    directions = dict(con.execute("select indicator_code, direction from marts.dim_indicator").fetchall())
    for table in since(con, place, places.working(year), directions):
        places.append(con, "scored.change", table)


def since(
    con: duckdb.DuckDBPyConnection, place: Place, earlier: Place, directions: Mapping[str, str]
) -> Iterator[pa.Table]:
    """Yield the changes, as rows of scored.change, of the units and schemes at `place` since `earlier`.

    Each scheme is taken in the version that it was scored with at `place`, as the seeds have it; `directions` is the
    indicator catalogue's positive or negative by code.
    """
    sql = f"select distinct scale, scheme_code, scheme_version from {place.scores} where year = ? order by all"
    for row in con.execute(sql, [place.year]).fetchall():
        named = Named(*row)
        scheme = _rules(named, directions)
        units = places.facts(con, named, place, place)
        codes = [i.code for i in scheme.indicators] if scheme else []
        now = places.scored(con, named, place, place, codes)
        yield from _tables(con, named, scheme, place, units, now, earlier)


def _rules(named: Named, directions: Mapping[str, str]) -> Scheme | None:
    """The scheme in this version; None where the seeds no longer have it."""
    try:
        placed = scheme_columns.placed({name: policy.rows(name) for name in scheme_columns.SEEDS})
        version = [
            r for r in placed["scheme"] if (r["scheme_code"], r["scheme_version"]) == (named.code, named.version)
        ]
        return scheme_reading.build(placed, version[0], named.scale, directions) if version else None
    except SchemeError:
        return None


def _tables(
    con: duckdb.DuckDBPyConnection,
    named: Named,
    scheme: Scheme | None,
    place: Place,
    facts: pa.Table,
    now: Scored,
    earlier: Place | None,
) -> Iterator[pa.Table]:
    """The changes of a scheme's units since `earlier`; without rules or an earlier year none, with the reason."""
    codes = tuple(i.code for i in scheme.indicators) if scheme else ()
    old = _weighted(con, named, earlier) if earlier else ()
    columns = (*codes, *(code for code in old if code not in codes))
    before = _before(con, named, place, earlier, columns) if earlier and old else None
    side = _now(con, named, place, facts, now, columns) if before and scheme else None
    run = place.run or (before.place.run if before else None)
    for start in range(0, len(now.codes), CHUNK):
        rows = slice(start, start + CHUNK)
        found = _changes(scheme, now.part(rows), side, before, rows)
        past = None if before is None else before.facts.slice(start, CHUNK)
        yield tables.change_table(named, place.year, facts.slice(start, CHUNK), found, past, run)


def _changes(scheme: Scheme | None, now: Scored, side: Side | None, before: Side | None, rows: slice) -> change.Change:
    if before is None:
        return change.no_changes(now)
    if scheme is None or side is None:
        return change.not_comparable(now, before.scored.part(rows))
    wide, past = side.scored.part(rows), before.scored.part(rows)
    return change.changes(scheme, wide, past, side.nominal[rows], before.nominal[rows])


def _before(con: duckdb.DuckDBPyConnection, named: Named, units: Place, place: Place, columns: Sequence[str]) -> Side:
    """The units of the later year as they stand in the earlier one."""
    found = places.facts(con, named, units, place)
    scored = places.scored(con, named, units, place, columns)
    return Side(place, scored, found, _nominal(con, named, place, found, columns))


def _now(
    con: duckdb.DuckDBPyConnection, named: Named, place: Place, facts: pa.Table, now: Scored, columns: Sequence[str]
) -> Side:
    """The units of the later year, with empty columns for the indicators that only the earlier one has."""
    new = len(columns) - now.values.shape[1]
    wide = replace(now, **{name: _wider(getattr(now, name), new) for name in COMPONENTS})
    return Side(place, wide, facts, _nominal(con, named, place, facts, columns))


def _weighted(con: duckdb.DuckDBPyConnection, named: Named, place: Place) -> tuple[str, ...]:
    """The indicators that had a weight under the scheme; none where it did not score the year."""
    sql = (
        f"select distinct indicator_code from {place.weights} where scheme_code = ? and year = ?"
        " and split_part(group_code, ':', 1) = ? and weight > 0 order by all"  # points beside indicators have none
    )
    return tuple(row[0] for row in con.execute(sql, [named.code, place.year, named.scale]).fetchall())


def _nominal(
    con: duckdb.DuckDBPyConnection, named: Named, place: Place, facts: pa.Table, columns: Sequence[str]
) -> Floats:
    """The weights (n, k) of each unit's group in the year of the place; the scale's where no group is known."""
    sql = f"select group_code, indicator_code, weight from {place.weights} where scheme_code = ? and year = ?"
    found = {(group, code): w for group, code, w in con.execute(sql, [named.code, place.year]).fetchall()}
    known = {group for group, _ in found}
    groups = encode(facts.column("weight_group_code"))
    names = [*(name if name in known else named.scale for name in groups.names), named.scale]
    return np.array([[found.get((name, code), 0.0) for code in columns] for name in names])[groups.index]


def _wider(matrix: NDArray[np.float64] | NDArray[np.bool_], columns: int) -> NDArray[np.float64] | NDArray[np.bool_]:
    empty = np.zeros((len(matrix), columns), bool) if matrix.dtype == bool else np.full((len(matrix), columns), np.nan)
    return np.hstack([matrix, empty])
