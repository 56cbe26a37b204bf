"""What is kept of a stage: the journal, the OpenLineage events, and that neither can harm the stage."""

from __future__ import annotations

import http.server
import importlib
import json
import logging
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from landgauge import journal, lineage
from landgauge.errors import StageFailed
from landgauge.lineage_datasets import datasets
from landgauge.observe import observed, unchanged
from landgauge.settings import Settings, StageResult
from tests.warehouse.tiny_city import settings_for
from warehouse import built

RESULT = StageResult(rows={"tables": 3}, complaints=("taxes: too many",))
AIRFLOW = {"DAG_ID": "annual", "TASK_ID": "build", "DAG_RUN_ID": "manual__1", "TRY_NUMBER": "2"}


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(lineage, "_sending", [])
    monkeypatch.setattr(lineage, "_state", {"off": False})
    lineage._client.cache_clear()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = settings_for(tmp_path)
    with duckdb.connect(str(found.database)) as con:
        for schema in ("ledger", "raw", "run", "marts", "scored", "quarantine"):
            con.execute(f"create schema {schema}")
        con.execute(
            "create table ledger.load as select * from (values "
            "('taxes', 2024, 10, 9, 1, 'loaded'), ('taxes', 2024, 4, 4, 0, 'loaded'), ('taxes', 2024, 8, 8, 0, "
            "'superseded'), ('taxes', 2023, 7, 7, 0, 'loaded')) t(dataset, data_year, rows_in, accepted, quarantined, "
            "state)"
        )
        con.execute("create table raw.taxes(uscc varchar, tax_paid_cny10k double)")
        con.execute("create table quarantine.finding(load_id bigint)")
        con.execute(
            "create table run.gate as select 2024 as year, * from (values ('rows_taxes', 'range:tax_paid_cny10k', "
            "'warn', false, '1 of 13'), ('gate', 'stop_share:taxes', 'stop', true, '0.07'), ('gate', "
            "'stop_share:absent', 'stop', true, '0')) t(suite, expectation, level, success, observed)"
        )
        con.execute("create table marts.fct_score as select range as unit_code from range(5)")
        con.execute("create table scored.score as select range as unit_code from range(6)")
    return found


def events(settings: Settings) -> list[dict]:
    path = settings.logs / lineage.FILE
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def run(settings: Settings, stage: str = "ingest", result: StageResult = RESULT) -> None:
    with observed(settings, stage) as done:
        done(result, 1.5, 200.0)


def test_a_stage_is_kept_from_its_begin_to_its_end(settings: Settings) -> None:
    run(settings)
    (attempt,) = journal.attempts(settings.logs)
    told = [attempt[name] for name in ("year", "stage", "state", "seconds", "peak_mb", "rows", "complaints")]
    assert told == [2024, "ingest", "done", 1.5, 200.0, {"tables": 3}, ["taxes: too many"]]
    begun, ended = events(settings)
    assert [begun["eventType"], ended["eventType"]] == ["START", "COMPLETE"]
    assert begun["run"]["runId"] == ended["run"]["runId"] == attempt["id"]
    assert ended["job"]["namespace"] == "landgauge"
    assert ended["job"]["name"] == "ingest"
    assert ended["run"]["facets"]["nominalTime"]["nominalStartTime"] == "2024-01-01T00:00:00Z"
    assert ended["run"]["facets"]["landgauge_stage"]["complaints"] == 1
    assert "parent" not in ended["run"]["facets"]


def test_a_failure_is_kept_and_raised(settings: Settings) -> None:
    with pytest.raises(StageFailed), observed(settings, "build"):
        raise StageFailed("the disk is full", "Make room.")
    (attempt,) = journal.attempts(settings.logs)
    assert (attempt["state"], attempt["error"]) == ("failed", "StageFailed: the disk is full")
    failed = events(settings)[-1]
    assert failed["eventType"] == "FAIL"
    assert failed["run"]["facets"]["errorMessage"]["message"] == "StageFailed: the disk is full"


def test_the_end_is_told_where_the_warehouse_cannot_be_read(settings: Settings) -> None:
    settings.database.write_bytes(b"no database")
    run(settings)
    assert [(e["eventType"], e["outputs"]) for e in events(settings)] == [("START", []), ("COMPLETE", [])]


def test_an_attempt_that_was_killed_has_no_end_and_a_torn_line_is_passed_over(settings: Settings) -> None:
    run(settings)
    begun = {"id": "x", "year": 2024, "stage": "build", "started_at": "2999-01-01T00:00:00Z", "state": "begun"}
    journal.append(settings.logs, begun)
    with (settings.logs / journal.FILE).open("a", encoding="utf-8") as handle:
        handle.write('{"id": "y", "year": 20')
    assert [a["state"] for a in journal.attempts(settings.logs)] == ["done", "begun"]


def test_the_journal_does_not_grow_for_ever(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "_LIMIT", 1500)
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    for _ in range(20):
        run(settings)
    assert 2 <= len(journal.attempts(settings.logs)) < 20
    assert sum(path.stat().st_size for path in settings.logs.glob("stages.jsonl*")) < 4000


def test_logs_that_cannot_be_written_are_one_matter_and_the_stage_another(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.logs.write_text("a file where the folder should be", encoding="utf-8")
    with caplog.at_level(logging.WARNING, "landgauge"):
        run(settings)
    assert "what ingest did is not recorded" in caplog.text


def test_datasets_carry_columns_counts_and_what_the_gate_found(settings: Settings) -> None:
    ingest = datasets(settings, "ingest", ())
    (files,) = ingest.inputs
    assert files["name"].endswith("/taxes/2024")
    assert files["inputFacets"]["inputStatistics"]["fileCount"] == 2
    taxes, refused = ingest.outputs
    assert taxes["name"] == "accepted.taxes"
    assert [f["name"] for f in taxes["facets"]["schema"]["fields"]] == ["uscc", "tax_paid_cny10k"]
    assert taxes["outputFacets"]["outputStatistics"]["rowCount"] == 13
    assert refused["outputFacets"]["outputStatistics"]["rowCount"] == 1
    (held,) = datasets(settings, "check", ()).inputs
    found = {a["assertion"]: a for a in held["inputFacets"]["dataQualityAssertions"]["assertions"]}
    assert found.keys() == {"range", "stop_share"}
    assert (found["range"]["success"], found["range"]["column"]) == (False, "tax_paid_cny10k")
    assert (found["stop_share"]["success"], found["stop_share"]["severity"]) == (True, "error")


def test_the_credentials_of_a_landing_url_stay_out(settings: Settings) -> None:
    url = "sftp://user:secret@host.example/in"
    elsewhere = Settings(settings.warehouse, 2024, settings.as_of, landing_url=url)
    (files,) = datasets(elsewhere, "ingest", ()).inputs
    assert (files["namespace"], files["name"]) == ("sftp://host.example", "in/taxes/2024")


def test_what_dbt_built_becomes_outputs_and_what_it_read_inputs(settings: Settings) -> None:
    source = SimpleNamespace(database="warehouse", schema="scored", identifier="score")
    before = SimpleNamespace(database="warehouse", schema="marts", alias="dim_parcel")
    passing = SimpleNamespace(database="scratch", schema="intermediate", alias="int_x")
    manifest = SimpleNamespace(sources={"s": source}, nodes={"d": before, "i": passing})

    def node(kind: str, name: str, **more: object) -> SimpleNamespace:
        about = {"name": name, "resource_type": kind, "database": "warehouse", "schema": "marts", "alias": name}
        return SimpleNamespace(**about | more)

    reads = SimpleNamespace(nodes=["s", "d", "i"])

    def ran(of: SimpleNamespace, status: str, message: str) -> SimpleNamespace:
        return SimpleNamespace(node=of, status=status, execution_time=1.0, message=message)

    results = [
        ran(node("model", "fct_score", depends_on=reads), "success", "OK"),
        ran(node("seed", "scheme", depends_on=object()), "success", ""),
        ran(node("test", "limits"), "warn", "got 3"),
    ]
    built.note(results, manifest)  # nobody collects
    with built.collecting() as nodes:
        built.note(results, manifest)
        built.note([SimpleNamespace(node=object(), status="?")], manifest)  # of a dbt that calls things otherwise
    assert [(n.name, n.message, n.table) for n in nodes] == [
        ("fct_score", "", "marts.fct_score"),
        ("scheme", "", "marts.scheme"),
        ("limits", "got 3", ""),
    ]
    found = datasets(settings, "score", nodes)
    assert {d["name"] for d in found.inputs} == {"marts.dim_parcel", "marts.fct_indicator_value"}
    rows = {d["name"]: d.get("outputFacets", {}).get("outputStatistics", {}).get("rowCount") for d in found.outputs}
    assert rows == {"marts.fct_score": 5, "marts.scheme": None, "scored.score": 6}


def test_events_are_what_openlineage_defines(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in AIRFLOW.items():
        monkeypatch.setenv(f"AIRFLOW_CTX_{name}", value)
    run(settings)
    run(settings, "check")
    with pytest.raises(ValueError, match="odd"), observed(settings, "build"):
        raise ValueError("odd")
    said = events(settings)
    assert len(said) == 6
    for event in said:
        assert lineage.as_run_event(event).run.runId == event["run"]["runId"]
        facets = list(_facets(event))
        assert {"nominalTime", "parent", "jobType", "landgauge_stage"} <= {name for name, _ in facets}
        for name, facet in facets:
            _is_of_the_specification(name, dict(facet))
    parent = said[-1]["run"]["facets"]["parent"]
    assert (parent["job"]["name"], parent["root"]["job"]["name"]) == ("annual.build", "annual")


def _facets(event: dict):
    for part in (event["run"], event["job"], *event["inputs"], *event["outputs"]):
        for kind in ("facets", "inputFacets", "outputFacets"):
            yield from part.get(kind, {}).items()


def _is_of_the_specification(name: str, facet: dict) -> None:
    """The class that OpenLineage's client has for the facet takes these fields, and names the same schema."""
    schema = facet.pop("_schemaURL")
    assert facet.pop("_producer").startswith("https://")
    if name == "landgauge_stage":
        return
    of = schema.rpartition("/")[2]
    modules = ("nominal_time_run", "parent_run", "job_type_job", "schema_dataset", "output_statistics_output_dataset",
               "input_statistics_input_dataset", "data_quality_assertions_dataset",
               "data_quality_metrics_input_dataset", "error_message_run")  # fmt: skip
    classes = [getattr(importlib.import_module(f"openlineage.client.generated.{m}"), of, None) for m in modules]
    (known,) = [c for c in classes if c is not None]
    assert known._get_schema() == schema
    known(**facet)


@contextmanager
def server(delay_s: float = 0.0):
    got: list[dict] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            time.sleep(delay_s)
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", got
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def _sends_to(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str) -> None:
    config = tmp_path / "openlineage.yml"
    config.write_text(f"transport: {{type: http, url: '{url}'}}", encoding="utf-8")
    monkeypatch.setenv("OPENLINEAGE_CONFIG", str(config))


def test_events_go_to_a_server(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with server() as (url, got):
        _sends_to(monkeypatch, tmp_path, url)
        run(settings)
    assert [e["eventType"] for e in got] == ["START", "COMPLETE"]
    assert got[1]["outputs"][0]["name"] == "accepted.taxes"
    assert not (settings.logs / lineage.FILE).exists()


def test_a_server_that_does_not_answer_costs_one_warning(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    import openlineage.client  # noqa: F401

    monkeypatch.setattr(lineage, "_SEND_S", 0.2)
    with server(delay_s=1) as (url, got), caplog.at_level(logging.WARNING, "landgauge"):
        _sends_to(monkeypatch, tmp_path, url)
        started = time.monotonic()
        run(settings)
        run(settings)
        assert time.monotonic() - started < 0.9
    assert caplog.text.count("lineage is not sent") == 1
    assert len(got) == 1
    assert [a["state"] for a in journal.attempts(settings.logs)] == ["done", "done"]


def test_lineage_can_be_switched_off(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    run(settings)
    assert not (settings.logs / lineage.FILE).exists()
    assert len(journal.attempts(settings.logs)) == 1


def test_an_unchanged_stage_reads_and_writes_nothing(settings: Settings) -> None:
    unchanged(settings, "ingest", StageResult(rows=RESULT.rows, unchanged=True))
    ended = events(settings)[-1]
    assert (ended["eventType"], ended["inputs"], ended["outputs"]) == ("COMPLETE", [], [])
    assert ended["run"]["facets"]["landgauge_stage"]["unchanged"] is True
