"""A GeoPackage with names, units and styles inside; equal marts give equal bytes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyogrio

from reporting.layers.features import Layer
from reporting.layers.styles import Style

CRS = "EPSG:4490"
# As QGIS lays it out: https://docs.qgis.org/ (layer styles in databases).
_STYLES = """
create table layer_styles (
    id integer primary key autoincrement not null, f_table_catalog text(256), f_table_schema text(256),
    f_table_name text(256), f_geometry_column text(256), styleName text(30), styleQML text, styleSLD text,
    useAsDefault boolean, description text, owner text(30), ui text(30), update_time datetime
)"""
_STYLE = "insert into layer_styles values (null, '', '', ?, 'geometry', ?, ?, ?, ?, ?, '', null, ?)"
_NAMES = """
create table if not exists gpkg_data_columns (
    table_name text not null, column_name text not null, name text, title text, description text, mime_type text,
    constraint_name text, constraint pk_gdc primary key (table_name, column_name),
    constraint gdc_tn unique (table_name, name)
)"""
_CONSTRAINTS = """
create table if not exists gpkg_data_column_constraints (
    constraint_name text not null, constraint_type text not null, value text, min numeric, min_is_inclusive boolean,
    max numeric, max_is_inclusive boolean, description text,
    constraint gdcc_ntv unique (constraint_name, constraint_type, value)
)"""
_EXTENSION = """
insert into gpkg_extensions
values (?, null, 'gpkg_schema', 'http://www.geopackage.org/spec/#extension_schema', 'read-write')"""


@dataclass(frozen=True)
class Filled:
    """A layer with its features (column `geometry` is WKB or null), what a reader must know, and its styles."""

    layer: Layer
    table: pa.Table
    about: str
    styles: Sequence[Style]


def write(target: Path, layers: Sequence[Filled], day: date) -> None:
    """Write the layers to a new GeoPackage; `day` stands in it as the time of its last change."""
    moment = f"{day.isoformat()}T00:00:00.000Z"
    with _dated(moment):
        for filled in layers:
            _features(target, filled)
    with closing(sqlite3.connect(target)) as con, con:
        _names(con, layers)
        _styles(con, layers, moment)
    with closing(sqlite3.connect(target)) as con:
        con.execute("vacuum")


@contextmanager
def _dated(moment: str) -> Iterator[None]:
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": moment})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _features(target: Path, filled: Filled) -> None:
    layer = filled.layer
    pyogrio.write_arrow(
        filled.table,
        target,
        layer=layer.name,
        driver="GPKG",
        geometry_name="geometry",
        geometry_type=layer.kind,
        crs=CRS,
        dataset_options={"VERSION": "1.2"},
        layer_options={
            "GEOMETRY_NAME": "geometry",
            "SPATIAL_INDEX": "YES",
            "IDENTIFIER": layer.title,
            "DESCRIPTION": filled.about,
        },
        append=False,
    )


def _names(con: sqlite3.Connection, layers: Sequence[Filled]) -> None:
    """Chinese names and units of the fields, in the schema extension of the format."""
    con.execute(_NAMES)
    for table in ("gpkg_data_columns", "gpkg_data_column_constraints"):
        con.execute(_EXTENSION, [table])
    con.execute(_CONSTRAINTS)
    rows = []
    for layer in (filled.layer for filled in layers):
        headers = [field.header for field in layer.fields]
        for field in layer.fields:
            unique = field.header if headers.count(field.header) == 1 else f"{field.header} {field.name}"
            rows.append((layer.name, field.name, unique, field.header, field.header))
    con.executemany("insert into gpkg_data_columns values (?, ?, ?, ?, ?, null, null)", rows)


def _styles(con: sqlite3.Connection, layers: Sequence[Filled], moment: str) -> None:
    con.execute(_STYLES)
    rows = [(s.layer, s.name, s.qml, s.sld, s.default, s.title, moment) for filled in layers for s in filled.styles]
    con.executemany(_STYLE, rows)
    con.execute(
        "insert into gpkg_contents (table_name, data_type, identifier, description, last_change) "
        "values ('layer_styles', 'attributes', 'layer_styles', '', ?)",
        [moment],
    )
