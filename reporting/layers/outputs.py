"""`landgauge layers`: the published marts of a year as GeoPackage and GeoParquet, with styles."""

from __future__ import annotations

from pathlib import Path

import duckdb

from landgauge.errors import StageFailed
from landgauge.settings import StageResult, year_end
from landgauge.sql import literal
from reporting.contracts.folder import replaced
from reporting.layers import geopackage
from reporting.layers.features import Layer, about, make_layers
from reporting.layers.geopackage import CRS, Filled
from reporting.layers.styles import styles_of
from reporting.marts import Marts
from reporting.workbooks.lists import make_lists
from warehouse import db
from warehouse.published import open_snapshot

_SIGN = ".landgauge-layers"


def write_layers(warehouse: Path, year: int, target: Path | None = None) -> StageResult:
    """Write the layers of a published year to a folder, which is replaced at once.

    `landgauge_<year>.gpkg` holds all layers with their styles; `<layer>_<year>.parquet` each as GeoParquet 1.0;
    `<layer>.qml` and `.sld` the styles. Rows: features by layer. Raises StageFailed where the year is not published
    or holds no shape, ConfigurationError where `target` holds other files.
    """
    target = target or warehouse / "published" / "layers" / str(year)
    with open_snapshot(warehouse / "published" / "current.duckdb") as con:
        marts = Marts(con, year)
        db.extensions(con)
        make_lists(marts)
        layers = make_layers(marts)
        if not layers:
            raise StageFailed(f"no unit of {year} has a shape", "Hand in parcels with polygons, or district outlines.")
        with replaced(target, _SIGN) as building:
            filled = [_filled(marts, layer) for layer in layers]
            day = marts.run["as_of_date"] or year_end(year)
            geopackage.write(building / f"landgauge_{year}.gpkg", filled, day)
            for one in filled:
                _geoparquet(con, building / f"{one.layer.name}_{year}.parquet", one.layer)
                _beside(building, one)
    return StageResult(rows={layer.name: layer.features for layer in layers})


def _filled(marts: Marts, layer: Layer) -> Filled:
    said = about(marts, layer)
    return Filled(layer, marts.arrow(f"select * from layer_{layer.name} order by rowid"), said, styles_of(layer, said))


def _geoparquet(con: duckdb.DuckDBPyConnection, path: Path, layer: Layer) -> None:
    shape = f"st_setcrs(st_geomfromwkb(geometry), '{CRS}')"
    con.execute(
        f"copy (select * replace ({shape} as geometry) from layer_{layer.name} order by rowid) "
        f"to {literal(str(path))} (format parquet, compression zstd, geoparquet_version 'V1')"
    )


def _beside(folder: Path, filled: Filled) -> None:
    """Write the styles as files: the default under the name of the layer, others with the name of their scheme."""
    for style in filled.styles:
        name = style.layer if style.default else f"{style.layer}_{style.name}"
        (folder / f"{name}.qml").write_text(style.qml, encoding="utf-8", newline="\n")
        (folder / f"{name}.sld").write_text(style.sld, encoding="utf-8", newline="\n")
