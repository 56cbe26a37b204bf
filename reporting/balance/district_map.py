"""The map of districts by their balance: outlines as SVG paths, shaded by surplus and shortage, with a scale bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from reporting import figures
from reporting.balance.drawings import finite
from reporting.charts import round_step
from reporting.marts import Marts, Row
from reporting.parcel_map import METRES_PER_DEGREE, bar_metres, frame_of, paths_of

SHADES = 3  # steps of shortage, and of surplus
NO_BALANCE = "没有余缺数据"


@dataclass(frozen=True)
class Area:
    """A district in the drawing: SVG path data, style class, what a pointer is told, and where its name stands."""

    path: str
    style: str
    title: str
    name: str
    x: int
    y: int


@dataclass(frozen=True)
class DistrictMap:
    """A drawing of width × height cells of the districts' balances in one year and scenario; legend (style, text)."""

    width: int
    height: int
    areas: list[Area]
    legend: list[tuple[str, str]]
    scale_label: str
    scale_percent: float
    year: int
    scenario: str
    without_outline: list[str]
    tolerance_m: float | None


_DISTRICTS = """
with n as (
    select district_code, arg_max(name_zh, valid_from_year) as name_zh from dim_district
    where valid_from_year <= ? and coalesce(valid_to_year, 9999) >= ? group by all
)
select n.district_code, coalesce(n.name_zh, n.district_code) as name_zh, o.geometry, o.tolerance_m, b.balance_ha
from n
left join dim_district_outline as o on o.district_code = n.district_code
left join fct_land_balance as b
    on b.district_code = n.district_code and b.industry_code = '00' and b.scenario = ? and b.year = ?
where n.district_code <> ?
order by n.district_code
"""


def district_map(marts: Marts, scenario: str, year: int) -> DistrictMap | None:
    """Return the map of a scenario's balances in a year; None where no district has an outline or none a balance."""
    rows = marts.rows(_DISTRICTS, [marts.year, marts.year, scenario, year, marts.city_code or ""])
    rows = [row | {"balance_ha": finite(row["balance_ha"])} for row in rows]
    drawn = [(row, shape) for row in rows if (shape := _shape(row)) is not None]
    if not drawn or all(row["balance_ha"] is None for row in rows):
        return None
    shapes = np.array([shape for _, shape in drawn])
    frame = frame_of(shapely.total_bounds(shapes))
    step = _step([row["balance_ha"] for row, _ in drawn if row["balance_ha"] is not None])
    centres = frame.cells(np.array([(p.x, p.y) for p in shapely.point_on_surface(shapes)]))
    places = zip(drawn, paths_of(shapes, frame), centres.tolist(), strict=True)
    metres = METRES_PER_DEGREE / frame.per_lat
    length = bar_metres(frame.width * metres)
    known = [row["tolerance_m"] for row, _ in drawn if row["tolerance_m"] is not None]
    return DistrictMap(
        width=frame.width,
        height=frame.height,
        areas=[_area(row, path, x, y, step) for (row, _), path, (x, y) in places],
        legend=_legend(step, any(row["balance_ha"] is None for row, _ in drawn)),
        scale_label=f"{length / 1000:g} 公里" if length >= 1000 else f"{length:g} 米",
        scale_percent=round(100 * length / (frame.width * metres), 3),
        year=year,
        scenario=scenario,
        without_outline=[row["name_zh"] for row in rows if _shape(row) is None],
        tolerance_m=max(known, default=None),
    )


def _shape(row: Mapping[str, Any]) -> shapely.Geometry | None:
    """The outline of a district; None where it has none that can be drawn."""
    if row["geometry"] is None:
        return None
    (shape,) = shapely.from_wkb([bytes(row["geometry"])], on_invalid="ignore")
    usable = shape is not None and not shape.is_empty and shape.geom_type.endswith("Polygon")
    return shape if usable and np.isfinite(shape.bounds).all() else None


def _step(balances: list[float]) -> float:
    """A round width of the classes, so that SHADES of them reach the largest balance."""
    return round_step(max((abs(b) for b in balances), default=0.0), SHADES)


def _style(balance: float | None, step: float) -> str:
    if balance is None:
        return "none"
    place = min(SHADES, max(1, int(np.ceil(abs(balance) / step)))) if balance else 0
    return f"{'short' if balance < 0 else 'over'}{place}" if place else "even"


def _area(row: Row, path: str, x: int, y: int, step: float) -> Area:
    balance = row["balance_ha"]
    said = NO_BALANCE if balance is None else f"余缺 {figures.write(balance, figures.HA)} 公顷"
    return Area(path, _style(balance, step), f"{row['name_zh']}：{said}", row["name_zh"], x, y)


def _legend(step: float, some_missing: bool) -> list[tuple[str, str]]:
    """The classes from the largest shortage to the largest surplus; bounds in hectares."""
    edges = [f"{step * k:,g}" for k in range(SHADES + 1)]
    entries = [(f"short{k}", f"缺 {edges[k - 1]}–{edges[k]}") for k in range(SHADES, 0, -1)]
    entries += [("even", "平衡 0")]
    entries += [(f"over{k}", f"余 {edges[k - 1]}–{edges[k]}") for k in range(1, SHADES + 1)]
    return entries + ([("none", NO_BALANCE)] if some_missing else [])
