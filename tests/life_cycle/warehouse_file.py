"""A working file with the facts of many agreements, and the contract models built on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from landgauge.settings import Settings
from tests.dbt.dbt_tables import DATASETS, OTHERS, definitions
from warehouse.transform import run_layer

from . import policy
from .records import Facts

Row = dict[str, Any]
TYPES = {
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "BOOLEAN": pa.bool_(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
}
TYPES |= {"VARCHAR": pa.string(), "BLOB": pa.binary()}
CARRIED = {
    "evaluated_year": "year:INTEGER",
    "parcel_value": "parcel_code year:INTEGER indicator_code numerator:DOUBLE denominator:DOUBLE value:DOUBLE "
    "null_reason",
    "parcel_year": "parcel_code year:INTEGER district_code zone_code land_use_code is_industrial:BOOLEAN "
    "site_area_m2:DOUBLE polygon_area_m2:DOUBLE land_price_cny10k:DOUBLE use_state enterprise_count:BIGINT "
    "floor_area_m2:DOUBLE fixed_investment_cny10k:DOUBLE",
    "occupant": "parcel_code uscc year:INTEGER share:DOUBLE",
}
SEEDS = ("resource_type:seed,tag:contracts", "indicator")
MODELS = ("path:models/staging", "resource_type:model,tag:contracts")
BUT = ("tag:publication",)  # what was published before stands in no file
ASSIGNMENT = ("raised_by", "district_code", "indicator_code", "assigned_to", "valid_from", "valid_to")


def write(path: Path, lives: Sequence[Facts]) -> None:
    """Write everything that the files of all years say of these agreements."""
    with duckdb.connect(str(path)) as con:
        for schema in ("accepted", "ledger", "quarantine", "qc", "profile", "carried", "run"):
            con.execute(f"create schema {schema}")
        for dataset, spec in DATASETS.items():
            keys = "load_id BIGINT, row_no BIGINT, data_year INTEGER"
            con.execute(f"create table accepted.{dataset} ({keys}, {definitions(spec)})")
        for table, spec in OTHERS.items():
            con.execute(f"create table {table} ({definitions(spec)})")
        for table, spec in CARRIED.items():
            con.execute(f"create table carried.{table} ({definitions(spec)})")
        con.execute("create table run.manifest (year integer, run_id varchar)")
        con.execute("insert into profile.setting by name select '440100' as city_code, 'EPSG:4547' as projected_crs")
        con.execute("insert into profile.land_use values ('M1', '工业用地', true)")
        for dataset, rows in _accepted(lives).items():
            _insert(con, f"accepted.{dataset}", f"row_no:BIGINT data_year:INTEGER {DATASETS[dataset]}", rows)
        _carry(con, lives)


def arrange(path: Path) -> None:
    """Put the comparison's own arrangements in the place of the shipped ones (D3, F1, section 2)."""
    with duckdb.connect(str(path)) as con:
        con.execute("delete from policy.contract_assignment")
        for row in policy.ASSIGNMENTS:
            con.execute(
                f"insert into policy.contract_assignment ({', '.join(ASSIGNMENT)}) values (?, ?, ?, ?, ?, ?)", row
            )
        con.execute("delete from policy.contract_department")
        for place, name in enumerate(policy.DEPARTMENTS, 1):
            sql = "insert into policy.contract_department (department, department_order) values (?, ?)"
            con.execute(sql, [name, place])
        con.execute("delete from policy.contract_evidence")
        for stage, indicator in policy.THREE_YEARS:
            sql = "insert into policy.contract_evidence (stage, indicator_code, years) values (?, ?, 3)"
            con.execute(sql, [stage, indicator])


def seed(path: Path) -> None:
    """Build the policy tables of the contract models."""
    _run(path, 2000, date(2000, 12, 31), SEEDS)


def build(path: Path, year: int, as_of: date) -> None:
    """Build the contract models for what is known by the year on the day."""
    _run(path, year, as_of, MODELS)


def build_again(path: Path, year: int, as_of: date) -> None:
    """Build for another day of the same knowledge year: staging does not know the day."""
    _run(path, year, as_of, MODELS[1:])


def _run(path: Path, year: int, as_of: date, only: tuple[str, ...]) -> None:
    with duckdb.connect(str(path)) as con:
        con.execute("delete from run.manifest")
        con.execute("insert into run.manifest (year, run_id) values (?, '0123456789abcdef')", [year])
    run_layer(Settings(path.parent, year, as_of, threads=2), "contracts", only, BUT)


def _accepted(lives: Sequence[Facts]) -> dict[str, list[Row]]:
    tables: dict[str, list[Row]] = {
        "agreements": [asdict(a) for f in lives for a in f.agreements],
        "parcel_changes": [asdict(c) for f in lives for c in f.changes],
        "parcels": [_parcel(f, code) for f in lives for code in _codes(f)],
    }
    of_agreement = {"agreement_targets": "targets", "agreement_events": "events"}
    of_agreement |= {"verdicts": "verdicts", "self_reports": "self_reports"}
    for dataset, name in of_agreement.items():
        tables[dataset] = [{"agreement_no": f.agreement_no} | asdict(row) for f in lives for row in getattr(f, name)]
    for rows in tables.values():
        for number, row in enumerate(rows, 1):
            row["row_no"] = number
    return tables


def _codes(facts: Facts) -> list[str]:
    return sorted({facts.agreements[0].parcel_code} | {c.new_parcel_code for c in facts.changes})


def _parcel(facts: Facts, code: str) -> Row:
    where = {"district_code": facts.district_code, "zone_code": facts.zone_code}
    return {"data_year": 1990, "parcel_code": code, "land_use_code": "M1", "site_area_m2": 10000.0} | where


def _carry(con: duckdb.DuckDBPyConnection, lives: Sequence[Facts]) -> None:
    values = [asdict(v) | _quotient(v.numerator, v.denominator) for f in lives for v in f.values]
    _insert(con, "carried.parcel_value", CARRIED["parcel_value"], values)
    years = [_parcel(f, b.parcel_code) | {"is_industrial": True} | _built(b) for f in lives for b in f.built]
    _insert(con, "carried.parcel_year", CARRIED["parcel_year"], years)
    con.execute("insert into carried.evaluated_year select range from range(1990, 2041)")


def _quotient(numerator: float | None, denominator: float | None) -> Row:
    known = numerator is not None and denominator
    return {"value": numerator / denominator if known else None, "null_reason": None if known else "value_missing"}


def _built(row: Any) -> Row:
    """Half of the investment is land; a land price alone makes no investment."""
    half = None if row.investment_cny10k is None else row.investment_cny10k / 2
    return {"year": row.year, "floor_area_m2": row.floor_area_m2} | {
        "land_price_cny10k": 100.0 if half is None else half,
        "fixed_investment_cny10k": half,
        "enterprise_count": 1,
    }


def _insert(con: duckdb.DuckDBPyConnection, table: str, spec: str, rows: Iterable[Row]) -> None:
    rows = list(rows)
    columns = [item.split(":") if ":" in item else [item, "VARCHAR"] for item in spec.split()]
    fields = {name: pa.array([row.get(name) for row in rows], TYPES[kind]) for name, kind in columns}
    con.register("given", pa.table(fields))
    con.execute(f"insert into {table} by name select * from given")
    con.unregister("given")
