"""Loads files into a warehouse in memory: what `ingest` does with a file, at a tenth of its cost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion import intake, ledger, resolve, rows
from ingestion.contract import all_contracts
from ingestion.ledger import Load
from ingestion.reading import Worker
from ingestion.scan import Target
from ingestion.source import Request
from landgauge import profile
from warehouse import db

from .tables import YEAR


@dataclass(frozen=True)
class Verdict:
    """What became of a file: counts, the rules that each row breaks, and the accepted rows by row_no."""

    state: str
    rows_in: int
    accepted: int
    quarantined: int
    superseded: int
    findings: dict[int, frozenset[str]]
    rows: dict[int, tuple[object, ...]]


class Desk:
    """A warehouse in memory and the folder where files are put to be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.profile = profile.load(None)
        self.worker = Worker(folder)
        self.con = duckdb.connect()
        self.con.execute("set preserve_insertion_order = true")
        db.extensions(self.con)
        rows.prepare(self.con, self.profile)
        ledger.create(self.con)

    def close(self) -> None:
        self.worker.close()
        self.con.close()

    def load(self, files: Iterable[tuple[str, str, bytes]]) -> list[Verdict]:
        """Load files (dataset, name, content) into an empty warehouse and settle what concerns several rows."""
        self._forget()
        numbers = [self._take(dataset, name, content) for dataset, name, content in files]
        resolve.resolve_pending(self.con)
        return [self._verdict(number) for number in numbers]

    def _forget(self) -> None:
        tables = ["ledger.load", "ledger.load_column", "ledger.unresolved", "quarantine.finding"]
        for table in (*tables, *(f"raw.{dataset}" for dataset in all_contracts())):
            self.con.execute(f"delete from {table}")

    def _take(self, dataset: str, name: str, content: bytes) -> int:
        path = self.folder / f"source{Path(name).suffix}"
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        load = Load(ledger.next_id(self.con), digest, dataset, YEAR, f"{dataset}/{YEAR}/{name}", "new", "")
        contract, target = all_contracts()[dataset], Target(dataset, YEAR)
        request = Request(path, name, contract, target, self.folder, worker=self.worker)
        return intake.take(self.con, load, request, self.profile, stray=False).load_id

    def _verdict(self, number: int) -> Verdict:
        counts = self.con.execute(
            "select dataset, state, rows_in, accepted, quarantined, superseded from ledger.load where load_id = ?",
            [number],
        ).fetchall()[0]
        found = self.con.execute(
            "select row_no, list(distinct rule_code) from quarantine.finding where load_id = ? and severity = 'error' "
            "group by row_no",
            [number],
        ).fetchall()
        accepted = self.con.execute(
            f"select row_no, * exclude (load_id, row_no) from accepted.{counts[0]} where load_id = ?", [number]
        ).fetchall()
        findings = {row: frozenset(rules) for row, rules in found}
        return Verdict(*counts[1:], findings, {row: tuple(rest) for row, *rest in accepted})
