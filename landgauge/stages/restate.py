"""A year as it was known at a moment, rebuilt into a warehouse of its own beside the live one."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from landgauge import log, stages
from landgauge.errors import ConfigurationError
from landgauge.settings import RESTATED, Settings
from warehouse import lock

_log = log.get("restate")


def restate(settings: Settings, known_at: datetime, out: Path, due_on: date | None = None) -> tuple[str, ...]:
    """Rebuild the settings' year from what its warehouse knew at `known_at` (UTC) and publish it under `out`.

    The live warehouse is locked while it is read, and not changed; it is written beside `out` and renamed into
    place, in the place of an earlier restatement there. `due_on`: the day on which due dates are looked at, else that
    of the year's last evaluation. Returns the complaints of the stages. Raises ConfigurationError where nothing was
    known yet, or `out` holds anything else, and what the stages raise.
    """
    _refuse(settings, out)
    building = out.with_name(f".{out.name}.building")
    target = replace(settings, warehouse=building, landing=None, recorded_at=None)
    with lock.writer(target):
        _clear(building)
        target = _rewound(settings, target, known_at, due_on)
        later = [stage.name for stage in stages.STAGES if stage.name != "ingest"]  # rewinding stands for it
        complaints = tuple(c for name in later for c in stages.run_stage(name, target).complaints)
        said = {"year": settings.year, "known_at": known_at.isoformat() + "Z", "due_on": target.as_of.isoformat()}
        (building / RESTATED).write_text(json.dumps(said) + "\n", encoding="utf-8")
        _put_in_place(building, out)
    return complaints


def _refuse(settings: Settings, out: Path) -> None:
    if not settings.database.is_file():
        raise ConfigurationError(f"there is no warehouse in {settings.warehouse}", "Name the folder of one.")
    if (settings.warehouse / RESTATED).is_file():
        raise ConfigurationError(
            f"{settings.warehouse} is itself a restatement", "Restate from the warehouse that it came from."
        )
    if out.exists() and not (out / RESTATED).is_file() and not (out.is_dir() and not any(out.iterdir())):
        raise ConfigurationError(f"{out} exists and is no restatement", "Name another folder: --out DIR.")


def _clear(building: Path) -> None:
    """Remove what a run left that did not end; the lock's own file is in use."""
    for rest in building.iterdir():
        if rest.is_dir() and not rest.is_symlink():
            shutil.rmtree(rest)
        elif rest.name != lock.FILE:
            rest.unlink()


def _rewound(settings: Settings, target: Settings, known_at: datetime, due_on: date | None) -> Settings:
    from ingestion.history import rewind

    _log.info("%d as it was known at %s UTC …", settings.year, known_at)
    try:
        with lock.writer(settings):
            return rewind(settings, target, known_at, due_on)
    except ConfigurationError:
        shutil.rmtree(target.warehouse)
        raise


def _put_in_place(building: Path, out: Path) -> None:
    """Rename the finished folder; who has the earlier one open reads on."""
    earlier = out.with_name(f".{out.name}.old")
    shutil.rmtree(earlier, ignore_errors=True)
    if out.exists():
        out.rename(earlier)
    building.rename(out)
    shutil.rmtree(earlier, ignore_errors=True)
