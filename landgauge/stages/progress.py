"""Whether a stage has anything to do: what it would read now, beside what it read when it was last done.

A year's stages read the declarations in force up to that year, its manifest, the policy, the code, and what is
published of the years before. Equal inputs give equal rows, so a stage that was done with them need not run again:
its working tables still stand, or the year is published from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import duckdb

from ingestion import digests
from ingestion.manifest import code_digest, policy_digest
from landgauge.settings import Settings, StageResult
from warehouse import db, done, fingerprints, rebuild
from warehouse.done import WRITING, Done
from warehouse.published import standing

_LOADS = """
select dataset, data_year, load_id, file_sha256, file_name, rules_sha256, state from ledger.load
where data_year <= {year:d} order by load_id"""


@dataclass(frozen=True)
class Now:
    """What a year's stages would read: a digest, and apart from it what stands published of the year itself."""

    fingerprint: str
    run_id: str
    standing: tuple[str, str, str] | None

    @property
    def is_published(self) -> bool:
        """Whether the year stands published by this run."""
        return self.standing is not None and self.standing[0] == self.run_id

    def beside(self, stage: str) -> str:
        """What a stage also reads: the report the publication that stands, the others the one that it will replace."""
        return "|".join(self.standing or ()) if stage == "report" or not self.is_published else ""


def look(settings: Settings) -> Now | None:
    """Return what the year's stages would read now; None before its declarations are in."""
    if not settings.database.is_file():
        return None
    with db.connect(settings) as con:
        return _look(con, settings)


def unchanged(settings: Settings, stage: str) -> StageResult | None:
    """Return the result of the stage's last time where it would read and write the same again; else None."""
    return next(iter(leading(settings, [stage])), None)


def leading(settings: Settings, stages: Sequence[str]) -> list[StageResult]:
    """Return the last results of the first of these stages, in order, up to the first that has anything to do."""
    if not settings.database.is_file():
        return []
    with db.connect(settings) as con:
        known = done.of_year(con, settings.year)
        now = _look(con, settings) if known else None
    same = takewhile(lambda stage: _same(settings, stage, known, now), stages)
    return [known[stage].result for stage in same]


def is_out(settings: Settings) -> bool:
    """Tell whether the year stands published from what its stages would read now."""
    if not settings.database.is_file():
        return False
    with db.connect(settings) as con:
        known = done.of_year(con, settings.year)
        now = _look(con, settings) if known else None
    return now is not None and _is_out(known, now)


def stands(settings: Settings, stage: str) -> bool:
    """Tell whether the working tables are those that the stage would write now."""
    with db.connect(settings) as con:
        known = done.of_year(con, settings.year).get(stage)
        now = _look(con, settings)
    return now is not None and known is not None and known.stands and known.fingerprint == now.fingerprint


def begin(settings: Settings, stage: str) -> None:
    """Note that a stage begins to write: until it ends, nothing is known of it."""
    with db.connect(settings) as con:
        done.prepare(con)
        done.begin(con, settings.year, stage)


def end(settings: Settings, stage: str, result: StageResult, before: Now | None) -> None:
    """Note that a stage is done; `before` is what `look` said when it began."""
    with db.connect(settings) as con:
        now = _look(con, settings)
        if now is not None:
            beside = (now if stage == "report" else before or now).beside(stage)
            done.end(con, settings.year, stage, now.fingerprint, beside, result)


def forget(settings: Settings) -> None:
    """Forget what was done and from what; the tables stay."""
    digests.forget(settings)
    if settings.database.is_file():
        with db.connect(settings) as con:
            for memory in (done, rebuild):
                memory.prepare(con)
                memory.forget(con)


def part(
    con: duckdb.DuckDBPyConnection, settings: Settings, marts: Sequence[str], tables: Sequence[tuple[str, str]]
) -> str | None:
    """Return a digest of what the Python part of a stage reads; None where it is not known.

    `marts` and `tables` (schema, name) are those of the working file; of what is published it may read the years
    beside the settings' one.
    """
    built = rebuild.of_built(con, marts)
    if built is None:
        return None
    published = standing(settings.snapshot)
    around = [(year, published[year][0]) for year in (settings.year - 1, settings.year + 1) if year in published]
    read = fingerprints.of_tables(con, tables)
    return fingerprints.digest(
        [settings.year, settings.schemes, code_digest(), policy_digest(), built, around, sorted(read.items())]
    )


def _look(con: duckdb.DuckDBPyConnection, settings: Settings) -> Now | None:
    try:
        sql = f"select run_id, schemes from run.manifest where year = {settings.year:d}"
        manifest = con.execute(sql).fetchone()
        loads = con.execute(_LOADS.format(year=settings.year)).fetchall()
    except duckdb.CatalogException:
        return None
    if manifest is None:
        return None
    run_id, schemes = manifest
    published = standing(settings.snapshot)
    earlier = [(year, row[0]) for year, row in published.items() if year < settings.year]
    asked = [settings.year, settings.as_of, tuple(settings.schemes or schemes or ())]
    parts = [*asked, run_id, code_digest(), policy_digest(), loads, earlier]
    return Now(fingerprints.digest(parts), run_id, published.get(settings.year))


def _same(settings: Settings, stage: str, known: dict[str, Done], now: Now | None) -> bool:
    if now is None or stage not in known or known[stage].fingerprint != now.fingerprint:
        return False
    return _is_there(settings, stage, known, now)


def _is_there(settings: Settings, stage: str, known: dict[str, Done], now: Now) -> bool:
    """Tell whether what the stage wrote is still there: published as a whole, or in the working file."""
    out = _is_out(known, now)
    same_beside = now.beside(stage) == known[stage].beside
    if stage == "publish":
        return out and settings.approved_by in (None, now.standing[2])
    if stage == "report":
        return out and same_beside and (settings.published / "report" / str(settings.year) / "city.html").is_file()
    return out or (known[stage].stands and (same_beside or now.is_published))


def _is_out(known: dict[str, Done], now: Now) -> bool:
    all_done = all(n in known and known[n].fingerprint == now.fingerprint for n in (*WRITING, "publish"))
    return all_done and now.is_published
