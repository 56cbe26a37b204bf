"""What stands in the landing area: the files that a year needs, and objections that no publication knows yet.

The trigger is run by Airflow's triggerer, which imports it by name: the project's folder stands in its PYTHONPATH.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, get_current_context
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.triggers.base import BaseTrigger, TriggerEvent

from dags.wiring import LOOK, Target, city_day, complete, settings_of, stopping, target_of_run
from landgauge import log
from landgauge.errors import LandgaugeError, StageFailed
from landgauge.settings import Settings

QUIET = timedelta(minutes=5)  # a file that did not grow for so long is whole
LOOK_EVERY = timedelta(minutes=1)
PATIENCE = timedelta(days=60)
OBJECTED = ("public_notices", "objections", "corrections")
_log = log.get("landed")
Stamp = list[list[Any]]
"""Name, size and time of change of each file, in order of name: changes as long as one of them grows."""


def is_awaited(settings: Settings) -> bool:
    """Tell whether the files can be looked for: what stands at a URL or in a database only `ingest` can fetch."""
    return settings.landing is not None and not (settings.landing / "sources.yml").is_file()


def required(landing: Path, year: int) -> Stamp:
    """Return the files that feed the required dataset of a year; none where there is no such folder."""
    from ingestion.load import REQUIRED

    return [_stamp(path) for dataset, of_year, path in _fed(landing) if dataset == REQUIRED and of_year in (year, None)]


def is_quiet(stamp: Stamp) -> bool:
    """Tell whether there are files and none of them changed in the last minutes."""
    return bool(stamp) and time.time() - max(changed for _, _, changed in stamp) >= QUIET.total_seconds()


def has_come(settings: Settings) -> bool:
    """Tell whether the year's required files stand whole; what cannot be looked at is taken to."""
    if not is_awaited(settings):
        return True
    come = is_quiet(required(Path(str(settings.landing)), settings.year))
    if not come:
        _log.warning("The parcels of %s are not in %s, or still grow.", settings.year, settings.landing)
    return come


def objected_targets() -> list[Target]:
    """Return the evaluations that new objections ask for: published year, and day and schemes of its last run.

    A year that the run names is evaluated whatever has come. Raises StageFailed where it is not published, and
    AirflowSkipException where the landing area cannot be looked at.
    """
    context = get_current_context()
    params, named = dict(context["params"]), context["params"].get("year")
    place = complete(params, named or city_day(context["dag_run"].run_after).year)
    settings = settings_of(place)
    if not named and settings.landing is None:
        raise AirflowSkipException("The landing area is not a folder: start this DAG by hand with the year.")
    years = [int(named)] if named else objected_years(settings)
    return [place | _as_last_time(settings, year) for year in years]


def _as_last_time(settings: Settings, year: int) -> Target:
    from warehouse.published import open_snapshot

    sql = "select as_of_date, schemes from marts.fct_run where year = ? order by published_at desc, run_id limit 1"
    with open_snapshot(settings.snapshot) as con:
        found = con.execute(sql, [year]).fetchone()
    if found is None:
        raise StageFailed(f"Year {year} is not published.", "Run annual_evaluation for it first.")
    return {"year": year, "as_of": found[0].isoformat(), "schemes": list(found[1])}


def objected_years(settings: Settings) -> list[int]:
    """Return the published years with a notice, objection or correction that their publication does not know.

    The files' year is that of their folder, or what the mapping says; where rows tell it, the newest published year.
    """
    from warehouse.published import open_snapshot

    if settings.landing is None or not settings.snapshot.is_file():
        return []
    with open_snapshot(settings.snapshot) as con:
        published = {year for (year,) in con.execute("select distinct year from marts.fct_run").fetchall()}
        known = set(con.execute("select dataset, file_sha256 from marts.fct_load").fetchall())
    new = {
        max(published, default=None) if year is None else year
        for dataset, year, path in _fed(settings.landing)
        if dataset in OBJECTED and (dataset, hashlib.sha256(path.read_bytes()).hexdigest()) not in known
    }
    return sorted(year for year in new if year in published)


def _fed(landing: Path) -> list[tuple[str, int | None, Path]]:
    """Dataset, year (None where rows tell it) and path of each file that feeds something."""
    from ingestion import mapping, scan

    if not landing.is_dir():
        return []
    plan = mapping.load(landing)
    pairs = [(target, file.path) for file in scan.files(landing, []) for target in scan.targets(file.name, plan)]
    return [(target.dataset, target.year if isinstance(target.year, int) else None, path) for target, path in pairs]


def _stamp(path: Path) -> list[Any]:
    found = path.stat()
    return [path.name, found.st_size, found.st_mtime]


class FilesTrigger(BaseTrigger):
    """Fires when the required files of a year stand and have stopped growing, or when the deadline has passed."""

    def __init__(self, landing: str, year: int, deadline: str) -> None:
        """Keep what is awaited; `deadline` is a moment with its zone, so that a restarted triggerer keeps to it."""
        super().__init__()
        self.landing, self.year, self.deadline = landing, year, deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the name to import and the arguments."""
        fields = {"landing": self.landing, "year": self.year, "deadline": self.deadline}
        return "dags.landed.FilesTrigger", fields

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look every minute, in a thread: a folder on a network share may be slow, and others wait here too."""
        seen: Stamp = []
        while datetime.now(UTC) < datetime.fromisoformat(self.deadline):
            stamp = await asyncio.to_thread(self._look)
            if stamp == seen and is_quiet(stamp):
                yield TriggerEvent({"files": len(stamp)})
                return
            seen = stamp
            await asyncio.sleep(LOOK_EVERY.total_seconds())
        yield TriggerEvent({"files": 0})

    def _look(self) -> Stamp:
        try:
            return required(Path(self.landing), self.year)
        except (OSError, LandgaugeError) as error:  # renamed as it was looked at, a share away, a mapping half written
            _log.warning("%s cannot be looked at now: %s", self.landing, error)
            return []


class AwaitFiles(BaseOperator):
    """Waits, holding no worker, until the required files of the run's year stand; its result is the target."""

    def __init__(self, **more: Any) -> None:
        """Set the timeout, which includes the waiting."""
        super().__init__(execution_timeout=PATIENCE + LOOK, **more)

    def execute(self, context: Any) -> Target:
        """Defer to the trigger; a landing area that cannot be looked at is not waited for."""
        with stopping():
            target = target_of_run()
            settings = settings_of(target)
            if not is_awaited(settings):
                self.log.info("The landing area of %s is not a folder alone: `ingest` fetches it.", settings.year)
                return target
            required(Path(str(settings.landing)), settings.year)  # a wrong mapping is told now, not after the waiting
        deadline = (datetime.now(UTC) + PATIENCE).isoformat()
        trigger = FilesTrigger(str(settings.landing), settings.year, deadline)
        self.log.info("Waiting for the parcels of %s in %s until %s.", settings.year, settings.landing, deadline)
        self.defer(trigger=trigger, method_name="arrived", kwargs={"target": target}, timeout=PATIENCE + LOOK)
        return target

    def arrived(self, context: Any, event: dict[str, Any], target: Target) -> Target:
        """Go on with what was awaited, or say what is missing."""
        if not event["files"]:
            raise AirflowFailException(
                f"No parcels file of {target['year']} stood still in {target.get('landing')} within {PATIENCE.days} "
                f"days. Put it into parcels/{target['year']}/, or say in mapping.yml where it is, and clear this task."
            )
        self.log.info("%d file(s) with the parcels of %s have come.", event["files"], target["year"])
        return target
