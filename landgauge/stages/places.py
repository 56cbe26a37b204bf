"""Where the scores of a year stand, in the working file or the published snapshot, and how they are read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.judging.scored import COMPONENTS, Named, Scored

_PUBLISHED = ("fct_score", "fct_score_component", "fct_weight")
BATCH = 500_000  # components read at a time
_STORED = 122_880  # rows that DuckDB stores together: by as many it takes them in on all threads


@dataclass(frozen=True)
class Place:
    """Where scores of a year stand: the tables of scores, components, weights and changes.

    `run` is the run that published them; None: this run, whose tables stand in the working file. `groups` says
    whether the table of changes knows each unit's group of weights.
    """

    scores: str
    components: str
    weights: str
    changes: str
    year: int
    run: str | None = None
    groups: bool = True


def working(year: int) -> Place:
    """Return the place of this run's scores."""
    return Place("scored.score", "scored.score_component", "scored.weight", "scored.change", year)


def published(con: duckdb.DuckDBPyConnection, year: int, database: str = "published") -> Place | None:
    """Return the place of a year's scores in a snapshot attached under that name; None where it has none."""
    sql = "select table_name, column_name from duckdb_columns() where database_name = ? and schema_name = 'marts'"
    there = set(con.execute(sql, [database]).fetchall())
    if not set(_PUBLISHED) <= {table for table, _ in there}:
        return None
    run = con.execute(f"select min(run_id) from {database}.marts.fct_score where year = ?", [year]).fetchone()
    if run is None or run[0] is None:
        return None
    names = [f"{database}.marts.{name}" for name in (*_PUBLISHED, "fct_score_change")]
    return Place(*names, year, run[0], ("fct_score_change", "weight_group_code") in there)


def facts(con: duckdb.DuckDBPyConnection, named: Named, units: Place, place: Place) -> pa.Table:
    """Return what stands at `place` of the units that the scheme has at `units`, in the order of their codes.

    Columns: unit_code, score, grade, group_code, vetoed, scheme_version, weight_group_code; NULL where nothing does.
    """
    group, join = "cast(null as varchar)", ""
    if place.groups:
        group = "changes.weight_group_code"
        join = (
            f" left join {place.changes} as changes on units.unit_code = changes.unit_code"
            " and units.scale = changes.scale and units.scheme_code = changes.scheme_code and changes.year = $year"
        )
    return con.execute(
        "select units.unit_code, scores.score, scores.grade, scores.group_code, scores.veto_code is not null as vetoed,"
        f" scores.scheme_version, {group} as weight_group_code"
        f" from {units.scores} as units left join {place.scores} as scores on units.unit_code = scores.unit_code"
        " and units.scale = scores.scale and units.scheme_code = scores.scheme_code and scores.year = $year"
        f"{join} where units.scale = $scale and units.scheme_code = $code and units.year = $of_year"
        " order by units.unit_code",
        {"year": place.year, "scale": named.scale, "code": named.code, "of_year": units.year},
    ).to_arrow_table()


def scored(con: duckdb.DuckDBPyConnection, named: Named, units: Place, place: Place, columns: Sequence[str]) -> Scored:
    """Return the units that the scheme has at `units` with what stands of them at `place`: NaN where nothing does.

    `columns` are the indicators. No unit has a grade or a group: they are facts of the scheme.
    """
    table = facts(con, named, units, replace(place, groups=False))
    held = _items(con, named, units, place, columns, table.num_rows)
    return Scored(
        codes=table.column("unit_code").combine_chunks().cast(pa.string()),
        score=table.column("score").to_numpy(),
        grade=np.full(table.num_rows, -1, dtype=np.int64),
        group=np.zeros(table.num_rows, dtype=np.int64),
        vetoed=table.column("vetoed").to_numpy(),
        **held | {"imputed": held["imputed"] > 0},
    )


def _items(
    con: duckdb.DuckDBPyConnection, named: Named, units: Place, place: Place, columns: Sequence[str], rows: int
) -> dict[str, NDArray[Any]]:
    """Each indicator's part of each unit's score (n, k), in the order of the units; read once, batch by batch."""
    held = {name: np.full((rows, len(columns)), np.nan) for name in COMPONENTS}
    if not columns:
        return held
    found = con.execute(
        f"with units as (select unit_code, row_number() over (order by unit_code) - 1 as place from {units.scores}"
        " where scale = $scale and scheme_code = $code and year = $of_year)"
        " select units.place, list_position($columns, items.indicator_code) - 1 as indicator, value as values,"
        " ideal_value as ideals, standardised, weight as weights, contribution as contributions,"
        f" cast(imputed as double) as imputed from {place.components} as items"
        " inner join units on items.unit_code = units.unit_code where items.year = $year and items.scale = $scale"
        " and items.scheme_code = $code and list_contains($columns, items.indicator_code)",
        {"scale": named.scale, "code": named.code, "of_year": units.year, "year": place.year, "columns": [*columns]},
    )
    for batch in found.to_arrow_reader(BATCH):
        at = batch.column("place").to_numpy(), batch.column("indicator").to_numpy()
        for name, matrix in held.items():
            matrix[at] = batch.column(name).to_numpy(zero_copy_only=False)
    return held


def append(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Add the rows to a table of the working file, column by name."""
    con.register("incoming", pa.Table.from_batches(table.to_batches(max_chunksize=_STORED), table.schema))
    con.execute(f"insert into {name} by name select * from incoming")
    con.unregister("incoming")
