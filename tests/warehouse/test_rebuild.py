"""Which nodes a change makes dbt build again: on a project of nine nodes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from landgauge.settings import StageResult
from warehouse import done, rebuild

KEY = "key"
STAMPED = ("land", "used", "both", "turned", "trail")
RUN, PARTS, ROWS = "macro.landgauge.run_id", "macro.parts", "macro.rows"


def node(kind: str, name: str, *parents: str, **more: Any) -> SimpleNamespace:
    own = {"database": "w", "schema": "marts", "alias": name, "raw_code": "", "columns": {}, "materialized": "table"}
    own |= {"meta": {}, "macros": [], "tags": ["indicators"]} | more
    config = SimpleNamespace(materialized=own.pop("materialized"), meta=own.pop("meta"))
    depends = SimpleNamespace(nodes=list(parents), macros=own.pop("macros"))
    return SimpleNamespace(
        unique_id=f"{kind}.landgauge.{name}", name=name, resource_type=kind, config=config, depends_on=depends, **own
    )


@pytest.fixture
def project() -> SimpleNamespace:
    """Parcels and energy come in; `passing` lives in memory, `seen` is a view with a fingerprint of its rows."""
    source = {f"source.{n}": SimpleNamespace(schema="accepted", identifier=n) for n in ("parcels", "energy")}
    source["source.load"] = SimpleNamespace(schema="ledger", identifier="load")
    made = [
        node("model", "seen", "source.load", schema="staging", materialized="view", meta={"fingerprint": "content"}),
        node("model", "passing", "source.energy", database="scratch"),
        node("model", "land", "source.parcels", macros=[RUN], columns={"run_id": 1}),
        node("model", "used", "model.landgauge.passing", "model.landgauge.seen", macros=[RUN], columns={"run_id": 1}),
        node("model", "both", "model.landgauge.land", "model.landgauge.used", columns={"run_id": 1}),
        node("model", "turned", "model.landgauge.passing", macros=[ROWS], columns={"run_id": 1}),
        node("model", "trail", "model.landgauge.land", macros=[RUN], columns={"run_id": 1, "from_run_id": 1}),
        node("test", "land_test", "model.landgauge.land"),
        node("test", "sums", "model.landgauge.land", "model.landgauge.used", "model.landgauge.passing"),
    ]
    macros = {RUN: [], PARTS: [RUN], ROWS: [PARTS], "macro.other": []}
    macros = {uid: SimpleNamespace(depends_on=SimpleNamespace(macros=called)) for uid, called in macros.items()}
    return SimpleNamespace(nodes={n.unique_id: n for n in made}, sources=source, macros=macros)


@pytest.fixture
def con(project: SimpleNamespace) -> duckdb.DuckDBPyConnection:
    """A working file in which everything was built by run A."""
    con = duckdb.connect()
    for schema in ("ledger", "raw", "accepted", "quarantine", "staging", "marts"):
        con.execute(f"create schema {schema}")
    con.execute("create table ledger.load (load_id int, dataset text, data_year int, file_sha256 text, "
                "rules_sha256 text, state text)")  # fmt: skip
    con.execute("insert into ledger.load values (1, 'parcels', 2024, 'p1', 'r', 'loaded'), "
                "(2, 'energy', 2024, 'e1', 'r', 'loaded')")  # fmt: skip
    con.execute("create table quarantine.finding (load_id int, row_no int, dataset text, origin text, severity text)")
    for name in ("parcels", "energy"):
        con.execute(f"create table raw.corrected_{name} (load_id int, value double)")
        con.execute(f"create view accepted.{name} as select 1 as value")
    con.execute("create view staging.seen as select bool_or(dataset = 'energy') as energy from ledger.load")
    for name in ("land", "used", "both", "turned", "trail"):
        con.execute(f"create table marts.{name} as select 1 as value, 'A' as run_id")
    rebuild.prepare(con)
    built = dict.fromkeys(project.nodes)
    built["test.landgauge.land_test"] = "land_test: 3 odd rows"
    rebuild.remember(con, built, prints(con, project, "A"), "A")
    rebuild.remember_layer(con, "indicators", KEY, built)
    return con


def prints(con: duckdb.DuckDBPyConnection, project: SimpleNamespace, run: str) -> dict[str, str]:
    return rebuild.of_nodes(con, project, rebuild.nodes(project), run, "indicators")


def plan(con: duckdb.DuckDBPyConnection, project: SimpleNamespace, run: str = "A", key: str = KEY):
    known = rebuild.nodes(project)
    return rebuild.plan(con, "indicators", key, known, rebuild.of_nodes(con, project, known, run, "indicators"))


def test_nothing_changed_nothing_is_built_and_the_warning_stays(con, project) -> None:
    found = plan(con, project)
    assert found.build == ()
    assert found.warnings == ("land_test: 3 odd rows",)
    assert {n.name for n in found.stands} == {"seen", "land", "used", "both", "turned", "trail"}


def test_another_key_or_a_lost_memory_builds_everything(con, project) -> None:
    assert plan(con, project, key="another") is None
    rebuild.forget_layer(con, "indicators")
    assert plan(con, project) is None


def test_a_new_file_builds_what_reads_its_dataset_with_what_passes_through_memory(con, project) -> None:
    con.execute("update ledger.load set file_sha256 = 'e2' where dataset = 'energy'")
    found = plan(con, project)
    assert set(found.build) == {"passing", "used", "both", "turned", "sums"}
    assert found.warnings == ("land_test: 3 odd rows",)


def test_a_test_that_must_run_brings_the_memory_that_it_reads(con, project) -> None:
    con.execute("update ledger.load set file_sha256 = 'p2' where dataset = 'parcels'")
    assert set(plan(con, project).build) == {"land", "both", "trail", "land_test", "sums", "passing"}


@pytest.mark.parametrize(
    "change",
    [
        "insert into quarantine.finding values (2, 5, 'energy', 'resolve', 'error')",
        "insert into raw.corrected_energy values (2, 9.5)",
        "update ledger.load set state = 'superseded' where dataset = 'energy'",
        "update ledger.load set rules_sha256 = 'other' where dataset = 'energy'",
        "insert into ledger.load values (3, 'energy', 2023, 'e0', 'r', 'loaded')",
    ],
)
def test_whatever_changes_accepted_rows_counts(con, project, change) -> None:
    con.execute(change)
    assert "used" in plan(con, project).build
    assert "land" not in plan(con, project).build


def test_a_view_by_content_stops_what_does_not_change_its_rows(con, project) -> None:
    con.execute("insert into ledger.load values (4, 'taxes', 2024, 't', 'r', 'loaded')")
    assert plan(con, project).build == ()
    con.execute("delete from ledger.load where dataset = 'energy'")
    con.execute("update ledger.load set dataset = 'energy' where dataset = 'taxes'")
    assert "used" in plan(con, project).build


def test_a_warning_of_a_finding_that_takes_no_row_out_counts_for_nothing(con, project) -> None:
    con.execute("insert into quarantine.finding values (2, 5, 'energy', 'rules', 'error')")
    assert plan(con, project).build == ()


def test_a_table_that_is_gone_is_built_again(con, project) -> None:
    con.execute("drop table marts.used")
    assert set(plan(con, project).build) == {"passing", "used"}


def test_another_run_stamps_what_stands_and_builds_what_tells_of_runs(con, project) -> None:
    found = plan(con, project, run="B")
    assert found.build == ("trail",)
    rebuild.stamp(con, found.stands, "B")
    runs = {t: con.execute(f"select run_id from marts.{t}").fetchone()[0] for t in STAMPED}
    assert runs == {"land": "B", "used": "B", "both": "B", "turned": "B", "trail": "A"}


def test_rows_of_other_runs_keep_their_stamp(con, project) -> None:
    con.execute("insert into marts.both values (2, 'earlier')")
    rebuild.stamp(con, plan(con, project, run="B").stands, "B")
    assert con.execute("select run_id from marts.both order by value").fetchall() == [("B",), ("earlier",)]


def test_of_built_knows_every_table_or_nothing(con, project) -> None:
    assert rebuild.of_built(con, ["land", "used"])
    assert rebuild.of_built(con, ["land", "never"]) is None
    before = rebuild.of_built(con, ["land"])
    con.execute("update run.node set fingerprint = 'x' where unique_id = 'model.landgauge.land'")
    assert rebuild.of_built(con, ["land"]) != before


def test_only_what_a_layer_is_made_from_is_looked_at(con, project) -> None:
    """A score's source and what reads it belong to a later layer, which is made from this one's land."""
    project.sources["source.score"] = SimpleNamespace(schema="accepted", identifier="energy")
    late = node("model", "late", "source.score", "model.landgauge.land", tags=["evaluation"])
    project.nodes |= {
        late.unique_id: late,
        "test.landgauge.late_test": node("test", "late_test", late.unique_id, tags=[]),
    }
    known = rebuild.nodes(project)
    own, later = (rebuild.of_nodes(con, project, known, "A", layer) for layer in ("indicators", "evaluation"))
    assert not {"source.score", late.unique_id, "test.landgauge.late_test"} & set(own)
    assert set(later) == {
        "source.score", "source.parcels", "model.landgauge.land", late.unique_id, "test.landgauge.late_test"
    }  # fmt: skip
    again = rebuild.of_nodes(con, project, known, "A", "evaluation", {"source.score": "as it was", "other": "x"})
    assert again["source.score"] == "as it was" and "other" not in again


def test_tables_of_scores_are_as_what_they_were_made_from(con, project) -> None:
    """Millions of rows need no digest of their own; where nothing is known of them, they have one."""
    con.execute("create schema scored; create table scored.score as select 1.0 as score")
    project.sources["source.score"] = SimpleNamespace(schema="scored", identifier="score")
    project.nodes["model.landgauge.late"] = node("model", "late", "source.score", tags=["evaluation"])

    def of_score() -> str:
        known = rebuild.nodes(project)
        return rebuild.of_nodes(con, project, known, "A", "evaluation")["source.score"]

    of_rows = of_score()
    con.execute("update scored.score set score = 2.0")
    assert of_score() != of_rows
    done.prepare(con)
    done.end_part(con, "score", "made from A", StageResult({}))
    made = of_score()
    con.execute("update run.part set fingerprint = 'made from B'")
    assert of_score() not in (made, of_rows)
