"""Whether ingestion has anything to do: the landing area as it is now beside the one that was taken in last.

What a run left settled (corrections, the city's tables) is that of the year that was ingested last; `run.settled`
says which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb

from ingestion import manifest, mapping, scan
from ingestion.contract import all_contracts
from ingestion.digests import Digests
from ingestion.manifest import code_digest, inputs_digest, policy_digest
from ingestion.mapping import Mapping, YearColumn
from ingestion.scan import SourceFile, Target
from ingestion.sources.landing import Landed, bring
from landgauge import profile
from landgauge.errors import ConfigurationError
from landgauge.settings import RESTATED, Settings, StageResult
from warehouse import db, done, fingerprints

STAGE = "ingest"
_SETTLED = "create table if not exists run.settled (year integer, profile_sha256 varchar)"


@dataclass(frozen=True)
class Look:
    """A landing area as it is: its files, what each feeds, and the digests of those that the year reads, by name.

    `fingerprint`: of all that matters of it.
    """

    landed: Landed
    mapping: Mapping
    targets: dict[str, list[Target]]
    files: dict[str, str]
    fingerprint: str


def look(settings: Settings) -> Look:
    """Return what a run of the settings' year would take in; what stands elsewhere is brought here first.

    Raises ConfigurationError for a missing landing area, a wrong mapping or `sources.yml`, SourceRefused or
    SourceUnavailable where a source cannot be read.
    """
    if (settings.warehouse / RESTATED).is_file():
        message = f"{settings.warehouse} 是历史重述，不再接收数据 (is a restatement and takes no more data)"
        raise ConfigurationError(message, "Load into the warehouse that it was restated from.")
    landed = bring(settings)
    city = profile.digest(landed.folder)
    plan = mapping.load(landed.folder)
    targets = {source.name: scan.targets(source.name, plan) for source in landed.files}
    mapping.warn_of_idle(plan, targets)
    read = [source for source in landed.files if any(is_wanted(settings.year, t) for t in targets[source.name])]
    digests = Digests(settings)
    files = {source.name: _digest(source, digests) for source in read}
    digests.save()
    asked = [settings.year, settings.as_of, settings.schemes, code_digest(), policy_digest()]
    names = [source.name for source in landed.files]
    seen = [*asked, city, plan.model_dump_json(), names, landed.complaints, sorted(files.items())]
    return Look(landed, plan, targets, files, fingerprints.digest(seen))


def _digest(source: SourceFile, digests: Digests) -> str:
    parts = [digests.of(path) for path in (source.path, *source.sidecars)]
    return parts[0] if len(parts) == 1 else fingerprints.digest(parts)


def reads(evaluated: int, dataset: str, year: int) -> bool:
    """Tell whether an evaluation of a year reads a dataset-year."""
    contract = all_contracts().get(dataset)
    return year == evaluated or (contract is not None and contract.scope == "running" and year < evaluated)


def is_wanted(evaluated: int, target: Target) -> bool:
    """Tell whether an evaluation of a year may read what a file feeds."""
    return isinstance(target.year, YearColumn) or reads(evaluated, target.dataset, target.year)


def last(settings: Settings, looked: Look, is_out: Callable[[], bool]) -> StageResult | None:
    """Return the last result where the landing area and the loads are as they were then; else None.

    They must also be settled for this year, unless it `is_out`: published from them, so that nothing will read them.
    """
    if not settings.database.is_file():
        return None
    with db.connect(settings) as con:
        known = done.of_year(con, settings.year).get(STAGE)
        past = manifest.kept(con, settings.year)
        if known is None or past is None or known.fingerprint != looked.fingerprint:
            return None
        # no parameters: they make DuckDB's client import pandas, which takes longer than all of this
        sql = f"select inputs_sha256 from run.manifest where year = {settings.year:d}"
        if con.execute(sql).fetchone() != (inputs_digest(con, settings.year),):
            return None
        if con.execute("select count(*) from ledger.unresolved").fetchone()[0]:
            return None
        return known.result if is_settled(con, settings.year, past[0]) or is_out() else None


def forget(con: duckdb.DuckDBPyConnection, year: int) -> None:
    """Note that ingestion of a year begins: until it ends, nothing is known of it, nor for which year rows settle."""
    done.prepare(con)
    con.execute(_SETTLED)
    con.execute("delete from run.settled")
    done.begin(con, year, STAGE)


def remember(con: duckdb.DuckDBPyConnection, year: int, looked: Look, result: StageResult) -> None:
    """Note that a landing area was taken in for a year."""
    done.end(con, year, STAGE, looked.fingerprint, "", result)


def note_settled(con: duckdb.DuckDBPyConnection, year: int, profile_json: str) -> None:
    """Note for which year, and with which profile, the accepted rows stand now."""
    con.execute("create schema if not exists run")
    con.execute(_SETTLED)
    con.execute("delete from run.settled")
    con.execute("insert into run.settled values (?, ?)", [year, manifest.digest([profile_json])])


def is_settled(con: duckdb.DuckDBPyConnection, year: int, profile_json: str) -> bool:
    """Tell whether the accepted rows are those of a year: corrections that are filed later do not count in it."""
    try:
        row = con.execute("select year, profile_sha256 from run.settled").fetchone()
    except duckdb.CatalogException:  # a working file of an earlier version does not say
        return False
    if row is None or row[1] != manifest.digest([profile_json]):
        return False
    between = f"data_year > {min(row[0], year):d} and data_year <= {max(row[0], year):d}"
    later = f"select count(*) from ledger.load where dataset = 'corrections' and {between}"
    return not con.execute(later).fetchone()[0]
