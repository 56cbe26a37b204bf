"""Outlines of districts: a GeoJSON, GeoPackage or Shapefile beside `city.yml`, read into longitude and latitude."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landgauge.errors import ConfigurationError

CRS = "EPSG:4490"
_ADVICE = "Give `district_outlines: {file: …, code: …, tolerance_m: …}`; docs/mapping.md explains them."


def read(folder: Path, given: Any, named_in: Path) -> list[dict[str, Any]]:
    """Return code, wkb (hexadecimal, EPSG:4490) and tolerance_m of each district, in order of code.

    `given` is the file's name, or a mapping with `file`, `code` (the property that holds the district code) and
    `tolerance_m` (how far the outlines may be off). Raises ConfigurationError where the file cannot serve.
    """
    options = {"file": given} if isinstance(given, str) else given
    if not isinstance(options, dict) or not isinstance(options.get("file"), str) or set(options) - _KEYS:
        raise ConfigurationError(f"{named_in}: district_outlines: {given!r:.80} is not understood", _ADVICE)
    path, column = folder / options["file"], str(options.get("code", "code"))
    if not path.is_file():
        raise ConfigurationError(f"{named_in}: names {path.name}, which is not beside it", _ADVICE)
    shapes = _shapes(path, column, named_in)
    return [{"code": code, "wkb": wkb, "tolerance_m": options.get("tolerance_m")} for code, wkb in shapes]


_KEYS = {"file", "code", "tolerance_m"}


def _shapes(path: Path, column: str, named_in: Path) -> list[tuple[str, str]]:
    import numpy as np
    import pyogrio
    import shapely

    try:
        meta, _, wkb, (codes,) = pyogrio.raw.read(path, columns=[column])
        found = shapely.make_valid(shapely.force_2d(shapely.from_wkb(wkb)))
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, shapely.errors.GEOSException) as error:
        raise ConfigurationError(f"{named_in}: {path.name} cannot be read: {error}", _ADVICE) from error
    except ValueError as error:
        raise ConfigurationError(f"{named_in}: {path.name} has no property {column!r}", _ADVICE) from error
    placed = _in_degrees(found, meta.get("crs"), path, named_in)
    named = np.array([str(code) for code in codes])
    merged = {code: shapely.union_all(placed[named == code]) for code in sorted(set(named))}
    return [(code, shapely.to_wkb(shape, hex=True)) for code, shape in merged.items() if shape.area > 0]


def _in_degrees(shapes: Any, crs: str | None, path: Path, named_in: Path) -> Any:
    import shapely
    from pyproj import Transformer

    if crs is None:
        raise ConfigurationError(f"{named_in}: {path.name} names no coordinate system", _ADVICE)
    move = Transformer.from_crs(crs, CRS, always_xy=True)
    return shapely.transform(shapes, move.transform, interleaved=False)
