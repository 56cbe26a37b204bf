"""How a DAG's parameters and a schedule become settings, and errors become Airflow's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import exceptions

from dags import wiring
from landgauge.errors import (
    ConfigurationError,
    GateStopped,
    SourceRefused,
    SourceUnavailable,
    StageFailed,
    WarehouseBusy,
)

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
