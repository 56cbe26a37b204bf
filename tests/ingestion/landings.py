"""Small landing areas for the tests of ingestion: files from text, one call to load them, one to ask."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingestion.load import ingest
from landgauge.settings import Settings, StageResult, year_end
from warehouse import db

HEADER = "宗地代码,行政区代码,土地用途代码,宗地面积"
P1, P2, P3 = (f"440112001001GB0000{i}" for i in (1, 2, 3))
U1, U2 = "91440101MA59A2B107", "91440101MA59A2B208"


def parcels(*codes: str, area: str = "1000") -> str:
    """A parcels csv with one plain row for each code."""
    return "\n".join([HEADER, *(f"{code},440112,M1,{area}" for code in codes)]) + "\n"


class City:
    """A landing area and its warehouse."""

    def __init__(self, folder: Path) -> None:
        self.landing = folder / "landing"
        self.warehouse = folder / "warehouse"
        self.landing.mkdir(parents=True, exist_ok=True)

    def put(self, files: Mapping[str, str | bytes]) -> City:
        for name, content in files.items():
            path = self.landing / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def settings(self, year: int = 2024) -> Settings:
        return Settings(warehouse=self.warehouse, year=year, as_of=year_end(year), landing=self.landing)

    def ingest(self, year: int = 2024) -> StageResult:
        return ingest(self.settings(year))

    @contextmanager
    def open(self):
        with db.connect(self.settings()) as con:
            yield con

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with self.open() as con:
            return con.execute(sql).fetchall()

    def ledger(self) -> dict[str, tuple[Any, ...]]:
        """State and counts by file name and year: (state, rows_in, accepted, quarantined, superseded)."""
        rows = self.ask(
            "select file_name, state, rows_in, accepted, quarantined, superseded from ledger.load order by load_id"
        )
        return {row[0]: row[1:] for row in rows}

    def rules(self, dataset: str) -> list[tuple[int, str]]:
        """(row_no, rule_code) of a dataset's findings, those of superseded loads left out."""
        return self.ask(
            "select f.row_no, f.rule_code from quarantine.finding as f join ledger.load as l using (load_id) "
            f"where f.dataset = '{dataset}' and l.state <> 'superseded' order by load_id, f.row_no, f.rule_code"
        )
