"""How a DAG's parameters and a schedule become settings, and errors become Airflow's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import exceptions

from dags import layers, wiring
from landgauge.errors import (
    ConfigurationError,
    GateStopped,
    SourceRefused,
    SourceUnavailable,
    StageFailed,
    WarehouseBusy,
)
from landgauge.settings import StageResult

EMPTY = dict.fromkeys(("year", "as_of", "schemes", "landing", "warehouse"))


def in_run(
    monkeypatch: pytest.MonkeyPatch, params: dict[str, Any], kind: str, end: datetime | None, **more: Any
) -> None:
    run = SimpleNamespace(run_type=kind, data_interval_end=end, run_after=datetime(2026, 5, 4, 1, tzinfo=UTC))
    context = {"params": EMPTY | params, "dag_run": run, "triggering_asset_events": {}} | more
    monkeypatch.setattr(wiring, "get_current_context", lambda: context)


@pytest.mark.parametrize("kind", ["scheduled", "backfill"])
def test_a_scheduled_run_evaluates_the_year_before_its_interval_ends(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    in_run(monkeypatch, {"warehouse": "/w"}, kind, datetime(2025, 3, 31, 18, tzinfo=UTC))  # 1 April in the city
    assert wiring.target_of_run() == {"year": 2024, "warehouse": "/w"}


def test_the_end_of_an_interval_is_a_day_of_the_city(monkeypatch: pytest.MonkeyPatch) -> None:
    in_run(monkeypatch, {"warehouse": "/w"}, "scheduled", datetime(2024, 12, 31, 17, tzinfo=UTC))  # 1 January, 01:00
    assert wiring.target_of_run()["year"] == 2024


def test_a_run_by_hand_needs_a_year(monkeypatch: pytest.MonkeyPatch) -> None:
    in_run(monkeypatch, {"warehouse": "/w"}, "manual", datetime(2025, 4, 1, tzinfo=UTC))
    with pytest.raises(ConfigurationError, match="No year"):
        wiring.target_of_run()
    in_run(monkeypatch, {"year": 2024}, "manual", None)
    with pytest.raises(ConfigurationError, match="No warehouse"):
        wiring.target_of_run()


def test_an_asset_run_takes_each_year_of_its_events_once(monkeypatch: pytest.MonkeyPatch) -> None:
    extras = [
        {"year": 2024, "warehouse": "/w"},
        {"year": 2022, "warehouse": "/w"},
        {"year": 2024, "warehouse": "/w"},
        {},
    ]
    events = {wiring.RAW_DECLARATIONS: [SimpleNamespace(extra=extra) for extra in extras]}
    in_run(monkeypatch, {"warehouse": "/w"}, "asset_triggered", None, triggering_asset_events=events)
    assert [target["year"] for target in wiring.targets_of_run(wiring.RAW_DECLARATIONS)] == [2022, 2024]
    in_run(monkeypatch, {"year": 2020, "warehouse": "/w"}, "manual", None, triggering_asset_events=events)
    assert [target["year"] for target in wiring.targets_of_run(wiring.RAW_DECLARATIONS)] == [2020]


def test_the_calendar_looks_at_the_first_day_of_the_month_in_which_its_interval_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_run(monkeypatch, {"year": 2024, "warehouse": "/w"}, "scheduled", datetime(2026, 2, 28, 19, tzinfo=UTC))
    assert wiring.calendar_target()["as_of"] == "2026-03-01"
    in_run(monkeypatch, {"year": 2024, "warehouse": "/w"}, "manual", datetime(2026, 7, 15, 4, tzinfo=UTC))
    assert wiring.calendar_target()["as_of"] == "2026-07-01"
    in_run(monkeypatch, {"year": 2024, "warehouse": "/w", "as_of": "2026-07-15"}, "manual", None)
    assert wiring.calendar_target()["as_of"] == "2026-07-15"


def test_settings_of_a_target() -> None:
    settings = wiring.settings_of({"year": 2024, "warehouse": "/w"})
    assert (settings.as_of, settings.landing, settings.schemes) == (date(2024, 12, 31), None, ())
    full = {
        "year": 2024,
        "warehouse": "/w",
        "landing": "/l",
        "as_of": "2025-02-01",
        "schemes": ["a", "b"],
        "run_id": "x",
    }
    settings = wiring.settings_of(full)
    assert (settings.as_of, settings.landing, settings.schemes) == (date(2025, 2, 1), Path("/l"), ("a", "b"))
    elsewhere = wiring.settings_of({"year": 2024, "warehouse": "/w", "landing": "s3://BUREAU@declarations"})
    assert (elsewhere.landing, elsewhere.landing_url) == (None, "s3://BUREAU@declarations")
    with pytest.raises(ConfigurationError, match="no date"):
        wiring.settings_of({"year": 2024, "warehouse": "/w", "as_of": "soon"})


@pytest.mark.parametrize("error", [GateStopped, StageFailed, ConfigurationError, SourceRefused])
def test_a_stop_is_not_tried_again(error: type[Exception]) -> None:
    with pytest.raises(exceptions.AirflowFailException, match=r"Too bad\. Mend it\."), wiring.stopping():
        raise error("Too bad.", "Mend it.")


@pytest.mark.parametrize("error", [WarehouseBusy, SourceUnavailable])
def test_a_busy_warehouse_or_a_source_out_of_reach_is_tried_again(error: type[Exception]) -> None:
    with pytest.raises(exceptions.AirflowException) as caught, wiring.stopping():
        raise error("Busy.", "Wait.")
    assert not isinstance(caught.value, exceptions.AirflowFailException)


class Try:
    """A task instance: which try it is, and what was pushed and can be pulled."""

    def __init__(self, number: int, complaints: dict[str, list[str]] | None = None) -> None:
        self.try_number, self.pushed, self.earlier = number, {}, complaints or {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value

    def xcom_pull(self, task_ids: str, key: str) -> list[str] | None:
        return self.earlier.get(task_ids)


def ending(
    monkeypatch: pytest.MonkeyPatch, result: StageResult, ti: Try, outlets: tuple[Any, ...]
) -> tuple[dict[str, Any] | None, dict[Any, Any]]:
    """End a stage with a result; return the task's own result, None where it was skipped, and its assets' events."""
    events = {asset: SimpleNamespace(extra=None) for asset in outlets}
    monkeypatch.setattr(wiring, "get_current_context", lambda: {"ti": ti, "outlet_events": events})
    try:
        done = wiring._report("publish", {"year": 2024, "warehouse": "/w"}, result, outlets, None)
    except exceptions.AirflowSkipException as skipped:
        assert "nothing was written" in str(skipped)
        return None, {asset: event.extra for asset, event in events.items()}
    return done, {asset: event.extra for asset, event in events.items()}


def test_an_unchanged_stage_is_skipped_updates_no_asset_and_says_what_it_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ti, asset = Try(1), wiring.PROVISIONAL_EVALUATION
    unchanged = StageResult(rows={"tables": 3}, complaints=("one",), unchanged=True)
    assert ending(monkeypatch, unchanged, ti, (asset,)) == (None, {asset: None})
    assert ti.pushed["complaints"] == ["one"]
    said = {"stage": "publish", "year": 2024, "rows": {"tables": 3}, "complaints": 1, "state": "provisional"}
    assert ti.pushed["return_value"] == said


def test_a_try_after_one_that_died_tells_its_assets_although_nothing_is_left_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asset, unchanged = wiring.PROVISIONAL_EVALUATION, StageResult(unchanged=True)
    done, events = ending(monkeypatch, unchanged, Try(2), (asset,))
    assert done is not None
    assert events[asset]["year"] == 2024
    assert ending(monkeypatch, unchanged, Try(2), ()) == (None, {})


def test_who_approves_is_told_the_complaints_of_every_stage_once(monkeypatch: pytest.MonkeyPatch) -> None:
    ti, asset = Try(1, {"check": ["a", "b"], "build": ["b"]}), wiring.PROVISIONAL_EVALUATION
    _, events = ending(monkeypatch, StageResult(), ti, (asset,))
    assert events[asset] == {"year": 2024, "warehouse": "/w", "complaints": ["a", "b"]}


LOG = """\
17:05:05.17 [info ] [Thread-1]: 1 of 4 START sql table model marts.fct_x ................. [RUN]
17:05:05.17 [info ] [Thread-1]: 1 of 4 OK created sql table model marts.fct_x ............ [OK in 1.50s]
17:05:05.17 [info ] [Thread-1]: 2 of 4 OK loaded seed file policy.weight .................. [INSERT 9 in 0.20s]
17:05:05.17 [info ] [Thread-1]: 3 of 4 PASS unique_fct_x_and_a_name_that_leaves_no_dots  [PASS in 0.02s]
17:05:05.17 [warn ] [Thread-1]: 4 of 4 WARN 3 growth_is_plausible ......................... [WARN 3 in 0.30s]
"""


def test_a_layer_shows_its_nodes_also_when_dbt_began_a_new_log(tmp_path: Path) -> None:
    settings = wiring.settings_of({"year": 2024, "warehouse": str(tmp_path)})
    log = settings.logs / "dbt" / "dbt.log"
    log.parent.mkdir(parents=True)
    log.write_text(LOG * 2, encoding="utf-8")
    slowest = [["marts.fct_x", 1.5], ["growth_is_plausible", 0.3], ["policy.weight", 0.2]]
    slowest.append(["unique_fct_x_and_a_name_that_leaves_no_dots", 0.02])
    wanted = {"models": 1, "tests": 2, "warned": ["growth_is_plausible"], "slowest": slowest, "seconds": 2.02}
    with layers.watched(settings) as dbt:
        assert dbt() is None
        first, *rest = LOG.splitlines(keepends=True)[1:]
        with log.open("a", encoding="utf-8") as file:
            file.write(first)
        log.rename(log.with_name("dbt.log.1"))
        log.write_text("".join(rest), encoding="utf-8")
        assert dbt() == wanted
