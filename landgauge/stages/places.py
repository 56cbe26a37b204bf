"""Where the scores of a year stand, in the working file or the published snapshot, and how they are read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring.ideal import encode
from scoring.judging.scored import Named, Scored
from scoring.scheme import Scheme

_PUBLISHED = ("fct_score", "fct_score_component", "fct_weight")
_ITEMS = ("value", "ideal_value", "standardised", "weight", "contribution", "imputed")


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


def scored(
    con: duckdb.DuckDBPyConnection,
    named: Named,
    units: Place,
    place: Place,
    columns: Sequence[str],
    scheme: Scheme | None = None,
) -> Scored:
    """Return the units that the scheme has at `units` with what stands of them at `place`: NaN where nothing does.

    `columns` are the indicators; without a scheme no unit has a grade or a group.
    """
    table = facts(con, named, units, replace(place, groups=False))
    items = [_items(con, named, units, place, code) for code in columns]
    empty = np.empty((table.num_rows, 0))
    matrix = {name: np.column_stack([empty, *(i[name] for i in items)]) for name in _ITEMS}
    names = {g.code: number for number, g in enumerate(scheme.grades)} if scheme else {}
    by_group = scheme is not None and scheme.grade_rule == "shares_in_group"
    return Scored(
        codes=table.column("unit_code").combine_chunks().cast(pa.string()),
        score=table.column("score").to_numpy(),
        grade=np.array([names.get(g, -1) for g in table.column("grade").to_pylist()], dtype=np.int64),
        group=encode(table.column("group_code")).index if by_group else np.zeros(table.num_rows, dtype=np.int64),
        vetoed=table.column("vetoed").to_numpy(),
        values=matrix["value"],
        ideals=matrix["ideal_value"],
        standardised=matrix["standardised"],
        weights=matrix["weight"],
        contributions=matrix["contribution"],
        imputed=matrix["imputed"] > 0,
    )


def _items(
    con: duckdb.DuckDBPyConnection, named: Named, units: Place, place: Place, indicator: str
) -> dict[str, NDArray[np.float64]]:
    """One indicator's part of each unit's score, in the order of the units."""
    columns = ", ".join(f"cast(items.{name} as double) as {name}" for name in _ITEMS)
    table = con.execute(
        f"select {columns} from {units.scores} as units left join {place.components} as items"
        " on units.unit_code = items.unit_code and units.scale = items.scale"
        " and units.scheme_code = items.scheme_code and items.year = ? and items.indicator_code = ?"
        " where units.scale = ? and units.scheme_code = ? and units.year = ? order by units.unit_code",
        [place.year, indicator, named.scale, named.code, units.year],
    ).to_arrow_table()
    return {name: table.column(name).to_numpy() for name in _ITEMS}


def append(con: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> None:
    """Add the rows to a table of the working file, column by name."""
    con.register("incoming", table)
    con.execute(f"insert into {name} by name select * from incoming")
    con.unregister("incoming")
