"""One small generated city, the rows it gives from a folder, and a warehouse that takes it from elsewhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import servers

from ingestion.load import ingest
from ingestion.sources import trouble
from ingestion.synthetic.city import write_city
from landgauge.settings import Settings, StageResult, landing_at, year_end
from warehouse import db

YEAR = 2024
KEPT = ("parcels", "enterprises", "occupancy", "taxes")


@dataclass
class Warehouse:
    """A warehouse whose landing area stands at a URL or in a folder."""

    folder: Path
    landing: str

    @property
    def settings(self) -> Settings:
        return Settings(warehouse=self.folder, year=YEAR, as_of=year_end(YEAR), **landing_at(self.landing))

    def ingest(self) -> StageResult:
        return ingest(self.settings)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with db.connect(self.settings) as con:
            return con.execute(sql).fetchall()

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """The accepted rows of every dataset, in an order of their own."""
        with db.connect(self.settings) as con:
            sql = "select * exclude (load_id) from accepted.{} order by all"
            return {name: con.execute(sql.format(name)).fetchall() for name in KEPT}

    def ledger(self) -> list[tuple[Any, ...]]:
        return self.ask(
            "select file_name, dataset, state, rows_in, accepted, quarantined, superseded, file_sha256 "
            "from ledger.load order by load_id"
        )

    def fetched(self) -> dict[str, bytes]:
        """What stands in the mirror, by path; nothing half-fetched may be among it."""
        root = self.folder / "fetched"
        return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="session")
def s3() -> Iterator[servers.S3]:
    """One server for all tests of a process, which is what it keeps its buckets and users by."""
    with servers.s3() as server:
        yield server


@pytest.fixture(scope="session")
def city(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("city") / "landing"
    write_city(folder, 60, 120, 1, YEAR, 1)
    for path in folder.iterdir():
        if path.is_dir() and path.name not in KEPT:
            shutil.rmtree(path)
    return folder


@dataclass(frozen=True)
class Expected:
    """What the same files gave from a folder."""

    result: StageResult
    rows: dict[str, list[tuple[Any, ...]]]
    ledger: list[tuple[Any, ...]]


@pytest.fixture(scope="session")
def from_folder(city: Path, tmp_path_factory) -> Expected:
    loaded = Warehouse(tmp_path_factory.mktemp("folder"), str(city))
    found = Expected(loaded.ingest(), loaded.rows(), loaded.ledger())
    assert all(found.rows.values())
    return found


@pytest.fixture
def quick(monkeypatch) -> None:
    monkeypatch.setattr(trouble, "FIRST_WAIT_S", 0.01)


@pytest.fixture
def connection(monkeypatch):
    """Set a connection for the time of a test."""
    return lambda name, text: monkeypatch.setenv(f"LANDGAUGE_CONN_{name}", text)


@contextmanager
def raises_quietly(kind: type[Exception], secret: str):
    """The error of that kind, which nowhere holds the secret."""
    with pytest.raises(kind) as caught:
        yield caught
    shown = f"{caught.value} {caught.value.next_step} {caught.value.__cause__!r}"
    assert secret not in shown
    assert caught.value.__suppress_context__
