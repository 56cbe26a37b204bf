"""Coordinate systems as a file or a mapping names them: known or not, and the SQL that brings a shape over."""

from __future__ import annotations

from pyproj import CRS

from ingestion import offsets
from landgauge.sql import literals

DECLARED_CRS = "EPSG:4490"  # what every published geometry is in


def resolve(crs: str) -> str:
    """Return the name under which a CRS is used: `EPSG:…` where it has one, `GCJ-02`, `BD-09`, else its WKT.

    Raises CRSError where PROJ does not know it.
    """
    shifted = offsets.known(crs)
    if shifted is not None:
        return shifted
    found = CRS.from_user_input(crs)
    authority = found.to_authority(min_confidence=90)
    return ":".join(authority) if authority else found.to_wkt()


def is_degrees(crs: str) -> bool:
    """Tell whether the coordinates of a resolved CRS are longitude and latitude."""
    return offsets.known(crs) is not None or CRS.from_user_input(crs).is_geographic


def transform(expression: str, source: str, target: str) -> str:
    """Return SQL that brings a geometry from one CRS to another, longitude (or easting) first.

    From GCJ-02 and BD-09 it needs the function that `offsets.register` makes.
    """
    if source == target:
        return expression
    shifted = offsets.known(source)
    if shifted is not None:
        return transform(offsets.sql(expression, shifted), DECLARED_CRS, target)
    return f"st_transform({expression}, {literals((source, target))}, always_xy := true)"
