"""What differs between two published runs: inputs, rules, rows of marts, and scores with what moved them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from landgauge.errors import ConfigurationError
from landgauge.settings import Settings
from landgauge.sql import literal
from landgauge.stages import change, places
from scoring.judging import tables
from warehouse import kept
from warehouse.publish import registry

Row = dict[str, Any]

_FACTS = ("as_of_date", "schemes", "inputs_sha256", "policy_sha256", "code_sha256", "git_sha")
_RUN_COLUMNS = ("run_id", "previous_run_id")  # differ without the row being another
_NAMES = ("former_snapshot", "latter_snapshot")
_SCORES = """
with former as (
    select * from {first}.marts.fct_score where year = {first_year}
),

latter as (
    select * from {second}.marts.fct_score where year = {second_year}
),

paired as (
    select
        coalesce(latter.scale, former.scale) as scale,
        coalesce(latter.scheme_code, former.scheme_code) as scheme_code,
        coalesce(latter.unit_code, former.unit_code) as unit_code,
        former.scheme_version as version_before, latter.scheme_version as version_after,
        former.score as score_before, latter.score as score_after,
        former.grade as grade_before, latter.grade as grade_after,
        former.rank_in_city as rank_before, latter.rank_in_city as rank_after,
        latter.unit_code is null as is_gone,
    from former full join latter using (scale, scheme_code, unit_code)
)

select
    paired.* exclude (is_gone),
    score_after - score_before as score_change,
    changes.data_effect, changes.ideal_effect, changes.weight_effect,
    case
        when score_after = score_before or changes.data_effect is null then null
        when way * changes.data_effect >= greatest(way * changes.ideal_effect, way * changes.weight_effect) then 'data'
        when way * changes.ideal_effect >= way * changes.weight_effect then 'ideal_value'
        else 'weight'
    end as cause,
    if(is_gone, 'unit_gone', changes.no_effect_reason) as no_effect_reason,
from (select *, sign(score_after - score_before) as way from paired) as paired
left join change as changes using (scale, scheme_code, unit_code)
where
    {all_units}
    or score_before is distinct from score_after
    or grade_before is distinct from grade_after
    or rank_before is distinct from rank_after
order by scale, scheme_code, unit_code
"""


@dataclass(frozen=True)
class Run:
    """A published run: its row of fct_run, and the snapshot that holds its rows."""

    facts: Mapping[str, Any]
    snapshot: Path

    @property
    def run_id(self) -> str:
        """The run's id."""
        return str(self.facts["run_id"])

    @property
    def year(self) -> int:
        """The year that it evaluated."""
        return int(self.facts["year"])


@dataclass(frozen=True)
class Diff:
    """Two runs and what differs: facts of the runs, files, rows of each mart, and scores; each a list of rows.

    Of two years `files` and `marts` are empty, and `scores` has every unit instead of those that changed.
    """

    first: Run
    second: Run
    facts: list[Row]
    files: list[Row]
    marts: list[Row]
    scores: list[Row]


def diff(settings: Settings, first: str, second: str) -> Diff:
    """Compare two runs, each named by the beginning of its id, or by a year whose newest run is meant.

    Raises ConfigurationError for a run that is unknown, not the only one of its name, or no longer kept.
    """
    if not settings.snapshot.is_file():
        raise ConfigurationError(f"nothing is published in {settings.warehouse}", "Run `landgauge evaluate` first.")
    runs = _runs(settings.snapshot)
    found = [Run(facts, _snapshot(settings, facts)) for facts in (_named(runs, first), _named(runs, second))]
    with _attached(*found) as con:
        same_year = found[0].year == found[1].year
        return Diff(
            *found,
            facts=_facts(con, *found),
            files=_files(con, *found) if same_year else [],
            marts=list(_marts(con, *found)) if same_year else [],
            scores=_scores(con, *found),
        )


def _runs(snapshot: Path) -> list[Row]:
    """Every published run, newest first, each in its last state."""
    sql = (
        "select * from marts.fct_run qualify row_number() over (partition by run_id order by published_at desc) = 1"
        " order by published_at desc, run_id"
    )
    with duckdb.connect(str(snapshot), read_only=True) as con:
        return _rows(con, sql)


def _named(runs: list[Row], name: str) -> Row:
    if len(name) == 4 and name.isascii() and name.isdigit():
        of_year = [r for r in runs if r["year"] == int(name)]
        if of_year:
            return of_year[0]
    found = [r for r in runs if name and r["run_id"].startswith(name)]
    if not found:
        known = ", ".join(f"{r['run_id']} ({r['year']})" for r in runs[:5])
        raise ConfigurationError(f"no published run {name!r}", f"Name a year or the beginning of an id: {known}.")
    if len(found) > 1:
        known = ", ".join(r["run_id"] for r in found[:5])
        raise ConfigurationError(f"{len(found)} runs begin with {name!r}", f"Give more of the id: {known}.")
    return found[0]


def _snapshot(settings: Settings, facts: Row) -> Path:
    """The snapshot whose rows of the run's year are the run's."""
    own = settings.published / f"{facts['run_id']}.duckdb"
    others = sorted(p for p in settings.published.glob("*.duckdb") if p not in (own, settings.snapshot))
    for path in (settings.snapshot, own, *others):
        if path.is_file() and _run_in(path, facts["year"]) == facts["run_id"]:
            return path
    moment = facts["published_at"].isoformat(timespec="seconds")
    raise ConfigurationError(
        f"the snapshot of run {facts['run_id']} is no longer kept "
        f"(of each year the newest {kept.snapshots_of_a_year()} are)",
        f"Rebuild the year as it was known then: landgauge restate --year {facts['year']} --as-of {moment}.",
    )


def _run_in(path: Path, year: int) -> str | None:
    """The run whose rows of the year a snapshot holds; None where it has none."""
    with duckdb.connect(str(path), read_only=True) as con:
        there = {row[0] for row in con.execute("select table_name from duckdb_tables() where schema_name = 'marts'"
                                               ).fetchall()}  # fmt: skip
        for table in ("dim_unit", "fct_score", "dim_parcel"):
            if table in there:
                row = con.execute(f"select run_id from marts.{table} where year = ? limit 1", [year]).fetchone()
                if row:
                    return str(row[0])
    return None


@contextmanager
def _attached(first: Run, second: Run) -> Iterator[duckdb.DuckDBPyConnection]:
    """Both snapshots read-only, as the databases that `_database` names; an engine opens a file once."""
    with duckdb.connect() as con:
        for path in dict.fromkeys((first.snapshot, second.snapshot)):
            con.execute(f"attach {literal(str(path))} as {_NAMES[path != first.snapshot]} (read_only)")
        yield con


def _database(run: Run, first: Run) -> str:
    return _NAMES[run.snapshot != first.snapshot]


def _facts(con: duckdb.DuckDBPyConnection, first: Run, second: Run) -> list[Row]:
    """What differs of two runs apart from their data; for the schemes also which versions scored which scale."""
    pairs = {name: (first.facts[name], second.facts[name]) for name in _FACTS}
    pairs["scored_by"] = (_scored_by(con, first, first), _scored_by(con, second, first))
    return [{"item": name, "before": a, "after": b} for name, (a, b) in pairs.items() if a != b]


def _scored_by(con: duckdb.DuckDBPyConnection, run: Run, first: Run) -> list[str]:
    sql = (
        "select distinct concat_ws(' ', scheme_code, scheme_version, scale) as name"
        f" from {_database(run, first)}.marts.fct_score where year = ? order by all"
    )
    return [row[0] for row in con.execute(sql, [run.year]).fetchall()]


def _files(con: duckdb.DuckDBPyConnection, first: Run, second: Run) -> list[Row]:
    """Files in force, up to the year, that one run has and the other has not, or has with other content."""
    columns = "dataset, year, file_name, file_sha256"
    former, latter = (
        f"(select {columns} from {_database(run, first)}.marts.fct_load where state = 'loaded' and year <= $year)"
        for run in (first, second)
    )
    sql = (
        "select dataset, year, file_name, former.file_sha256 as before, latter.file_sha256 as after"
        f" from ({former} except {latter}) as former full join ({latter} except {former}) as latter"
        " using (dataset, year, file_name) order by all"
    )
    return _rows(con, sql, {"year": first.year})


def _marts(con: duckdb.DuckDBPyConnection, first: Run, second: Run) -> Iterator[Row]:
    """For each mart how many rows came, went and changed; run ids apart."""
    columns = [_columns(con, _database(run, first)) for run in (first, second)]
    for table in sorted({*columns[0], *columns[1]} - {"fct_run"}):
        sides = [
            _side(table, run, first, known.get(table)) for run, known in zip((first, second), columns, strict=True)
        ]
        here, there = (known.get(table, ()) for known in columns)
        shared = [c for c in here or there if c in (there or here) and c not in _RUN_COLUMNS]
        counts = con.execute(_count_sql(table, sides, shared)).fetchone()
        yield dict(zip(("mart", "before", "after", "came", "went", "changed"), (table, *counts), strict=True))


def _columns(con: duckdb.DuckDBPyConnection, database: str) -> dict[str, tuple[str, ...]]:
    sql = (
        "select table_name, list(column_name order by column_index) from duckdb_columns()"
        " join duckdb_tables() using (database_name, schema_name, table_name)"
        " where database_name = ? and schema_name = 'marts' group by 1"
    )
    return {name: tuple(columns) for name, columns in con.execute(sql, [database]).fetchall()}


def _side(table: str, run: Run, first: Run, columns: tuple[str, ...]) -> str:
    """The rows of a mart that belong to a run, as SQL; of a table without a year all that its snapshot has."""
    if not columns:
        return ""
    mart = registry().get(table)
    year_column = mart.year_column if mart else "year" if "year" in columns else None
    where = ""
    if year_column:
        part: date | int = run.facts["as_of_date"] if year_column == "as_of_date" else run.year
        where = f" where {year_column} = {literal(str(part))}"
    return f"select * from {_database(run, first)}.marts.{table}{where}"


def _count_sql(table: str, sides: list[str], shared: list[str]) -> str:
    """SQL for rows before, after, came, went, changed; a mart without a key has rows that came and went only."""
    former, latter = (side or f"select * from ({sides[1 - i]}) where false" for i, side in enumerate(sides))
    mart = registry().get(table)
    key = [c for c in mart.key if c in shared] if mart else shared
    content = [c for c in shared if c not in key]
    same_key = " and ".join(f"f.{c} is not distinct from l.{c}" for c in key)
    differs = " or ".join(f"f.{c} is distinct from l.{c}" for c in content) or "false"
    return (
        f"with former as ({former}), latter as ({latter}) select (select count(*) from former),"
        f" (select count(*) from latter),"
        f" (select count(*) from latter as l anti join former as f on {same_key}),"
        f" (select count(*) from former as f anti join latter as l on {same_key}),"
        f" (select count(*) from former as f semi join latter as l on {same_key} and ({differs}))"
    )


def _scores(con: duckdb.DuckDBPyConnection, first: Run, second: Run) -> list[Row]:
    """Scores, grades and ranks of both runs side by side, with the effects that add up to the change."""
    names = [_database(run, first) for run in (first, second)]
    con.register("incoming", tables.CHANGE.empty_table())
    con.execute("create table change as from incoming")
    former, latter = (places.published(con, run.year, name) for run, name in zip((first, second), names, strict=True))
    if former and latter and first != second:
        directions = dict(
            con.execute(f"select indicator_code, direction from {names[1]}.marts.dim_indicator").fetchall()
        )
        for table in change.since(con, latter, former, directions):
            places.append(con, "change", table)
    sql = _SCORES.format(
        first=names[0],
        second=names[1],
        first_year=first.year,
        second_year=second.year,
        all_units=str(first.year != second.year).lower(),
    )
    return _rows(con, sql)


def _rows(con: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any] | None = None) -> list[Row]:
    cursor = con.execute(sql, values) if values else con.execute(sql)
    names = [c[0] for c in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
