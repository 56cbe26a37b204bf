"""Runs compiled models on a fresh DuckDB in memory, and gives the same rows to the reference implementation."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
from shapely import STRtree, from_wkb, points

from landgauge.settings import DBT_PROJECT
from scoring.indicators import CityYear
from tests.dbt.dbt_tables import DATASETS, OTHERS, definitions
from warehouse.db import extensions

from .project import MARTS, Compiled

Row = dict[str, Any]
SEEDS = ("energy_coefficient", "unit", "zone_type_rule")
TYPES = {"DOUBLE": pa.float64(), "DATE": pa.date32(), "BOOLEAN": pa.bool_(), "INTEGER": pa.int32()}
TYPES |= {
    "BLOB": pa.binary(),
    "BIGINT": pa.int64(),
    "TIMESTAMP": pa.timestamp("us"),
    "VARCHAR[]": pa.list_(pa.string()),
}
KEYS = "load_id:BIGINT row_no:BIGINT data_year:INTEGER"


@dataclass
class City:
    """Rows as ingestion leaves them: `rows` by dataset, `profile` by table, `policy` by seed (shipped where absent).

    Rows of `district_series` say their own `data_year`. `loads` are (dataset, data_year, state) of the ledger; `noise`
    are rows of another year, which must not matter.
    """

    name: str
    year: int
    rows: dict[str, list[Row]] = field(default_factory=dict)
    profile: dict[str, list[Row]] = field(default_factory=dict)
    policy: dict[str, list[Row]] = field(default_factory=dict)
    loads: list[tuple[str, int, str]] = field(default_factory=list)
    noise: dict[str, list[Row]] = field(default_factory=dict)
    city_code: str = "440100"

    @property
    def loaded(self) -> frozenset[str]:
        return frozenset(name for name, year, state in self.loads if year == self.year and state == "loaded")


@cache
def shipped(seed: str) -> list[Row]:
    """Return the rows of a policy seed; numbers as numbers, empty as None."""
    path = DBT_PROJECT / "seeds" / "policy" / f"{seed}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return [{k: _typed(v) for k, v in row.items()} for row in csv.DictReader(file)]


def for_reference(city: City) -> CityYear:
    """Return the city as the reference implementation takes it."""
    accepted = {name: arrow(f"{KEYS} {spec}", _rows(city, name)).to_pandas() for name, spec in DATASETS.items()}
    profile = {
        name: arrow(OTHERS[f"profile.{name}"], city.profile.get(name, [])).to_pandas()
        for name in ("district", "land_use", "industry")
    }
    policy = {name: pd.DataFrame(city.policy.get(name, shipped(name))) for name in SEEDS}
    hits = pd.DataFrame(point_hits(city), columns=["uscc", "parcel_code"])
    return CityYear(city.year, city.city_code, city.loaded, accepted, profile, policy, hits)


def point_hits(city: City) -> list[tuple[str, str]]:
    """Return which parcels hold the point of which enterprise, borders included."""
    shaped = [row for row in city.rows.get("parcels", []) if row.get("geometry")]
    placed = [row for row in city.rows.get("enterprises", []) if row.get("longitude") is not None]
    if not shaped or not placed:
        return []
    tree = STRtree(from_wkb([row["geometry"] for row in shaped]))
    found = tree.query(points([(row["longitude"], row["latitude"]) for row in placed]), predicate="intersects")
    return [(placed[i]["uscc"], shaped[j]["parcel_code"]) for i, j in found.T]


def run(city: City, compiled: Compiled) -> dict[str, list[Row]]:
    """Build the models on a database of their own and return the rows of each mart."""
    with duckdb.connect(":memory:", config={"threads": 1, "allow_unsigned_extensions": "true"}) as con:
        extensions(con)
        _schemas(con, compiled)
        _sources(con, city)
        for name, table in compiled.seeds.items():
            con.register("incoming", _policy(city, name, table))
            con.execute(f"create table policy.{name} as from incoming")
        for model in compiled.models:
            con.execute(f"create table {model.relation} as {model.sql}")
        relations = {model.name: model.relation for model in compiled.models}
        return {mart: con.execute(f"from {relations[mart]}").to_arrow_table().to_pylist() for mart in MARTS}


def arrow(spec: str, rows: Sequence[Row]) -> pa.Table:
    """Return rows as a table with the columns and types of one line of `dbt_tables`."""
    pairs = (item.split(":", 1) if ":" in item else (item, "VARCHAR") for item in spec.split())
    schema = pa.schema([(name, TYPES.get(kind, pa.string())) for name, kind in pairs])
    return pa.Table.from_pylist(list(rows), schema=schema)


def _schemas(con: duckdb.DuckDBPyConnection, compiled: Compiled) -> None:
    for schema in ("accepted", "ledger", "quarantine", "qc", "profile", "policy"):
        con.execute(f"create schema {schema}")
    places = [model.relation.split(".")[:2] for model in compiled.models]
    for catalog in sorted({catalog for catalog, _ in places} - {'"memory"'}):
        con.execute(f"attach ':memory:' as {catalog}")
    for catalog, schema in sorted(set(map(tuple, places))):
        con.execute(f"create schema if not exists {catalog}.{schema}")


def _policy(city: City, name: str, table: pa.Table) -> pa.Table:
    rows = city.policy.get(name)
    return table if rows is None else pa.Table.from_pylist(rows, schema=table.schema)


def _sources(con: duckdb.DuckDBPyConnection, city: City) -> None:
    for dataset, spec in DATASETS.items():
        columns = f"{KEYS} {spec}"
        con.execute(f"create table accepted.{dataset} ({definitions(columns)})")
        _fill(con, f"accepted.{dataset}", columns, [*_rows(city, dataset), *_rows(city, dataset, noise=True)])
    for table, spec in OTHERS.items():
        con.execute(f"create table {table} ({definitions(spec)})")
    loads = [{"dataset": name, "data_year": year, "state": state} for name, year, state in city.loads]
    _fill(con, "ledger.load", OTHERS["ledger.load"], loads)
    profile = city.profile | {"setting": [{"city_code": city.city_code, "projected_crs": "EPSG:4547"}]}
    for name, rows in profile.items():
        _fill(con, f"profile.{name}", OTHERS[f"profile.{name}"], rows)


def _rows(city: City, dataset: str, noise: bool = False) -> list[Row]:
    rows, year = (city.noise, city.year - 1) if noise else (city.rows, city.year)
    return [
        {"load_id": 1, "row_no": number, "data_year": year} | row for number, row in enumerate(rows.get(dataset, []), 1)
    ]


def _fill(con: duckdb.DuckDBPyConnection, table: str, spec: str, rows: Sequence[Row]) -> None:
    if rows:
        con.register("incoming", arrow(spec, rows))
        con.execute(f"insert into {table} by name from incoming")
        con.unregister("incoming")


def _typed(text: str) -> Any:
    if text in ("", "true", "false"):
        return text == "true" if text else None
    try:
        return float(text)
    except ValueError:
        return text
