"""Quarantined shares of the datasets that a year reads, from the ledger, and what the profile allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import yaml

from expectations.contract import FOLDER, Contract
from landgauge.errors import ConfigurationError, StageFailed

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


# By rule code and, rows that break a rule in several columns once, by rule.
_BROKEN = """
with found as (
    select f.dataset, f.load_id, f.row_no, f.rule_code
    from quarantine.finding as f join ledger.load as l using (load_id)
    where l.state = 'loaded' and f.row_no > 0
        and (l.data_year = $year or (l.data_year < $year and list_contains($running, l.dataset)))
)
select dataset, rule_code as rule, count(distinct (load_id, row_no)) from found group by all
union
select dataset, split_part(rule_code, ':', 1), count(distinct (load_id, row_no)) from found group by all
"""
_MESSAGES = FOLDER.parent / "messages.yml"


@dataclass(frozen=True)
class Limits:
    """The profile's limits: above `tolerated` the run complains, above `stop` it stops.

    `rules`: tolerated shares of single rules, by rule code or by rule.
    """

    tolerated: float
    stop: float
    rules: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RuleShare:
    """Rows of one dataset's loaded files that break one rule, and the share of them that the profile tolerates."""

    dataset: str
    name_zh: str
    rule: str
    broken: int
    rows: int
    tolerated: float

    @property
    def share(self) -> float:
        """Share of the rows of loaded files."""
        return self.broken / self.rows


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
    try:
        rules = con.execute("select rule, tolerated_share from profile.gate_rule order by rule").fetchall()
    except duckdb.CatalogException:
        rules = []
    return Limits(float(row[0]), float(row[1]), dict(rules))


def require_known(allowed: Limits, contracts: Mapping[str, Contract]) -> None:
    """Raise ConfigurationError where the profile tolerates a share of a rule that does not exist."""
    if not allowed.rules:
        return
    known = {name.split(":")[0] for name in yaml.safe_load(_MESSAGES.read_text(encoding="utf-8"))} - {"file"}
    columns = {column.name for contract in contracts.values() for column in contract.columns} | {"row", "data_year"}
    for code in allowed.rules:
        rule, _, named = code.partition(":")
        if rule not in known or (named and not columns.issuperset(named.split("+"))):
            raise ConfigurationError(
                f"city.yml: gate.rules: {code!r} 不是规则代码 (no rule code)",
                f"Write a rule ({', '.join(sorted(known))}) or rule:column.",
            )


def read_rule_shares(
    con: duckdb.DuckDBPyConnection,
    year: int,
    contracts: Mapping[str, Contract],
    read: tuple[Share, ...],
    allowed: Limits,
) -> tuple[RuleShare, ...]:
    """Return, for each rule with a tolerated share of its own, the datasets whose rows break it, in order."""
    if not allowed.rules:
        return ()
    running = [name for name, contract in contracts.items() if contract.scope == "running"]
    broken = {tuple(row[:2]): row[2] for row in con.execute(_BROKEN, {"year": year, "running": running}).fetchall()}
    return tuple(
        RuleShare(share.dataset, share.name_zh, rule, broken[share.dataset, rule], share.stop_rows, tolerated)
        for share in read
        for rule, tolerated in sorted(allowed.rules.items())
        if (share.dataset, rule) in broken
    )
