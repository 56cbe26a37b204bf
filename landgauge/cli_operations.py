"""The commands for those who keep an installation running: `doctor` and `status`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from landgauge.errors import COMPLAINTS, DONE, STOPPED, ConfigurationError
from landgauge.settings import landing_at

if TYPE_CHECKING:
    from landgauge.status import Status


def add(commands: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser of the command line."""
    text = "check an installation and say what to mend; changes nothing"
    doctor = commands.add_parser("doctor", help=text)
    doctor.add_argument("--warehouse", type=Path, metavar="DIR", help="where the warehouse is kept")
    doctor.add_argument("--landing", metavar="DIR|URL", help="the landing area; one at a URL is not looked at")
    doctor.add_argument("-v", "--verbose", action="store_true", help="say what is skipped too")
    doctor.set_defaults(command=_doctor)
    text = "show what is published, loaded and running; changes nothing"
    status = commands.add_parser("status", parents=[common], help=text)
    status.set_defaults(command=_status)
    status.add_argument("--out", type=Path, metavar="FILE", help="write there, by rename, instead of to stdout")
    status.add_argument("--strict", action="store_true", help="exit code 1 where a dataset is late")
    status.add_argument("--format", choices=("table", "json", "html", "prometheus"), default="table")
    doctor.add_argument("--format", choices=("table", "json"), default="table")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _doctor(options: argparse.Namespace) -> int:
    from landgauge.doctor import Installation, look
    from landgauge.doctor.findings import FAULT, SKIPPED, WARN

    warehouse = options.warehouse.absolute() if options.warehouse else None
    landing = landing_at(options.landing).get("landing")
    found = [
        {"check": name} | asdict(finding)
        for name, finding in look(Installation(_now(), warehouse, landing))
        if finding.level != SKIPPED or options.verbose or options.format == "json"
    ]
    if options.format == "json":
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    else:
        _show(found)
    levels = {f["level"] for f in found}
    return STOPPED if FAULT in levels else COMPLAINTS if WARN in levels else DONE


def _show(found: list[dict[str, str]]) -> None:
    for finding in found:
        where = f" [{finding['where']}]" if finding["where"] else ""
        print(f"{finding['level']:<8}{finding['check']:<14}{finding['what']}{where}")
        if finding["next_step"]:
            print(f"{'':<22}→ {finding['next_step']}")
    count = [sum(f["level"] == level for f in found) for level in ("fault", "warn", "ok")]
    print("{} fault(s), {} warning(s), {} ok".format(*count))


def _status(options: argparse.Namespace) -> int:
    from landgauge.status import status

    if not options.warehouse.is_dir():
        raise ConfigurationError(f"{options.warehouse} is not a folder", "Name the warehouse: --warehouse DIR.")
    found = status(options.warehouse.resolve(), _now())
    shown = _as(options.format, found)
    if options.out is None:
        sys.stdout.write(shown)
    else:
        _write(options.out, shown)
    late = any(f["state"] == "late" for f in found.freshness)
    return COMPLAINTS if late and options.strict else DONE


def _as(form: str, found: Status) -> str:
    if form == "json":
        return json.dumps(asdict(found), ensure_ascii=False, default=str) + "\n"
    if form == "html":
        from landgauge import journal
        from landgauge.stages import STAGES
        from reporting.runs_page import page

        return page(found, journal.attempts(found.warehouse / "logs"), [stage.name for stage in STAGES])
    if form == "prometheus":
        from landgauge.status_metrics import metrics

        return metrics(found)
    from landgauge.status_text import text

    return text(found)


def _write(target: Path, text: str) -> None:
    """Write a file by rename: who reads it meanwhile sees the one before."""
    part = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(target)
    except OSError as error:
        raise ConfigurationError(
            f"{target} cannot be written: {error}", "Name a file in a folder that is there."
        ) from error
