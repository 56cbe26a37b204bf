"""What lies around a unit: parcels nearby with their distances, and who shares the land with an enterprise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import numpy as np
import pyproj
import shapely

from landgauge.errors import LandgaugeError
from landgauge.settings import Settings
from reporting.marts import Marts, Row
from reporting.opened.unit import Unit, fetch
from warehouse import db

NEAREST = 6  # parcels that are shown beside those that touch
TOUCHING = 12  # parcels that touch, at most
TOUCH_M = 0.5  # outlines that are drawn from one border lie this near
_CANDIDATES = 40  # by degrees; of these the nearest are taken in metres
_INDICATORS = ("plot_ratio", "land_output_cny10k_per_ha", "land_tax_cny10k_per_ha")
_GEODETIC = "EPSG:4490"


@dataclass(frozen=True)
class Surroundings:
    """Parcels around a parcel, and how their distances were measured; `missing` says why there are none.

    A row has parcel_code, name_zh, `distance_m` (between centroids), `touches`, use_state, the first scheme's score,
    grade and reason, and the indicators plot_ratio, land_output_cny10k_per_ha, land_tax_cny10k_per_ha.
    """

    rows: tuple[Row, ...]
    measured: str
    missing: str | None = None


def around(settings: Settings, marts: Marts, unit: Unit) -> Surroundings:
    """Return the industrial parcels that touch the parcel and those nearest to it, by distance of the centroids."""
    lon, lat = unit.row.get("centroid_lon"), unit.row.get("centroid_lat")
    if lon is None or lat is None:
        return Surroundings((), "", "宗地没有图形，无从知道邻近宗地")
    to_metres, unit_m, measured = _projection(settings, lon, lat)
    touching = _touching(marts, unit, to_metres, unit_m)
    found = _candidates(marts, unit, sorted(touching))
    if not found:
        return Surroundings((), measured, "没有其他有图形的工业宗地")
    x, y = to_metres.transform([lon, *(r["lon"] for r in found)], [lat, *(r["lat"] for r in found)])
    for row, east, north in zip(found, x[1:], y[1:], strict=True):
        row["distance_m"] = math.hypot(east - x[0], north - y[0]) * unit_m
        row["touches"] = row["parcel_code"] in touching
    found.sort(key=lambda r: (r["distance_m"], r["parcel_code"]))
    close = [r for r in found if r["touches"]][:TOUCHING]
    picked = close + [r for r in found if not r["touches"]][:NEAREST]
    return Surroundings(tuple(_told(marts, picked)), measured)


def occupants(marts: Marts, unit: Unit) -> list[Row]:
    """Return the enterprises on the enterprise's parcels: parcel_code, uscc, name, share, tenure, score, grade.

    Sorted by parcel; itself among them.
    """
    return _with_scores(
        marts,
        "enterprise",
        "uscc",
        marts.rows(
            "select b.parcel_code, b.uscc, n.enterprise_name as name_zh, b.share, b.share_basis, b.tenure, "
            "count(*) over (partition by b.parcel_code) as occupants from bridge_parcel_enterprise as b "
            "left join (select uscc, min(enterprise_name) as enterprise_name from dim_enterprise group by uscc) as n "
            "on n.uscc = b.uscc where b.parcel_code in (select parcel_code from bridge_parcel_enterprise "
            "where uscc = ?) order by b.parcel_code, b.uscc",
            [unit.code],
        ),
    )


def _projection(settings: Settings, lon: float, lat: float) -> tuple[pyproj.Transformer, float, str]:
    """Return the way to the city's projected CRS, metres of its unit, and its name.

    Only the working file knows that CRS; without it the plane touches the earth at the parcel itself.
    """
    local = f"+proj=tmerc +lat_0={lat!r} +lon_0={lon!r} +ellps=GRS80 +units=m"
    crs, unit_m, named = local, 1.0, "以本宗地为中心的横轴墨卡托投影"
    if settings.database.is_file():
        try:
            with db.connect(settings, read_only=True) as con:
                found = con.execute("select projected_crs, projected_unit_m from profile.setting").fetchone()
            if found and found[0]:
                crs, unit_m, named = found[0], float(found[1] or 1.0), f"城市投影坐标系 {found[0]}"
        except (LandgaugeError, duckdb.Error):
            pass
    return pyproj.Transformer.from_crs(_GEODETIC, crs, always_xy=True), unit_m, named


def _touching(marts: Marts, unit: Unit, to_plane: pyproj.Transformer, unit_m: float) -> set[str]:
    """Codes of the parcels whose outline lies within TOUCH_M of the parcel's."""
    own = shapely.from_wkb(bytes(unit.row["geometry"]), on_invalid="ignore") if unit.row.get("geometry") else None
    if own is None or own.is_empty:
        return set()
    degrees = TOUCH_M / (111_000 * max(math.cos(math.radians(unit.row["centroid_lat"])), 0.01))  # a little wide
    table = marts.arrow(
        "select parcel_code, geometry from dim_parcel where is_industrial and geometry is not null order by parcel_code"
    )
    codes = np.asarray(table["parcel_code"].to_pylist(), dtype=object)
    shapes = shapely.from_wkb(np.asarray(table["geometry"].to_pylist(), dtype=object), on_invalid="ignore")
    left, bottom, right, top = shapely.bounds(shapes).reshape(-1, 4).T
    box = own.bounds
    near = (
        (left <= box[2] + degrees)
        & (right >= box[0] - degrees)
        & (bottom <= box[3] + degrees)
        & (top >= box[1] - degrees)
    )
    near &= codes != unit.code

    def plane(at: np.ndarray) -> np.ndarray:
        return np.column_stack(to_plane.transform(at[:, 0], at[:, 1]))

    apart = shapely.distance(shapely.transform(shapes[near], plane), shapely.transform(own, plane)) * unit_m
    return set(codes[near][apart <= TOUCH_M])


def _candidates(marts: Marts, unit: Unit, always: list[str]) -> list[Row]:
    """The nearest parcels by degrees shortened towards the poles, and those named."""
    shorter = math.cos(math.radians(unit.row["centroid_lat"]))
    return marts.rows(
        "with p as (select parcel_code, centroid_lon as lon, centroid_lat as lat, use_state, "
        "row_number() over (order by ((centroid_lon - ?) * ?) ** 2 + (centroid_lat - ?) ** 2, parcel_code) as place "
        "from dim_parcel where is_industrial and centroid_lon is not null and parcel_code <> ?) "
        f"select * exclude (place) from p where place <= {_CANDIDATES} or parcel_code in (select unnest(?::varchar[])) "
        "order by parcel_code",
        [unit.row["centroid_lon"], shorter, unit.row["centroid_lat"], unit.code, always],
    )


def _told(marts: Marts, rows: list[Row]) -> list[Row]:
    """Add names, indicators and scores to the parcels."""
    codes = [row["parcel_code"] for row in rows]
    names = marts.rows(
        "select unit_code, nullif(name_zh, unit_code) as name_zh from dim_unit where scale = 'parcel' "
        "and unit_code in (select unnest(?::varchar[])) order by all",
        [codes],
    )
    where = "year = ? and parcel_code in (select unnest(?::varchar[]))"
    values = fetch(marts, "fct_parcel_year", ["parcel_code", *_INDICATORS], where, [marts.year, codes])
    named: Mapping[str, Row] = {r["unit_code"]: r for r in names}
    valued = {r["parcel_code"]: r for r in values}
    nothing = dict.fromkeys(_INDICATORS)
    told = [
        {
            **nothing,
            **row,
            "name_zh": named.get(row["parcel_code"], {}).get("name_zh"),
            **valued.get(row["parcel_code"], {}),
        }
        for row in rows
    ]
    return _with_scores(marts, "parcel", "parcel_code", told)


def _with_scores(marts: Marts, scale: str, key: str, rows: list[Row]) -> list[Row]:
    """Add score, grade and reason by the first scheme of the scale."""
    found = marts.rows(
        "select unit_code, score, grade, not_rated_reason from fct_score where scale = ? and unit_code in "
        "(select unnest(?::varchar[])) and (scheme_code, scheme_version) = (select (scheme_code, scheme_version) from "
        "fct_score where scale = ? order by scheme_code, scheme_version limit 1) order by unit_code",
        [scale, [row[key] for row in rows], scale],
    )
    scores = {row.pop("unit_code"): row for row in found}
    none = {"score": None, "grade": None, "not_rated_reason": None}
    return [row | scores.get(row[key], none) for row in rows]
