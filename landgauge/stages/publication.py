"""How the year's published result differs from the working one: what the publication marts start from.

The snapshot holds one result a year. What an earlier run said of a unit is kept as a difference to it, and carried
forward from run to run by the model fct_publication_change (docs/objections.md, O8 to O10).
"""

from __future__ import annotations

import duckdb

from landgauge import log
from landgauge.settings import Settings, StageResult
from landgauge.sql import literal
from warehouse import db
from warehouse.published import open_snapshot
from warehouse.transform import run_layer

OF_THE_YEAR = ("fct_correction", "fct_correction_unit", "fct_publication", "fct_publication_change")
_log = log.get("publication")
_UNIT = "scale, unit_code, scheme_code, scheme_version"
_TABLES = {
    "former_run": "run_id varchar, inputs_differ boolean, policy_differs boolean, code_differs boolean",
    "earlier_run": "from_run_id varchar",
    "former_correction": "correction_no varchar, dataset varchar, corrected_year integer, key_json varchar, "
    "column_name varchar, new_value varchar",
    "publication_step": "scale varchar, unit_code varchar, scheme_code varchar, scheme_version varchar, "
    "score_before double, score_after double, grade_before varchar, grade_after varchar, stood_before boolean, "
    "stands_after boolean, own_changed boolean",
    "publication_change": "scale varchar, unit_code varchar, scheme_code varchar, scheme_version varchar, "
    "from_run_id varchar, score_before double, score_after double, grade_before varchar, grade_after varchar, "
    "stood_before boolean, stands_after boolean, cause varchar, objection_nos varchar, correction_nos varchar",
}
_EARLIER = {
    "earlier_run": "select from_run_id from published.marts.fct_publication where year = $year",
    "publication_change": f"""
        select {_UNIT}, from_run_id, score_before, score_after, grade_before, grade_after, stood_before, stands_after,
            cause, objection_nos, correction_nos
        from published.marts.fct_publication_change where year = $year""",
    "former_correction": """
        select correction_no, dataset, corrected_year, key_json, column_name, new_value
        from published.marts.fct_correction where year = $year and state = 'applied'""",
}
# the run that stands in the snapshot, where it is another than the working one
_FORMER_RUN = """
    insert into carried.former_run
    select former.run_id, former.inputs_sha256 is distinct from working.inputs_sha256,
        former.policy_sha256 is distinct from working.policy_sha256,
        former.code_sha256 is distinct from working.code_sha256
    from (
        from published.marts.fct_run where year = $year
        order by published_at desc, finished_at desc, state, run_id limit 1
    ) as former
    join run.manifest as working on working.year = $year
    where former.run_id <> working.run_id"""
# A unit's own figures: the values that were not filled in from others', vetoes, and whether there is a result at all.
_STEP = f"""
    insert into carried.publication_step
    with before as (select * from published.marts.fct_score where year = $year and exists (from carried.former_run)),
    after as (select * from marts.fct_score where year = $year and exists (from carried.former_run)),
    steps as (
        select {_UNIT}, b.score as score_before, a.score as score_after, b.grade as grade_before,
            a.grade as grade_after, b.rated is not null as stood_before, a.rated is not null as stands_after,
            b.veto_code is distinct from a.veto_code as veto_differs
        from before as b full join after as a using ({_UNIT})
        where b.score is distinct from a.score or b.grade is distinct from a.grade or b.rated is null or a.rated is null
    ),
    valued_before as (
        select c.* from published.marts.fct_score_component as c semi join steps using ({_UNIT})
        where c.year = $year and not c.imputed
    ),
    valued_after as (
        select c.* from marts.fct_score_component as c semi join steps using ({_UNIT})
        where c.year = $year and not c.imputed
    ),
    revalued as (
        select distinct {_UNIT}
        from valued_before as b full join valued_after as a using ({_UNIT}, indicator_code)
        where b.value is distinct from a.value
    )
    select {_UNIT}, score_before, score_after, grade_before, grade_after, stood_before, stands_after,
        veto_differs or not stood_before or not stands_after or revalued.unit_code is not null
    from steps left join revalued using ({_UNIT})
    order by all"""


def publication(settings: Settings) -> StageResult:
    """Build the publication marts of the scored year; objections also as the newest published year knows them.

    Raises StageFailed when the year has not been scored.
    """
    with db.connect(settings) as con:
        prepare(con)
        newest = _carry(con, settings) if settings.snapshot.exists() else settings.year
    built = run_layer(settings, "publication")
    if newest > settings.year:
        run_layer(settings, "publication", but=OF_THE_YEAR, values={"year": newest})
    return built


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of schema `carried` that the publication marts read anew, empty."""
    con.execute("create schema if not exists carried")
    for name, columns in _TABLES.items():
        con.execute(f"create or replace table carried.{name} ({columns})")


def _carry(con: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Fill them from the snapshot, and return its newest year; one of an earlier version tells no earlier runs."""
    year = {"year": settings.year}
    con.execute(f"attach {literal(str(settings.snapshot))} as published (read_only)")
    try:
        for name, query in _EARLIER.items():
            _told(con, f"insert into carried.{name} {query}", year)
        _told(con, _FORMER_RUN, year)
        if not _told(con, _STEP, year):
            con.execute("delete from carried.former_run")
        return con.execute("select max(year) from published.marts.fct_run").fetchone()[0] or settings.year
    finally:
        con.execute("detach published")


def _told(con: duckdb.DuckDBPyConnection, sql: str, year: dict[str, int]) -> bool:
    """Run a statement that reads the snapshot; one of an earlier version may lack the table or a column."""
    try:
        con.execute(sql, year)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        _log.debug("the snapshot, which an earlier version wrote, does not tell what was published: %s", error)
        return False
    return True


def undecided(settings: Settings) -> tuple[str, ...]:
    """Return a complaint where the published year is final while objections that came in time are open (O6)."""
    if not settings.approved_by:
        return ()
    sql = "select count(*) from marts.fct_objection where year = ? and state in ('open', 'upheld')"
    with open_snapshot(settings.snapshot) as con:
        try:
            count = con.execute(sql, [settings.year]).fetchone()[0]
        except duckdb.CatalogException:  # a snapshot of an earlier version, which is only approved
            count = 0
    if not count:
        return ()
    return (
        f"{settings.year} is final, and {count} objection(s) in time are not settled: fct_objection, open or upheld",
    )
