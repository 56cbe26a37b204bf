"""Checks of what people give: declarations, city profile, mapping, policy, models, settings of the environment."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from landgauge import policy, profile, schemes
from landgauge.doctor.findings import Finding, Installation, fault, ok, skipped
from landgauge.errors import LandgaugeError
from landgauge.settings import DBT_PROJECT, POLICY, Settings, year_end
from warehouse import kept, transform

_NO_LANDING = "no --landing folder is given"


def landing(installation: Installation) -> Iterator[Finding]:
    """The folder of the declarations can be read, and files stand in it."""
    folder = installation.landing
    if folder is None:
        yield skipped(_NO_LANDING)
    elif not folder.is_dir():
        yield fault("is not a folder", folder, "Name the folder with the declarations, or mount it.")
    elif not os.access(folder, os.R_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        yield fault("cannot be read", folder, "Give this user the right to read it.")
    elif not any(folder.iterdir()):
        yield fault("is empty", folder, "Put the declarations there, or mount it.")
    else:
        yield ok("can be read", folder)


def city(installation: Installation) -> Iterator[Finding]:
    """The city profile, the shipped one where the landing area has none."""
    yield _held(lambda: profile.load(installation.landing).name_zh, installation.landing or profile.SHIPPED)


def mapping(installation: Installation) -> Iterator[Finding]:
    """mapping.yml of the landing area."""
    from ingestion import mapping

    folder = installation.landing
    if folder is None:
        yield skipped(_NO_LANDING)
        return
    path = folder / mapping.FILE
    if not path.is_file():
        yield skipped("there is none: files stand at <dataset>/<year>/")
        return
    yield _held(lambda: f"{len(mapping.load(folder).root)} entries", path)


def sources(installation: Installation) -> Iterator[Finding]:
    """sources.yml of the landing area, and the connections that it names; none is opened."""
    from ingestion.sources import connections, declared

    folder = installation.landing
    if folder is None or not (folder / declared.FILE).is_file():
        yield skipped(_NO_LANDING if folder is None else "there is none")
        return

    def read() -> str:
        found = declared.load(folder)
        for name in sorted({source.connection for source in found if source.connection}):
            connections.find(name)
        return f"{len(found)} further sources"

    yield _held(read, folder / declared.FILE)


def seeds(_: Installation) -> Iterator[Finding]:
    """Policy tables: every one that the models name is there, and every scheme can be scored with."""
    yield _held(lambda: f"{len(policy.files())} policy tables; {schemes.check().strip()}", POLICY)


def models(_: Installation) -> Iterator[Finding]:
    """The dbt project was parsed as it stands, or can be: that takes ten seconds."""
    if transform.is_parsed():
        yield ok("was parsed as it stands", DBT_PROJECT)
        return

    def parse() -> str:
        with tempfile.TemporaryDirectory() as folder:
            transform.try_to_parse(Settings(Path(folder), 1, year_end(1)))
        return "can be parsed; the first run keeps what it read"

    yield _held(parse, DBT_PROJECT)


def settings(_: Installation) -> Iterator[Finding]:
    """Numbers that are set in the environment."""
    from ingestion.reading import limits_from_environment

    def read() -> str:
        limits, count = limits_from_environment(), kept.snapshots_of_a_year()
        return f"{count} snapshots a year are kept; a file may take {limits.memory_mb} MB"

    yield _held(read, "environment")


def _held(read: Callable[[], str], where: object) -> Finding:
    """What was read as a finding; an error of the project is a fault with its own advice."""
    try:
        return ok(read(), where)
    except LandgaugeError as error:
        return fault(error.message, where, error.next_step)
