"""Quarantined shares of the datasets that a year reads, from the ledger, and what the profile allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from expectations.contract import Contract
from landgauge.errors import StageFailed

# A rejected file that was handed in again under its name is settled by the newer one.
_READ = """
with newest as (
    select *, load_id = max(load_id) over (partition by dataset, data_year, file_name) as is_newest
    from ledger.load
)
select
    dataset,
    coalesce(sum(accepted) filter (where state = 'loaded'), 0) as accepted,
    coalesce(sum(quarantined) filter (where state = 'loaded'), 0) as quarantined,
    coalesce(sum(quarantined) filter (where state = 'rejected'), 0) as rejected,
    count(*) filter (where state = 'loaded') as loads,
    count(*) filter (where state = 'rejected') as rejected_files
from newest
where
    (state = 'loaded' or (state = 'rejected' and superseded_by is null and is_newest))
    and (data_year = $year or (data_year < $year and list_contains($running, dataset)))
group by dataset
order by dataset
"""


@dataclass(frozen=True)
class Limits:
    """The profile's limits: above `tolerated` the run complains, above `stop` it stops."""

    tolerated: float
    stop: float


@dataclass(frozen=True)
class Share:
    """Rows of one dataset as the year reads it; `rejected`: rows of files that were rejected whole."""

    dataset: str
    name_zh: str
    accepted: int
    quarantined: int
    rejected: int
    loads: int
    rejected_files: int

    @property
    def stop_rows(self) -> int:
        """Rows that count for the stop: files rejected whole left out."""
        return self.accepted + self.quarantined

    @property
    def stop_share(self) -> float | None:
        """Quarantined share without the files rejected whole; None without rows."""
        return self.quarantined / self.stop_rows if self.stop_rows else None

    @property
    def complaint_rows(self) -> int:
        """Rows that count for the complaint: those of rejected files too."""
        return self.stop_rows + self.rejected

    @property
    def complaint_share(self) -> float | None:
        """Quarantined share with the rows of files rejected whole; None without rows."""
        return (self.quarantined + self.rejected) / self.complaint_rows if self.complaint_rows else None


def read_shares(con: duckdb.DuckDBPyConnection, year: int, contracts: Mapping[str, Contract]) -> tuple[Share, ...]:
    """Return the shares of every dataset with a current load that the year reads, in order of dataset.

    Superseded loads are left out; a dataset without a file does not appear.
    """
    running = [name for name, contract in contracts.items() if contract.scope == "running"]
    rows = con.execute(_READ, {"year": year, "running": running}).fetchall()
    names = {name: contract.name_zh for name, contract in contracts.items()}
    return tuple(Share(row[0], names.get(row[0], row[0]), *map(int, row[1:])) for row in rows)


def read_limits(con: duckdb.DuckDBPyConnection) -> Limits:
    """Return the profile's gate limits. Raises StageFailed where nothing was ingested yet."""
    try:
        row = con.execute("select gate_tolerated_share, gate_stop_share from profile.setting").fetchone()
    except duckdb.CatalogException:
        row = None
    if row is None:
        raise StageFailed(
            "仓库里还没有入库数据,无法检查 (nothing was ingested into this warehouse, so there is nothing to check)",
            "Run `landgauge ingest` for this year first.",
        )
    return Limits(float(row[0]), float(row[1]))
