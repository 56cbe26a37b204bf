"""Layers of GeoPackage, GeoJSON and Shapefile, and Parquet, as relations over what the reading process wrote."""

from __future__ import annotations

from typing import Any

import duckdb

from ingestion.source import Part, Request, SourceField, relation_name
from landgauge.sql import literal


def read_layer(con: duckdb.DuckDBPyConnection, request: Request) -> list[Part]:
    """Read a GeoPackage, GeoJSON or Shapefile layer into one relation with `wkb`, in file order.

    Raises Rejected where the layer cannot be read, or several layers stand and none is named.
    """
    entry = request.entry
    options = {"layer": entry.layer, "encoding": entry.encoding} if entry else {"layer": None, "encoding": None}
    return [_part(con, request, request.ask(request.kind, **options))]


def read_parquet(con: duckdb.DuckDBPyConnection, request: Request) -> list[Part]:
    """Read a Parquet or GeoParquet file into one relation, in file order. Raises Rejected where it is broken."""
    return [_part(con, request, request.ask("parquet"))]


def _part(con: duckdb.DuckDBPyConnection, request: Request, layer: dict[str, Any]) -> Part:
    request.notes.extend(layer["notes"])
    source = f"read_parquet({literal(layer['path'])})"
    relation = relation_name(1)
    con.execute(f"create or replace temp view {relation} as select *, cast(null as varchar) as extra from {source}")
    types = {row[0]: row[1] for row in con.execute(f"describe {relation}").fetchall()}
    names = [f"c{i}" for i in range(1, len(layer["headers"]) + 1)]
    fields = tuple(SourceField(h, n, types[n]) for h, n in zip(layer["headers"], names, strict=True))
    return Part(relation, fields, has_geometry=layer["has_geometry"], crs=layer["crs"])
