"""The stage `ingest`: from the landing area to accepted rows, findings and the manifest of the run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from ingestion import corrections, intake, ledger, manifest, mapping, resolve, rows, scan
from ingestion.contract import Contract, all_contracts
from ingestion.ledger import Load
from ingestion.mapping import Mapping, YearColumn
from ingestion.scan import SourceFile, Target
from ingestion.source import Rejected, Request
from landgauge import log, profile
from landgauge.errors import ConfigurationError
from landgauge.profile import Profile
from landgauge.settings import Settings, StageResult
from warehouse import db

_LOG = log.get("ingestion")
REQUIRED = "parcels"


@dataclass
class Run:
    """What one ingestion works with."""

    settings: Settings
    con: duckdb.DuckDBPyConnection
    profile: Profile
    mapping: Mapping
    work: Path
    landed: set[str] = field(default_factory=set)
    seen: set[int] = field(default_factory=set)

    @property
    def year(self) -> int:
        """The evaluated year."""
        return self.settings.year

    def reads(self, dataset: str, year: int) -> bool:
        """Tell whether an evaluation of the year reads this dataset-year."""
        contract = all_contracts().get(dataset)
        return year == self.year or (contract is not None and contract.scope == "running" and year < self.year)


def ingest(settings: Settings) -> StageResult:
    """Load what is new in the landing area for the year, resolve what changed, apply corrections, name the run.

    Rows: files, rows_in, accepted, quarantined, superseded over the loads that the year reads. Complaints: one
    sentence for each rejected file among them. Raises ConfigurationError for a missing landing area, a wrong
    mapping or profile, or a year without a parcels file.
    """
    landing = _landing(settings)
    city = profile.load(landing)
    plan = mapping.load(landing)
    sources = scan.files(landing)
    targets = {source.name: scan.targets(source.name, plan) for source in sources}
    with db.connect(settings) as con, _work_folder(settings) as work:
        run = Run(settings, con, city, plan, work, landed={source.name for source in sources})
        rows.prepare(con, city)
        ledger.create(con, city, settings.year)
        _require_parcels(run, any(_may_feed_parcels(run, t) for found in targets.values() for t in found))
        for paired in (False, True):  # what looks for the parcel under it comes after the parcels
            for source in sources:
                _take_source(run, source, [t for t in targets[source.name] if _is_paired(t) == paired])
        _reload_stored(run)
        _supersede_by_mapping(run)
        _settle(run)
        _require_parcels(run, False)
        return _result(run)


def _landing(settings: Settings) -> Path:
    if settings.landing is None:
        raise ConfigurationError("没有给出数据目录 (no landing area was given)", "Give --landing DIR.")
    if not settings.landing.is_dir():
        message = f"数据目录不存在: {settings.landing} (no such landing folder)"
        raise ConfigurationError(message, "Give an existing folder with --landing; see docs for its layout.")
    return settings.landing


@contextmanager
def _work_folder(settings: Settings) -> Iterator[Path]:
    """An empty folder for the time of the run; what a killed run left in it goes."""
    work = settings.warehouse / "incoming"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _may_feed_parcels(run: Run, target: Target) -> bool:
    return target.dataset == REQUIRED and (isinstance(target.year, YearColumn) or target.year == run.year)


def _is_paired(target: Target) -> bool:
    return any(spec.within for spec in target.feed.columns.values())


def _require_parcels(run: Run, landed: bool) -> None:
    current = (load for load in ledger.loads(run.con) if load.state != "superseded")
    if not landed and not any((load.dataset, load.data_year) == (REQUIRED, run.year) for load in current):
        raise ConfigurationError(
            f"{run.year} 年没有宗地文件 (no file of parcels for {run.year})",
            f"Put one into LANDING/parcels/{run.year}/, or feed it by mapping.yml; no other dataset is required.",
        )


def _take_source(run: Run, source: SourceFile, targets: list[Target]) -> None:
    """Load one landed file into every dataset-year that it feeds and that the year reads."""
    wanted = [t for t in targets if isinstance(t.year, YearColumn) or run.reads(t.dataset, t.year)]
    if not wanted:
        return
    digest = ledger.keep(source, run.settings.files)
    for target in wanted:
        for year in _years(run, target, digest, source.name):
            _take_target(run, target, year, digest, source.name)


def _years(run: Run, target: Target, digest: str, name: str) -> list[int]:
    """The years of a file that the run reads; rows that name no year belong to the evaluated one."""
    if isinstance(target.year, int):
        return [target.year]
    request = _request(run, target, digest, name)
    found = intake.years_in(run.con, request) if request else []
    return sorted({run.year, *(year for year in found if run.reads(target.dataset, year))})


def _take_target(run: Run, target: Target, year: int, digest: str, name: str) -> None:
    """Load a file that is new to a dataset-year; do it again in place where its rules changed."""
    rules = _rules(run, target, name)
    known = next(
        (
            load
            for load in ledger.loads(run.con)
            if (load.file_sha256, load.dataset, load.data_year) == (digest, target.dataset, year)
        ),
        None,
    )
    if known is None:
        load = Load(ledger.next_id(run.con), digest, target.dataset, year, name, "new", rules)
    elif known.state == "superseded":
        _LOG.info("%s: these bytes were superseded before; nothing changes", name)
        return
    elif known.file_name == name or (known.state == "rejected" and known.file_name not in run.landed):
        run.seen.add(known.load_id)
        if known.rules_sha256 == rules:
            return
        load = replace(known, file_name=name, rules_sha256=rules)
    else:
        return
    run.seen.add(load.load_id)
    _take(run, load, target)


def _rules(run: Run, target: Target, name: str) -> str:
    contract = all_contracts().get(target.dataset)
    return manifest.rules_digest(contract, target.entry, scan.kind(name), run.profile)


def _request(run: Run, target: Target, digest: str, name: str) -> Request | None:
    """What to read, from the stored copy under its own extension; None where there is no contract or no copy."""
    contract = all_contracts().get(target.dataset)
    stored = run.settings.files / digest
    if contract is None or not stored.is_file():
        return None
    link = run.work / f"source{Path(name).suffix.lower()}"
    link.unlink(missing_ok=True)
    link.symlink_to(stored.resolve())
    taken = contract if target.entry is None else contract.relaxed(target.feed.columns)
    return Request(link, name, taken, target, run.work)


def _take(run: Run, load: Load, target: Target) -> None:
    request = _request(run, target, load.file_sha256, load.file_name)
    if request is None:
        refusal = Rejected("dataset", f"没有数据集 {load.dataset} (no dataset {load.dataset!r})")
        intake.reject(run.con, load, refusal, None)
        return
    stray = isinstance(target.year, YearColumn) and load.data_year == run.year
    done = intake.take(run.con, load, request, run.profile, stray)
    _LOG.info("%s → %s %s: %s", load.file_name, load.dataset, load.data_year, done.state)


def _reload_stored(run: Run) -> None:
    """Do loads again whose rules changed and whose file has gone from the landing area."""
    for load in ledger.loads(run.con):
        if load.load_id in run.seen or load.state == "superseded" or not run.reads(load.dataset, load.data_year):
            continue
        target = _target_of(run, load)
        if target is None or not (run.settings.files / load.file_sha256).is_file():
            continue
        rules = _rules(run, target, load.file_name)
        if rules != load.rules_sha256:
            _take(run, replace(load, rules_sha256=rules), target)


def _target_of(run: Run, load: Load) -> Target | None:
    """How a file that was loaded under a name would feed that dataset now."""
    for target in scan.targets(load.file_name, run.mapping):
        of_year = isinstance(target.year, YearColumn) or target.year == load.data_year
        if target.dataset == load.dataset and of_year:
            return target
    return None


def _supersede_by_mapping(run: Run) -> None:
    """Apply the mapping's `supersedes`, whichever of the two files came first."""
    for load in ledger.loads(run.con):
        target = _target_of(run, load) if load.state == "loaded" else None
        if target is None or target.entry is None or not target.entry.supersedes:
            continue
        if not _still_loaded(run.con, load.load_id):
            continue
        names = tuple(name for name in target.entry.supersedes if name != load.file_name)
        run.con.execute("begin")
        ledger.supersede(run.con, load, names, later_too=True)
        run.con.execute("commit")


def _still_loaded(con: duckdb.DuckDBPyConnection, load_id: int) -> bool:
    return con.execute("select state from ledger.load where load_id = ?", [load_id]).fetchall() == [("loaded",)]


def _settle(run: Run) -> None:
    resolve.resolve_pending(run.con)
    corrections.apply(run.con, run.profile, run.year)
    _fill_originals(run)
    manifest.write_profile(run.con, run.profile)
    manifest.write(run.con, run.settings, run.profile)
    intake.drop_sources(run.con)


def _fill_originals(run: Run) -> None:
    """Give the findings between rows the row as it came, from the stored file."""
    wanting = run.con.execute(
        "select distinct load_id from quarantine.finding where original_row is null and row_no > 0 order by load_id"
    ).fetchall()
    known = {load.load_id: load for load in ledger.loads(run.con)}
    for (load_id,) in wanting:
        _fill(run, known[load_id], all_contracts()[known[load_id].dataset])


def _fill(run: Run, load: Load, contract: Contract) -> None:
    con = run.con
    target = _target_of(run, load)
    request = _request(run, target, load.file_sha256, load.file_name) if target else None
    try:
        if request is None:
            raise Rejected("unreadable", "the file's mapping is gone")
        parts = intake.open_parts(con, request)
    except (Rejected, duckdb.Error, OSError, ValueError) as error:
        _LOG.debug("%s: rows as they came are not to be had: %s", load.file_name, error)
        _fill_from_raw(con, load, contract)
        return
    _wanting(con, load)
    for part in parts:
        chosen = intake.Chosen(part, intake.Binding({}, ()), part.relation, part.relation)
        intake.originals(con, chosen, "source_wanting")
        _put(con, load)


def _wanting(con: duckdb.DuckDBPyConnection, load: Load) -> None:
    con.execute(
        "create or replace temp table source_wanting as select distinct row_no from quarantine.finding "
        f"where load_id = {load.load_id} and original_row is null"
    )


def _put(con: duckdb.DuckDBPyConnection, load: Load) -> None:
    con.execute(
        "update quarantine.finding as f set original_row = o.original_row from source_original as o "
        f"where f.load_id = {load.load_id} and f.row_no = o.row_no and f.original_row is null"
    )


def _fill_from_raw(con: duckdb.DuckDBPyConnection, load: Load, contract: Contract) -> None:
    """The typed row under the contract's names, where the file itself can no longer be read."""
    _wanting(con, load)
    names = [c.name for c in contract.columns if c.type != "geometry"]
    pairs = ", ".join(f"'{name}', cast(r.\"{name}\" as varchar)" for name in names)
    con.execute(
        f"create or replace temp table source_original as select row_no, cast(json_object({pairs}) as varchar) "
        f"as original_row from raw.{contract.dataset} as r semi join source_wanting using (row_no) "
        f"where r.load_id = {load.load_id}"
    )
    _put(con, load)


def _result(run: Run) -> StageResult:
    found = run.con.execute(
        "select dataset, data_year, file_name, rows_in, accepted, quarantined, superseded, state, reason "
        "from ledger.load order by load_id"
    ).fetchall()
    read = [row for row in found if run.reads(row[0], row[1])]
    names = ("rows_in", "accepted", "quarantined", "superseded")
    totals = {name: sum(row[i] for row in read) for i, name in enumerate(names, start=3)}
    complaints = tuple(f"{row[2]}: 未接收 (rejected): {row[8]}" for row in read if row[7] == "rejected")
    return StageResult(rows={"files": len({row[2] for row in read}), **totals}, complaints=complaints)
