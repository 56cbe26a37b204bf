"""Notices: a line each, never a failure, never a secret."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dags import notify
from dags.approval import approvers, plain
from dags.notify import Notice


def context(warehouse: Path, **more: Any) -> dict[str, Any]:
    return {
        "dag": None,
        "dag_run": SimpleNamespace(dag_id="publish", run_id="manual__1"),
        "params": {"year": 2024, "warehouse": str(warehouse), "landing": "s3://BUREAU@declarations"},
    } | more


def lines(warehouse: Path) -> list[dict[str, Any]]:
    text = (warehouse / "logs" / notify.FILE).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_failed_task_and_a_failed_run_are_a_line_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANDGAUGE_NOTIFY_EMAIL", raising=False)
    ti = SimpleNamespace(task_id="build", log_url="http://airflow/log")
    Notice("task_failed")(context(tmp_path, ti=ti, exception=ValueError("行数不符\nand more")))
    monkeypatch.setenv("LANDGAUGE_WAREHOUSE", str(tmp_path))
    Notice("run_failed", mail=True)({"dag": None, "run_id": "scheduled__1", "reason": "timed_out"})
    failed, run = lines(tmp_path)
    assert (failed["event"], failed["task"], failed["year"]) == ("task_failed", "build", 2024)
    assert (failed["message"], failed["link"]) == ("行数不符\nand more", "http://airflow/log")
    assert (run["event"], run["run"], run["message"]) == ("run_failed", "scheduled__1", "timed_out")
    assert set(failed) <= {"at", "event", "said", "dag", "run", "task", "year", "message", "link"}


def test_a_request_names_the_years_and_their_runs(tmp_path: Path) -> None:
    proposed = [{"year": 2023, "run_id": "aa"}, {"year": 2024, "run_id": "bb"}]
    Notice("approval_asked")(
        context(tmp_path, ti=SimpleNamespace(task_id="approve", xcom_pull=lambda task_ids: proposed))
    )
    assert lines(tmp_path)[0]["message"] == "2023 aa, 2024 bb"


def test_a_late_answer_is_told_from_what_the_triggerer_knows(tmp_path: Path) -> None:
    run = {"dag_id": "publish", "dag_run_id": "asset__1", "conf": {"warehouse": str(tmp_path), "year": 2024}}
    asyncio.run(Notice("approval_late").async_notify({"dag_run": run, "deadline": {"id": "1"}}))
    (late,) = lines(tmp_path)
    assert (late["event"], late["dag"], late["run"], late["year"]) == ("approval_late", "publish", "asset__1", 2024)


def test_an_answer_is_told_with_who_gave_it_and_when(tmp_path: Path) -> None:
    given = {
        "chosen_options": ["Reject"],
        "responded_at": "2025-05-04",
        "responded_by_user": {"id": "7", "name": "联席会议"},
    }
    ti, task = SimpleNamespace(task_id="approve", log_url=""), SimpleNamespace(hitl_summary=given)
    Notice("decided")(context(tmp_path, ti=ti, task=task))
    assert lines(tmp_path)[0]["message"] == "Reject · 联席会议 · 2025-05-04"


def test_a_notice_that_cannot_be_written_or_mailed_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be", encoding="utf-8")
    monkeypatch.setenv("LANDGAUGE_NOTIFY_EMAIL", "land@bureau.example")
    monkeypatch.setattr(notify, "_send", lambda line, context: 1 / 0)
    with caplog.at_level("WARNING", logger="landgauge"):
        Notice("run_failed", mail=True)(context(tmp_path, reason="failed"))
    said = " ".join(record.getMessage() for record in caplog.records)
    assert ("could not be written" in said, "could not be mailed" in said) == (True, True)


def test_a_mail_says_the_same_and_escapes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []
    from airflow.providers.smtp.notifications import smtp

    monkeypatch.setattr(smtp.SmtpNotifier, "notify", lambda self, context: sent.append(self))
    monkeypatch.setenv("LANDGAUGE_NOTIFY_EMAIL", "land@bureau.example, data@bureau.example")
    Notice("run_failed", mail=True)(context(tmp_path, reason="<script>"))
    (mail,) = sent
    assert mail.to == ["land@bureau.example", "data@bureau.example"]
    assert "运行失败" in mail.subject
    assert "&lt;script&gt;" in mail.html_content
    assert "<script>" not in mail.html_content


def test_approvers_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDGAUGE_APPROVERS", "7:用地联席会议, admin,")
    assert approvers() == [{"id": "7", "name": "用地联席会议"}, {"id": "admin", "name": "admin"}]
    monkeypatch.setenv("LANDGAUGE_APPROVERS", "")
    assert approvers() is None


def test_names_from_files_are_no_markup_in_what_is_approved() -> None:
    assert plain("a*b <img src=x>\n# head [l](u)") == r"a\*b \<img src=x\> \# head \[l\](u)"
