"""Profiles of the accepted rows of a year and the year before: a dataset of any size becomes a few hundred figures."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.contract import Column, Contract
from expectations.limits import Limits
from expectations.rules import row_rules

THIS, LAST = "this", "last"
QUANTILES = {"p01": 0.01, "p50": 0.5, "p99": 0.99}
Figure = int | Decimal
_SAMPLE = "sample:"
_PARTS = 1000  # totals are exact to so many parts of a unit


@dataclass(frozen=True)
class Profile:
    """Counts and totals of one dataset by period and district.

    `figures[period, district]` holds `rows`, `filled:<column>`, `zero:<column>`, `total:<column>` and, of a large
    dataset, `broken:<rule>`; district None stands for rows that belong to no district; `totals[period]` are the same
    over all districts. `quantiles[period][column]`
    are p01, p50 and p99. `duplicates` counts surplus keys of a large dataset, None elsewhere. `delivered` are the
    columns that this period's files contain.
    """

    contract: Contract
    columns: tuple[Column, ...]
    large: bool
    figures: Mapping[tuple[str, str | None], Mapping[str, Figure]]
    totals: Mapping[str, Mapping[str, Figure]]
    quantiles: Mapping[str, Mapping[str, tuple[float, ...]]]
    duplicates: int | None
    delivered: frozenset[str]

    def sum(self, period: str, label: str) -> Figure:
        """Return a figure over all districts; 0 without rows."""
        return self.totals[period].get(label, 0)

    def counts(self, label: str) -> bool:
        """Return whether such a figure is taken at all."""
        return label in self.totals[THIS]

    @property
    def has_last(self) -> bool:
        """Return whether the year before is loaded."""
        return self.sum(LAST, "rows") > 0

    def districts(self) -> list[str]:
        """Return every district that has rows in either year, in order."""
        return sorted({district for _, district in self.figures if district is not None})


def is_yearly(contract: Contract, limits: Limits) -> bool:
    """Return whether one year's rows stand beside those of the year before."""
    return contract.scope == "year" or contract.dataset in limits.history.also


def read_profiles(
    con: duckdb.DuckDBPyConnection, year: int, contracts: Mapping[str, Contract], limits: Limits
) -> dict[str, Profile]:
    """Return the profile of every dataset that has accepted rows which the year reads, by dataset in order."""
    tables = _tables(con)
    found: dict[str, Profile] = {}
    for name, contract in contracts.items():
        if name not in tables:
            continue
        reader = _Reader(con, year, contract, contracts, tables, limits)
        if reader.rows:
            found[name] = reader.profile()
    for register in contracts:
        con.execute(f"drop table if exists {_places(register)}")
    return found


def rows_sql(contract: Contract, year: int, limits: Limits) -> str:
    """Return the condition on `data_year` of the rows that the year reads."""
    return f"data_year = {year:d}" if is_yearly(contract, limits) else f"data_year <= {year:d}"


def _tables(con: duckdb.DuckDBPyConnection) -> dict[str, frozenset[str]]:
    rows = con.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'accepted'"
    ).fetchall()
    found: dict[str, set[str]] = defaultdict(set)
    for table, column in rows:
        found[table].add(column)
    return {table: frozenset(columns) for table, columns in found.items()}


class _Reader:
    """The queries of one dataset."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        year: int,
        contract: Contract,
        contracts: Mapping[str, Contract],
        tables: Mapping[str, frozenset[str]],
        limits: Limits,
    ) -> None:
        self.con, self.year, self.contract, self.limits = con, year, contract, limits
        self.contracts, self.tables = contracts, tables
        self.columns = tuple(c for c in contract.columns if c.name in tables[contract.dataset])
        self.yearly = is_yearly(contract, limits)
        self.this = rows_sql(contract, year, limits)
        self.read = f"data_year in ({year - 1:d}, {year:d})" if self.yearly else self.this
        self.rows = self._rows()

    def _rows(self) -> int:
        """Accepted rows that the year reads, as the ledger counts them: a count of the rows is a scan of its own."""
        return self._one(
            f"select coalesce(sum(accepted), 0) from ledger.load where dataset = '{self.contract.dataset}' "
            f"and state = 'loaded' and {self.this}"
        )

    def profile(self) -> Profile:
        """Read everything of the dataset."""
        large = self.rows > self.limits.rows_limit
        found = self._read(self._aggregates(large) | self._samples())
        figures = _figures(found)
        return Profile(
            contract=self.contract,
            columns=self.columns,
            large=large,
            figures=figures,
            totals={p: merged(f for (when, _), f in figures.items() if when == p) for p in (THIS, LAST)},
            quantiles={period: _quantiles(found, period) for period in (THIS, LAST)},
            duplicates=self._duplicates() if large else None,
            delivered=self._delivered(),
        )

    def _one(self, sql: str) -> int:
        row = self.con.execute(sql).fetchone()
        return int(row[0]) if row else 0

    def _read(self, aggregates: Mapping[str, str]) -> pa.Table:
        """Period, district and the aggregates of each, in one scan; of a large dataset every n-th row is sampled."""
        every = max(1, (self.rows - 1) // self.limits.quantile_rows + 1)
        district, joined = self._district()
        listed = ", ".join(f'{sql} as "{label}"' for label, sql in aggregates.items())
        return self.con.execute(
            f"""select if({self.this.replace("data_year", "r.data_year")}, '{THIS}', '{LAST}') as period,
                {district} as district, {listed}
            from (
                select *, hash(row_no) % {every} = 0 as sampled from accepted.{self.contract.dataset} where {self.read}
            ) as r {joined}
            group by all order by period, district"""
        ).to_arrow_table()

    def _aggregates(self, large: bool) -> dict[str, str]:
        found = {"rows": "count(*)"}
        for column in self.columns:
            name = f'r."{column.name}"'
            found[f"filled:{column.name}"] = f"count({name})"
            if column.type == "number":
                found[f"zero:{column.name}"] = f"count_if({name} = 0)"
            if column.type == "number" and column.unit in self.limits.history.units:
                # whole thousandths add up to the same total in any order; decimals do too, at twice the cost
                found[f"total:{column.name}"] = f"coalesce(sum(try_cast({name} * {_PARTS} as bigint)), 0)"
        present = {column.name for column in self.columns}
        for rule in row_rules(self.contract) if large else ():
            if rule.columns <= present:
                found[f"broken:{rule.check.name}"] = f"count_if({rule.broken})"
        return found

    def _samples(self) -> dict[str, str]:
        """The values that quantiles are taken from: the same rows each time."""
        numbers = [c.name for c in self.columns if c.type == "number" and c.unit != "degree"]
        return {
            f"{_SAMPLE}{name}": f'list(r."{name}") filter (where sampled and r."{name}" is not null)'
            for name in numbers
        }

    def _district(self) -> tuple[str, str]:
        """SQL of the row's district and the join that gives it: the row's own, else that of the first reference."""
        if self.contract.has("district_code"):
            return "r.district_code", ""
        for reference in self.contract.references if self.contract.dataset in self.limits.history.placed else ():
            other = self.contracts.get(reference.dataset)
            if other is None or not other.has("district_code") or len(other.key) != 1:
                continue
            if other.scope != "year" or other.dataset not in self.tables:
                continue
            self.con.execute(
                f"create temp table if not exists {_places(other.dataset)} as "
                f"select hash(data_year, {other.key[0]}) as code, district_code from accepted.{other.dataset} "
                f"where data_year in ({self.year - 1:d}, {self.year:d})"
            )
            on = f'place.code = hash(r.data_year, r."{reference.column}")'
            return "place.district_code", f"left join {_places(other.dataset)} as place on {on}"
        return "cast(null as varchar)", ""

    def _duplicates(self) -> int:
        key = ", ".join(f'"{name}"' for name in ("data_year", *self.contract.key))  # hashed: twice as fast
        return self._one(
            f"""select coalesce(sum(n - 1), 0) from (
                select count(*) as n from accepted.{self.contract.dataset} where {self.this} group by hash({key})
            ) where n > 1"""
        )

    def _delivered(self) -> frozenset[str]:
        rows = self.con.execute(
            f"""select distinct c.column_name from ledger.load_column as c join ledger.load as l using (load_id)
            where l.dataset = ? and l.state = 'loaded' and c.column_name is not null and l.{self.this}""",
            [self.contract.dataset],
        ).fetchall()
        return frozenset(row[0] for row in rows)


def _places(register: str) -> str:
    """Name of the table of a register's keys, hashed (half the cost of the texts), with the district of each."""
    return f"gate_place_{register}"


def _figures(found: pa.Table) -> dict[tuple[str, str | None], dict[str, Figure]]:
    labels = [name for name in found.column_names[2:] if not name.startswith(_SAMPLE)]
    rows = found.select(["period", "district", *labels]).to_pylist()
    return {(row["period"], row["district"]): {label: _figure(label, row[label]) for label in labels} for row in rows}


def _figure(label: str, found: int | Decimal | None) -> Figure:
    """A count or total as it was found; a count over empty cells alone is none."""
    return Decimal(found or 0) / _PARTS if label.startswith("total:") else int(found or 0)


def _quantiles(found: pa.Table, period: str) -> dict[str, tuple[float, ...]]:
    """p01, p50 and p99 of each sampled column over all districts: values of the sample, as `quantile_disc` has them."""
    part = found.filter(pc.equal(found["period"], period))
    quantiles = {}
    for label in (name for name in found.column_names if name.startswith(_SAMPLE)):
        values = np.sort(pc.list_flatten(part[label]).to_numpy())
        count = len(values)
        places = [max(1, count - math.floor(count - count * q)) - 1 for q in QUANTILES.values()]
        if count:
            quantiles[label.removeprefix(_SAMPLE)] = tuple(float(values[place]) for place in places)
    return quantiles


def successors(con: duckdb.DuckDBPyConnection, year: int) -> dict[str, str]:
    """Return, for district codes that have ended before the year, the code that follows them in that year."""
    rows = con.execute(
        "select code, successor_code from profile.district where successor_code is not null and valid_to_year < ? "
        "order by code, valid_from_year",
        [year],
    ).fetchall()
    valid = set(valid_districts(con, year))
    following = {code: after for code, after in rows if code not in valid}
    return {code: _follow(code, following) for code in following}


def valid_districts(con: duckdb.DuckDBPyConnection, year: int) -> list[str]:
    """Return the district codes of the profile that are valid in the year, in order."""
    rows = con.execute(
        "select distinct code from profile.district where coalesce(valid_from_year, ?) <= ? "
        "and coalesce(valid_to_year, ?) >= ? order by code",
        [year] * 4,
    ).fetchall()
    return [row[0] for row in rows]


def _follow(code: str, following: Mapping[str, str]) -> str:
    seen: set[str] = set()
    while code in following and code not in seen:
        seen.add(code)
        code = following[code]
    return code


def ratio(over: Figure | float | None, under: Figure | float | None) -> float | None:
    """Return one figure over another as a float; None where either is missing or the lower one is not above 0."""
    return float(over) / float(under) if over is not None and under is not None and under > 0 else None


def merged(figures: Iterable[Mapping[str, Figure]]) -> dict[str, Figure]:
    """Return the sum of figures by label."""
    found: dict[str, Figure] = defaultdict(int)
    for part in figures:
        for label, value in part.items():
            found[label] += value
    return dict(found)
