"""What must hold after a batch was ingested twice, whatever its files are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from ingestion.contract import all_contracts
from ingestion.scan import decoded

from .cases import Case
from .tables import YEAR

PEAK_MB = 1_500  # five times what an ingestion of good small files needs
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_STATES = {"loaded", "superseded", "rejected"}
_REJECTED_WITH_ROWS = ("file:missing_column", "file:unknown_unit", "file:duplicate_header")


@dataclass(frozen=True)
class Problem:
    """Something that does not hold, and the file that it is about where that is known."""

    text: str
    case: int | None = None


@dataclass(frozen=True)
class Entry:
    """A row of the ledger."""

    load_id: int
    sha256: str
    dataset: str
    year: int
    name: str
    state: str
    reason: str | None
    rows_in: int
    accepted: int
    quarantined: int
    superseded: int


@dataclass(frozen=True)
class Answer:
    """How an ingestion ended, once and again; a code that is a text says why there is none."""

    codes: tuple[int | str, ...]
    peak_mb: float
    stderr: str


def check(root: Path, cases: list[Case], answer: Answer, good: dict[str, int | None]) -> list[Problem]:
    """Return everything that does not hold; `good` has the digests of the good files' accepted rows, where known."""
    found = [*_endings(root, answer), *_strays(root)]
    if set(answer.codes) - {0, 1} or not (root / "first.duckdb").is_file():
        return found
    with duckdb.connect(str(root / "warehouse" / "warehouse.duckdb"), read_only=True) as con:
        con.execute(f"attach '{root / 'first.duckdb'}' as first (read_only)")
        entries = _entries(con)
        for source in (_ledger(entries), _findings(con, entries), _views(con, entries), _again(con)):
            found += source
        found += _good(con, root, entries, good)
        rules = dict(con.execute("select load_id, rule_code from quarantine.finding where row_no = 0").fetchall())
        for case in cases:
            found += _case(case, entries, rules)
    return found


def check_configuration(root: Path, answer: Answer) -> list[Problem]:
    """Return what does not hold where mapping.yml or city.yml may be wrong: exit 2 with two sentences, or a run."""
    if set(answer.codes) == {2}:
        sentences = [line for line in answer.stderr.splitlines() if line.startswith("landgauge: ")]
        traces = [Problem(f"a traceback: {answer.stderr[-300:]}")] if "Traceback" in answer.stderr else []
        return traces + ([] if sentences else [Problem(f"exit 2 without a sentence: {answer.stderr[-300:]}")])
    found = [*_endings(root, answer), *_strays(root)]
    if set(answer.codes) - {0, 1} or not (root / "first.duckdb").is_file():
        return found
    with duckdb.connect(str(root / "warehouse" / "warehouse.duckdb"), read_only=True) as con:
        con.execute(f"attach '{root / 'first.duckdb'}' as first (read_only)")
        entries = _entries(con)
        return [*found, *_ledger(entries), *_findings(con, entries), *_views(con, entries), *_again(con)]


def states(root: Path) -> dict[int, str]:
    """Return the state of each numbered file after the first time."""
    if not (root / "first.duckdb").is_file():
        return {}
    with duckdb.connect(str(root / "first.duckdb"), read_only=True) as con:
        found = con.execute("select file_name, state from ledger.load").fetchall()
    return {number: state for name, state in found if (number := _number(name)) is not None}


def good_digests(con: duckdb.DuckDBPyConnection, names: list[str]) -> dict[str, int]:
    """Return a digest of the accepted rows of each file, without the number of its load."""
    return {e.name: _digest(con, e) for e in _entries(con) if e.name in names}


def _digest(con: duckdb.DuckDBPyConnection, entry: Entry) -> int:
    sql = (
        f"select sum(cast(hash(r) as hugeint)) from (select * exclude (load_id) from accepted.{entry.dataset} "
        "where load_id = ?) as r"
    )
    return int(con.execute(sql, [entry.load_id]).fetchall()[0][0] or 0)


def _entries(con: duckdb.DuckDBPyConnection) -> list[Entry]:
    return [
        Entry(*row)
        for row in con.execute(
            "select load_id, file_sha256, dataset, data_year, file_name, state, reason, rows_in, accepted, "
            "quarantined, superseded from ledger.load order by load_id"
        ).fetchall()
    ]


def _endings(root: Path, answer: Answer) -> Iterator[Problem]:
    if any(code not in (0, 1) for code in answer.codes):
        yield Problem(f"exit codes {answer.codes}: {_last_words(answer.stderr)}")
    elif len(set(answer.codes)) != 1:
        yield Problem(f"the second ingest ended otherwise than the first: {answer.codes}")
    if any(line.startswith("Traceback") for line in answer.stderr.splitlines()):
        yield Problem(f"a traceback: {answer.stderr.split('Traceback', 1)[1][-300:]}")
    log = root / "warehouse" / "logs" / "error.log"
    if log.is_file():
        yield Problem(f"error.log: {log.read_text(errors='replace')[-700:]}")
    if answer.peak_mb > PEAK_MB:
        yield Problem(f"peak memory {answer.peak_mb:.0f} MB")


def _last_words(stderr: str) -> str:
    lines = [line for line in stderr.splitlines() if line.startswith("landgauge:") or "Error" in line]
    return " ".join(lines[-2:])[:600] or stderr[-300:]


def _strays(root: Path) -> Iterator[Problem]:
    """Nothing new stands beside the warehouse."""
    beside = {path.name for path in root.iterdir()} - {"landing", "warehouse", "first.duckdb", "outside"}
    beside |= {path.name for path in (root / "outside").iterdir()} - {"kept"}
    if beside:
        yield Problem(f"files outside the warehouse: {sorted(beside)}")
    if (root / "warehouse" / "incoming").exists():
        yield Problem("WAREHOUSE/incoming was left behind")


def _ledger(entries: list[Entry]) -> Iterator[Problem]:
    seen: set[tuple[str, str, int]] = set()
    for entry in entries:
        case = _number(entry.name)
        if (
            entry.rows_in != entry.accepted + entry.quarantined + entry.superseded
            or min(entry.rows_in, entry.accepted, entry.quarantined, entry.superseded) < 0
        ):
            yield Problem(f"counts do not add up: {entry}", case)
        if entry.state not in _STATES or (entry.state == "rejected" and not _CHINESE.search(entry.reason or "")):
            yield Problem(f"no reason a person can act on: {entry.state}, {entry.reason!r}", case)
        if "Traceback" in (entry.reason or "") or len(entry.reason or "") > 3_000:
            yield Problem(f"a reason nobody reads: {(entry.reason or '')[:200]}", case)
        key = (entry.sha256, entry.dataset, entry.year)
        if key in seen:
            yield Problem(f"twice in the ledger: {entry.name}", case)
        seen.add(key)


def _number(name: str) -> int | None:
    found = re.search(r"/(\d{5})[^/]*$", name, re.DOTALL)
    return int(found[1]) if found else None


def _findings(con: duckdb.DuckDBPyConnection, entries: list[Entry]) -> Iterator[Problem]:
    names = {e.load_id: e for e in entries}
    rows = dict(
        con.execute(
            "select load_id, count(distinct row_no) from quarantine.finding where severity = 'error' and row_no > 0 "
            "group by load_id"
        ).fetchall()
    )
    files = {r[0] for r in con.execute("select load_id from quarantine.finding where row_no = 0").fetchall()}
    for entry in entries:
        if entry.state == "loaded" and rows.get(entry.load_id, 0) != entry.quarantined:
            text = f"{entry.quarantined} rows quarantined, {rows.get(entry.load_id, 0)} with an error finding"
            yield Problem(text, _number(entry.name))
        if entry.state == "rejected" and entry.load_id not in files:
            yield Problem("rejected without a finding", _number(entry.name))
    silent = con.execute(
        "select distinct load_id, rule_code from quarantine.finding where coalesce(trim(message_zh), '') = '' "
        "or not regexp_matches(message_zh, '[一-鿿]')"
    ).fetchall()
    for load_id, rule in silent:
        yield Problem(f"no Chinese message for {rule}", _number(names[load_id].name))


def _views(con: duckdb.DuckDBPyConnection, entries: list[Entry]) -> Iterator[Problem]:
    for dataset in all_contracts():
        said = {e.load_id: e.accepted for e in entries if e.dataset == dataset and e.accepted}
        rows = f"select load_id, count(*) from accepted.{dataset} group by load_id"
        counted = dict(con.execute(rows).fetchall())
        if said != counted:
            odd = sorted(k for k in said.keys() | counted.keys() if said.get(k) != counted.get(k))
            text = (
                f"accepted.{dataset} has {[counted.get(k) for k in odd]} rows, the ledger {[said.get(k) for k in odd]}"
            )
            yield Problem(text, next((_number(e.name) for e in entries if e.load_id == odd[0]), None))
        both = con.execute(
            f"select distinct load_id from accepted.{dataset} semi join (from quarantine.finding where severity = "
            f"'error' and dataset = '{dataset}') using (load_id, row_no)"
        ).fetchall()
        for (load_id,) in both:
            yield Problem("a row is both accepted and quarantined", _number(names_of(entries)[load_id]))


def names_of(entries: list[Entry]) -> dict[int, str]:
    return {entry.load_id: entry.name for entry in entries}


def _again(con: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    """The second ingest changed nothing."""
    tables = ["ledger.load", "ledger.load_column", "quarantine.finding", "qc.source_finding", "run.manifest"]
    own = con.execute("select current_database()").fetchall()[0][0]
    for table in [*tables, *(f"raw.{d}" for d in all_contracts()), *(f"raw.corrected_{d}" for d in all_contracts())]:
        left_out = {"ledger.load": "loaded_at", "run.manifest": "started_at"}.get(table)
        columns = f"* exclude ({left_out})" if left_out else "*"
        digest = "select count(*), sum(cast(hash(r) as hugeint)) from (select {} from {}.{}) as r"
        first, last = (con.execute(digest.format(columns, f'"{base}"', table)).fetchall() for base in ("first", own))
        if first != last:
            yield Problem(f"a second ingest changes {table}: {first} {last}")


def _same_bytes(path: Path, entries: list[Entry]) -> Entry | None:
    """The same bytes under another name of the same kind: the same load."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return next((entry for entry in entries if entry.sha256 == digest), None)


def _good(
    con: duckdb.DuckDBPyConnection, root: Path, entries: list[Entry], good: dict[str, int | None]
) -> Iterator[Problem]:
    known = {entry.name: entry for entry in entries}
    for name, digest in good.items():
        entry = known.get(name) or _same_bytes(root / "landing" / name, entries)
        if entry is None or entry.state != "loaded" or entry.quarantined:
            yield Problem(f"a good file suffered: {name}: {entry}")
        elif digest is not None and "pool" not in name and _digest(con, entry) != digest:
            yield Problem(f"values of a good file changed: {name}")


def _case(case: Case, entries: list[Entry], rules: dict[int, str]) -> Iterator[Problem]:
    """A file stands in the ledger, and with the counts that are known beforehand or by another reader."""
    if case.special:
        return
    if case.main.endswith((b".shp", b".SHP")) and len(case.files) > 1:
        own = [e for e in entries if (e.name, e.dataset) == (decoded(case.main), case.dataset)]
    else:
        own = [e for e in entries if (e.sha256, e.dataset, e.year) == (case.digest, case.dataset, YEAR)]
    if not own:
        yield Problem("is not in the ledger", case.number)
        return
    entry, expected = own[0], case.expected
    whole = entry.state == "loaded" or rules.get(entry.load_id) in _REJECTED_WITH_ROWS
    wanted = expected.rows if expected.rows is not None else case.rows
    if whole and wanted is not None and entry.rows_in != wanted:
        yield Problem(f"{entry.rows_in} rows in the ledger, {wanted} in the file ({entry.state})", case.number)
    if expected.state and entry.state != expected.state:
        yield Problem(f"{entry.state}, not {expected.state}: {entry.reason}", case.number)
    if entry.state == "loaded" and entry.accepted < expected.accepted_at_least:
        text = f"{entry.accepted} of {entry.rows_in} rows accepted, {expected.accepted_at_least} were left good"
        yield Problem(text, case.number)
