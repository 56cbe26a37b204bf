"""The stage `ingest`: from the landing area to accepted rows, findings and the manifest of the run."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

import duckdb

from ingestion import corrections, intake, ledger, manifest, resolve, rows, scan, unchanged
from ingestion.contract import Contract, all_contracts
from ingestion.ledger import Load
from ingestion.mapping import Mapping, YearColumn
from ingestion.reading import Worker
from ingestion.scan import SourceFile, Target
from ingestion.source import DUCKDB_REFUSALS, Rejected, Request
from ingestion.unchanged import Look
from landgauge import log, profile
from landgauge.errors import ConfigurationError
from landgauge.profile import Profile
from landgauge.settings import Settings, StageResult
from warehouse import db

_LOG = log.get("ingestion")
REQUIRED = "parcels"
_TOLD = 8  # rules of a dataset that the progress names


@dataclass
class Run:
    """What one ingestion works with."""

    settings: Settings
    con: duckdb.DuckDBPyConnection
    profile: Profile
    mapping: Mapping
    work: Path
    worker: Worker
    landed: set[str] = field(default_factory=set)
    seen_files: dict[str, str] = field(default_factory=dict)  # digests of the landed files that the year reads
    seen: set[int] = field(default_factory=set)
    refused: set[int] = field(default_factory=set)  # in this run
    kept: dict[str, str] = field(default_factory=dict)  # digests of the files as they were kept, but for many parts
    explained: set[int] = field(default_factory=set)  # rejected until now, and loaded since their rules changed

    @cached_property
    def recorded_at(self) -> datetime:
        """When what this run loads becomes known, UTC."""
        return ledger.recording_time(self.con, self.settings.recorded_at)

    @property
    def year(self) -> int:
        """The evaluated year."""
        return self.settings.year

    def reads(self, dataset: str, year: int) -> bool:
        """Tell whether an evaluation of the year reads this dataset-year."""
        return unchanged.reads(self.year, dataset, year)


def ingest(settings: Settings, looked: Look | None = None) -> StageResult:
    """Load what is new in the landing area for the year, resolve what changed, apply corrections, name the run.

    `looked`: the landing area, where `unchanged.look` has looked at it and `unchanged.last` found it changed; without
    it both are done here. Rows: files, rows_in, accepted, quarantined, superseded over the loads that the year reads.
    Complaints: one sentence for each rejected file among them and for each that could not be brought. Raises
    ConfigurationError for a missing landing area, a wrong mapping, profile or `sources.yml`, or a year without a
    parcels file; SourceRefused or SourceUnavailable where a source cannot be read.
    """
    if looked is None:
        looked = unchanged.look(settings)
        known = unchanged.last(settings, looked, is_out=lambda: False)
        if known:
            return known
    landed, city = looked.landed, profile.load(looked.landed.folder)
    with db.connect(settings) as con:
        unchanged.forget(con, settings.year)
        with work_folder(settings) as work, Worker(work) as worker:
            names = {source.name for source in landed.files}
            run = Run(settings, con, city, looked.mapping, work, worker, landed=names, seen_files=looked.files)
            _load(run, landed.files, looked.targets)
            result = _result(run, landed.complaints)
        if run.kept == {name: looked.files[name] for name in run.kept}:  # no file changed meanwhile
            unchanged.remember(con, settings.year, looked, result)
        return result


def _load(run: Run, sources: Sequence[SourceFile], targets: dict[str, list[Target]]) -> None:
    """Load what is new, and bring everything that follows from the loads up to date."""
    rows.prepare(run.con, run.profile)
    ledger.create(run.con)
    _require_parcels(run, any(_may_feed_parcels(run, t) for found in targets.values() for t in found))
    for paired in (False, True):  # what looks for the parcel under it comes after the parcels
        for source in sources:
            _take_source(run, source, [t for t in targets[source.name] if _is_paired(t) == paired])
    _reload_stored(run)
    _supersede_by_mapping(run)
    settle(run)
    _require_parcels(run, False)
    _tell_refused(run)


@contextmanager
def work_folder(settings: Settings) -> Iterator[Path]:
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
    wanted = [t for t in targets if unchanged.is_wanted(run.year, t)]
    if not wanted:
        return
    digest = ledger.keep(source, run.settings.files, run.seen_files[source.name])
    if not source.sidecars:
        run.kept[source.name] = digest
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
        load = Load(ledger.next_id(run.con), digest, target.dataset, year, name, "new", rules, run.recorded_at)
    elif known.state == "superseded":
        _LOG.info("%s: these bytes were superseded before; nothing changes", name)
        return
    elif known.file_name == name or _may_stand_in(run, known, name):
        run.seen.add(known.load_id)
        if known.rules_sha256 == rules:
            return
        since = known.recorded_at if known.file_name == name else run.recorded_at
        load = replace(known, file_name=name, rules_sha256=rules, recorded_at=since)
    else:
        return
    run.seen.add(load.load_id)
    _take(run, load, target)


def _may_stand_in(run: Run, known: Load, name: str) -> bool:
    """Bytes that were refused under a name that has gone, or in this run as another kind of file, get another try."""
    if known.state != "rejected":
        return False
    as_other_kind = known.load_id in run.refused and scan.kind(known.file_name) != scan.kind(name)
    return known.file_name not in run.landed or as_other_kind


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
    return Request(link, name, taken, target, run.work, worker=run.worker)


def _take(run: Run, load: Load, target: Target) -> None:
    request = _request(run, target, load.file_sha256, load.file_name)
    if request is None:
        refusal = Rejected("dataset", f"没有数据集 {load.dataset} (no dataset {load.dataset!r})")
        intake.reject(run.con, load, refusal, None)
        return
    stray = isinstance(target.year, YearColumn) and load.data_year == run.year
    done = intake.take(run.con, load, request, run.profile, stray)
    if done.state == "rejected":
        run.refused.add(load.load_id)
    if (load.state, done.state) == ("rejected", "loaded"):
        run.explained.add(load.load_id)
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
        names = _standing(run.con, load, target.entry.supersedes)
        if not names:
            continue
        at = load.recorded_at if load.load_id in run.explained else run.recorded_at
        run.con.execute("begin")
        ledger.supersede(run.con, load, names, later_too=True, at=at)
        run.con.execute("commit")


def _standing(con: duckdb.DuckDBPyConnection, load: Load, names: tuple[str, ...]) -> tuple[str, ...]:
    """Of these names those under which another file of the load's dataset-year still stands."""
    place = (load.dataset, load.data_year)
    found = {o.file_name for o in ledger.loads(con) if (o.dataset, o.data_year) == place and o.state != "superseded"}
    return tuple(name for name in names if name in found and name != load.file_name)


def _still_loaded(con: duckdb.DuckDBPyConnection, load_id: int) -> bool:
    return con.execute("select state from ledger.load where load_id = ?", [load_id]).fetchall() == [("loaded",)]


def settle(run: Run) -> None:
    """Resolve what changed, apply corrections, keep the originals of bad rows, and write profile and manifest."""
    resolve.resolve_pending(run.con)
    corrections.apply(run.con, run.profile, run.year)
    _fill_originals(run)
    manifest.write_profile(run.con, run.profile)
    manifest.write(run.con, run.settings, run.profile, run.mapping)
    unchanged.note_settled(run.con, run.year, run.profile.model_dump_json())
    intake.drop_sources(run.con)


def settle_again(settings: Settings) -> None:
    """Bring the accepted rows to where a year's ingestion left them, if another year was ingested since."""
    with db.connect(settings) as con:
        past = manifest.kept(con, settings.year)
        if past is None or unchanged.is_settled(con, settings.year, past[0]):
            return
        _LOG.info("the declarations are settled for %d again", settings.year)
        city, plan = Profile.model_validate_json(past[0]), Mapping.model_validate_json(past[1])
        with work_folder(settings) as work, Worker(work) as worker:
            rows.prepare(con, city)
            settle(Run(settings, con, city, plan, work, worker))


def _fill_originals(run: Run) -> None:
    """Give the findings between rows the row as it came, from the stored file."""
    wanting = run.con.execute(
        "select distinct load_id from quarantine.finding where original_row is null and row_no > 0 "
        "and load_id in (select load_id from ledger.load where state <> 'superseded') order by load_id"
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
        try:
            _fill_from_file(con, load, request)
        except DUCKDB_REFUSALS:
            _fill_from_file(con, load, replace(request, careful=True))
    except (Rejected, duckdb.Error, OSError, ValueError) as error:
        _LOG.debug("%s: rows as they came are not to be had: %s", load.file_name, error)
        _fill_from_raw(con, load, contract)


def _fill_from_file(con: duckdb.DuckDBPyConnection, load: Load, request: Request) -> None:
    parts = intake.open_parts(con, request)
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
    """Replace the findings that want their row: an update would copy the long texts beside them again and again."""
    wanting = f"load_id = {load.load_id} and original_row is null and row_no in (select row_no from source_original)"
    con.execute(
        "create or replace temp table source_filled as select f.* replace (o.original_row as original_row) from "
        f"(select * from quarantine.finding where {wanting}) as f join source_original as o on f.row_no = o.row_no"
    )
    con.execute("begin")
    try:
        con.execute(f"delete from quarantine.finding where {wanting}")
        con.execute("insert into quarantine.finding by name select * from source_filled")
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def _fill_from_raw(con: duckdb.DuckDBPyConnection, load: Load, contract: Contract) -> None:
    """The typed row under the contract's names, where the file itself can no longer be read."""
    _wanting(con, load)
    names = [c.name for c in contract.columns if c.type != "geometry"]
    pairs = ", ".join(f"'{name}', lg_shown(cast(r.\"{name}\" as varchar))" for name in names)
    con.execute(
        f"create or replace temp table source_original as select row_no, cast(json_object({pairs}) as varchar) "
        f"as original_row from raw.{contract.dataset} as r semi join source_wanting using (row_no) "
        f"where r.load_id = {load.load_id}"
    )
    _put(con, load)


def _tell_refused(run: Run) -> None:
    """Say by dataset and rule how many rows were refused; the rows themselves are in the quarantine."""
    found = run.con.execute(
        "select dataset, data_year, rule_code, count(distinct (load_id, row_no)) as refused from quarantine.finding "
        "join (select load_id, state from ledger.load) using (load_id) where state = 'loaded' and severity = 'error' "
        "group by all order by dataset, data_year, refused desc, rule_code"
    ).fetchall()
    told: dict[str, list[str]] = {}
    for dataset, year, rule, refused in found:
        if run.reads(dataset, year):
            told.setdefault(f"{dataset} {year}", []).append(f"{rule} {refused}")
    for place, rules in told.items():
        more = f", and {len(rules) - _TOLD} more rules" if len(rules) > _TOLD else ""
        _LOG.info("%s: rows quarantined: %s%s", place, ", ".join(rules[:_TOLD]), more)


def _result(run: Run, complaints: tuple[str, ...]) -> StageResult:
    found = run.con.execute(
        "select dataset, data_year, file_name, rows_in, accepted, quarantined, superseded, state, reason "
        "from ledger.load order by load_id"
    ).fetchall()
    read = [row for row in found if run.reads(row[0], row[1])]
    names = ("rows_in", "accepted", "quarantined", "superseded")
    totals = {name: sum(row[i] for row in read) for i, name in enumerate(names, start=3)}
    complaints += tuple(f"{row[2]}: 未接收 (rejected): {row[8]}" for row in read if row[7] == "rejected")
    complaints += tuple(map(_no_longer_fed, filter(lambda load: _is_left_over(run, load), ledger.loads(run.con))))
    return StageResult(rows={"files": len({row[2] for row in read}), **totals}, complaints=complaints)


def _is_left_over(run: Run, load: Load) -> bool:
    """A load whose file is there, but which the mapping does not make any more: what is loaded stays loaded."""
    there = load.state == "loaded" and load.file_name in run.landed and run.reads(load.dataset, load.data_year)
    return there and _target_of(run, load) is None


def _no_longer_fed(load: Load) -> str:
    return (
        f"{load.file_name}: {load.dataset} {load.data_year} 仍在库中并参与计算，但 mapping.yml 已不再由此文件提供 "
        "(still loaded and counted, though mapping.yml no longer feeds it from this file): put the entry back, or name "
        "the file under `supersedes` of the entry that replaces it, or begin a new warehouse"
    )
