"""Who learns what: each notice is a line in WAREHOUSE/logs/notifications.jsonl, and a mail where that is configured.

LANDGAUGE_NOTIFY_EMAIL names the addresses, separated by commas; the mail server is Airflow's connection
`smtp_default`. A notice never fails what it tells of.
"""

from __future__ import annotations

import asyncio
import html
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from airflow.sdk import BaseNotifier

from landgauge import log

FILE = "notifications.jsonl"
_log = log.get("notify")
_SAID = {
    "task_failed": "任务失败 task failed",
    "run_failed": "运行失败 run failed",
    "published": "已发布 published",
    "approval_asked": "待审定 approval is asked for",
    "decided": "已答复 answered",
    "approval_late": "审定超期 approval is still open",
}
_LONGEST = 2000


class Notice(BaseNotifier):
    """A notice of one event (a key of `_SAID`) of a task or a run; `mail`: also by mail, where that is configured."""

    def __init__(self, event: str, mail: bool = False, **more: Any) -> None:
        """Keep what is told; `more` is what Airflow hands over, such as `context`."""
        super().__init__(**more)
        self.event = event
        self.mail = mail

    def notify(self, context: Any) -> None:
        """Write the line, and send the mail."""
        line = told(self.event, context)
        _log.info(
            "%s", " ".join(str(line[name]) for name in ("said", "dag", "task", "run", "message") if line.get(name))
        )
        try:
            _append(_folder(context), line)
        except Exception as error:  # a full disk, a warehouse that is not mounted here
            _log.warning("the notice could not be written: %s", error)
        if self.mail and os.environ.get("LANDGAUGE_NOTIFY_EMAIL"):
            try:
                _send(line, context)
            except Exception as error:  # whatever a mail server and its driver can raise
                _log.warning("the notice could not be mailed: %s", error)

    async def async_notify(self, context: Any) -> None:
        """Do the same in the triggerer, where deadlines are told, beside its other work."""
        await asyncio.to_thread(self.notify, context)


def told(event: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a notice; a callback of a run knows less than one of a task, which leaves fields out."""
    ti, run = context.get("ti"), _run(context)
    fields = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "event": event,
        "said": _SAID[event],
        "dag": getattr(context.get("dag"), "dag_id", None) or run.get("dag_id"),
        "run": context.get("run_id") or run.get("dag_run_id") or run.get("run_id"),
        "task": getattr(ti, "task_id", None),
        "year": (context.get("params") or run.get("conf") or {}).get("year"),
        "message": _message(event, context),
        "link": getattr(ti, "log_url", None),
    }
    return {name: value for name, value in fields.items() if value not in (None, "")}


def _run(context: Mapping[str, Any]) -> Mapping[str, Any]:
    """The run: an object in a task, a JSON object in the triggerer, nothing in some callbacks of a run."""
    run = context.get("dag_run") or {}
    return (
        run if isinstance(run, Mapping) else {name: getattr(run, name, None) for name in ("dag_id", "run_id", "conf")}
    )


def _message(event: str, context: Mapping[str, Any]) -> str:
    """What went wrong, what is to be approved, what was answered and by whom, or what was published."""
    if event == "approval_asked":
        asked = context["ti"].xcom_pull(task_ids="propose") or ()
        return ", ".join(f"{target['year']} {target['run_id']}" for target in asked)
    if event == "decided":
        return answer(context["task"].hitl_summary)
    if event == "published":
        done = context["ti"].xcom_pull(task_ids=context["ti"].task_id, map_indexes=context["ti"].map_index) or {}
        return f"{done.get('year')} {done.get('state')}, {done.get('complaints')} complaint(s) of publishing"
    return str(context.get("exception") or context.get("reason") or "")[:_LONGEST]


def answer(given: Mapping[str, Any] | None) -> str:
    """Return who answered what, when, from the operator's summary: a rejected approval leaves no XCom."""
    given = given or {}
    person = given.get("responded_by_user") or {}
    name = person.get("name") or person.get("id") or "unknown"
    return f"{', '.join(given.get('chosen_options') or ())} · {name} · {given.get('responded_at')}"


def _folder(context: Mapping[str, Any]) -> Path:
    """The warehouse that the run names, or that of the environment; a KeyError where there is none."""
    named = (context.get("params") or _run(context).get("conf") or {}).get("warehouse")
    return Path(named or os.environ["LANDGAUGE_WAREHOUSE"]) / "logs"


def _append(folder: Path, line: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(line, ensure_ascii=False) + "\n")


def _send(line: Mapping[str, Any], context: Any) -> None:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    subject = " ".join(str(line[name]) for name in ("said", "dag", "year") if name in line)
    rows = "".join(f"<p>{name}: {html.escape(str(value))}</p>" for name, value in line.items())
    to = [address.strip() for address in os.environ["LANDGAUGE_NOTIFY_EMAIL"].split(",") if address.strip()]
    SmtpNotifier(to=to, subject=f"[Landgauge] {subject}", html_content=rows).notify(context)
