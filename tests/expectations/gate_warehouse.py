"""A warehouse made by hand: the tables that ingestion leaves behind, straight with DuckDB."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from expectations.contract import Column, Contract, read_contracts
from landgauge.settings import Settings, year_end

YEAR = 2024

_TABLES = """
create schema ledger; create schema accepted; create schema quarantine; create schema profile;
create table ledger.load (
    load_id bigint, file_sha256 varchar, dataset varchar, data_year integer, file_name varchar, rows_in bigint,
    accepted bigint, quarantined bigint, superseded bigint, state varchar, reason varchar, rules_sha256 varchar,
    loaded_at timestamp, superseded_by bigint, run_id varchar
);
create table ledger.load_column (
    load_id bigint, source_column varchar, column_name varchar, given_unit varchar, factor double
);
create table quarantine.finding (
    load_id bigint, dataset varchar, data_year integer, row_no bigint, rule_code varchar, column_name varchar,
    value varchar, original_row varchar, severity varchar, message_zh varchar, message_en varchar, next_step varchar,
    origin varchar
);
create table profile.setting as
select '440100' as city_code, 0.05 as gate_tolerated_share, 0.5 as gate_stop_share;
create table profile.district (
    code varchar, name_zh varchar, valid_from_year integer, valid_to_year integer, successor_code varchar
);
insert into profile.district values
    ('440112', '黄埔区', 2014, null, null),
    ('440115', '南沙区', 2005, null, null),
    ('440116', '萝岗区', 2005, 2013, '440112');
"""


@dataclass
class Made:
    """A warehouse being made; rows are inserted column by name, what is not named stays empty."""

    settings: Settings
    loads: int = 0
    contracts: dict[str, Contract] = field(default_factory=read_contracts)

    def run(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.settings.database)) as con:
            return con.execute(sql, list(values)).fetchall()

    def load(
        self,
        dataset: str,
        select: str = "",
        *,
        year: int = YEAR,
        quarantined: int = 0,
        state: str = "loaded",
        file_name: str = "",
        columns: tuple[str, ...] = (),
    ) -> int:
        """Enter a load; `select` gives its accepted rows by column name and may use load_id, row_no (range) freely."""
        self.loads += 1
        name = file_name or f"{dataset}/{year}/{self.loads}.csv"
        with duckdb.connect(str(self.settings.database)) as con:
            con.execute(_table(self.contracts[dataset]))
            if select:
                con.execute(
                    f"insert into accepted.{dataset} by name select {self.loads} as load_id, {year} as data_year, "
                    f"row_number() over () as row_no, * from ({select})"
                )
            (accepted,) = con.execute(
                f"select count(*) from accepted.{dataset} where load_id = {self.loads}"
            ).fetchone()
            rows = accepted + quarantined
            counts = (0, 0, rows) if state == "superseded" else (accepted, quarantined, 0)
            values = [self.loads, f"{self.loads:064d}", dataset, year, name, rows, *counts, state]
            con.execute(f"insert into ledger.load values ({', '.join('?' * 10)}, null, null, null, null, null)", values)
            for column in columns:
                con.execute("insert into ledger.load_column values (?, ?, ?, null, 1)", [self.loads, column, column])
        return self.loads

    def gate(self, year: int = YEAR) -> dict[str, tuple[bool, str, str]]:
        """Rows of run.gate by `suite.expectation`: success, observed, level."""
        rows = self.run("select suite, expectation, success, observed, level from run.gate where year = ?", year)
        return {f"{row[0]}.{row[1]}": row[2:] for row in rows}


def _table(contract: Contract) -> str:
    columns = ", ".join(f'"{c.name}" {_sql_type(c)}' for c in contract.columns)
    return (
        f"create table if not exists accepted.{contract.dataset} "
        f"(load_id bigint, row_no bigint, data_year integer, {columns})"
    )


def _sql_type(column: Column) -> str:
    return {"number": "double", "year": "integer", "date": "date", "flag": "boolean", "geometry": "blob"}.get(
        column.type, "varchar"
    )


def parcels(count: int, district: str = "'440112'", area: str = "10000.0 + range") -> str:
    """SQL of so many good parcels."""
    return (
        f"select lpad(range::varchar, 19, '0') as parcel_code, {district} as district_code, 'M1' as land_use_code, "
        f"{area} as site_area_m2, '在用' as use_state from range({count})"
    )


def operations(count: int, output: str = "1000.0 + range", added: str = "200.0") -> str:
    """SQL of so many firms' figures."""
    return (
        f"select 'U' || range as uscc, {output} as output_cny10k, {added} as value_added_cny10k, "
        f"10.0 as employees from range({count})"
    )


def make(folder: Path) -> Made:
    """An empty warehouse in a folder, with the city's profile in it."""
    found = Made(Settings(warehouse=folder / "warehouse", year=YEAR, as_of=year_end(YEAR)))
    found.settings.warehouse.mkdir()
    found.run(_TABLES)
    return found
