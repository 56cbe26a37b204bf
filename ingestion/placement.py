"""Why shapes or points lie outside the city: common slips in the CRS are tried, and what fits is named. Nothing is
mended: the rows break their rule, and the mapping has the cure.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import duckdb
import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from ingestion import crs as systems
from ingestion import offsets
from ingestion.crs import DECLARED_CRS
from ingestion.ledger import Load
from ingestion.source import Part, Request
from landgauge.profile import Profile
from landgauge.sql import literal

Numbers = NDArray[np.float64]
RULE = "placement:file"
_MOST = 0.5  # a file is looked at where more than this share of what it places falls outside
_NEARLY_ALL = 0.95  # share of the sample that an explanation must bring in
_SAMPLE = 1000  # shapes tried: enough to tell, and a second at most
_MERCATOR = "EPSG:3857"
_FOOT = 0.3048  # international foot; the survey foot differs by 5 m in 2,500 km, which no extent tells apart
_REACH = 6.0  # degrees: how far a central meridian may lie from the city


@dataclass(frozen=True)
class Misplaced:
    """What is probably wrong with the CRS of a file, for both readers, and what to write where."""

    message_zh: str
    message_en: str
    next_step: str

    @property
    def note(self) -> str:
        """One sentence for the ledger."""
        return f"{self.message_zh}{self.next_step} ({self.message_en})"


@dataclass(frozen=True)
class _Guess:
    """A way to read the coordinates other than declared: another CRS, axes the other way round, another unit."""

    crs: str
    swapped: bool
    zh: str
    en: str
    cure: str
    factor: float = 1.0


def diagnose(x: Numbers, y: Numbers, declared: str, swapped: bool, profile: Profile) -> Misplaced:
    """Explain why points lie outside the extent; x, y as they stand in the file, first and second coordinate.

    `declared` is a resolved CRS (`crs.resolve`), `swapped` whether the mapping says `axes: swapped`.
    """
    for guess in _guesses(declared, swapped, profile):
        if _share_inside(x, y, guess, profile) >= _NEARLY_ALL:
            zh, en = f"坐标疑似{guess.zh}。", f"The coordinates look like {guess.en}."
            return Misplaced(zh, en, f"请核对；若属实，在 mapping.yml 该文件的数据集下{guess.cure}。")
    sample = f"({x[0]:.10g}, {y[0]:.10g})"
    return Misplaced(
        f"坐标如 {sample}，按 {_named(declared)} 在城市范围之外；轴序、带号、度与米、英尺、邻带、墨卡托均不能解释。",
        f"Coordinates such as {sample} in {_named(declared)} are outside the city; swapped axes, zone prefix, degrees "
        "against metres, feet, a neighbouring zone and web mercator do not explain it.",
        "请核对坐标系、以及 city.yml 中的 extent。",
    )


def _share_inside(x: Numbers, y: Numbers, guess: _Guess, profile: Profile) -> float:
    first, second = (y, x) if guess.swapped else (x, y)
    lon, lat = _to_degrees(guess.crs).transform(first * guess.factor, second * guess.factor)
    west, south, east, north = profile.extent
    return float(np.mean((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)))


@cache
def _to_degrees(crs: str) -> Transformer:
    plain = DECLARED_CRS if offsets.known(crs) else crs  # a shift of some hundred metres decides nothing here
    return Transformer.from_crs(plain, DECLARED_CRS, always_xy=True)


def _guesses(declared: str, swapped: bool, profile: Profile) -> Iterator[_Guess]:
    """Every reading but the declared one, the likeliest first."""
    name = _named(declared)
    cure = "删去 axes: swapped" if swapped else "写 axes: swapped"
    yield _Guess(
        declared, not swapped, "横纵轴颠倒（纬度或北坐标在前）", "swapped axes (northing or latitude first)", cure
    )
    if not systems.is_degrees(declared):
        zh, en = f"经纬度（度），却声明为 {name}（米）", f"degrees, declared as {name}"
        yield from _both_ways(DECLARED_CRS, zh, en, swapped)
    for crs in _projected(profile):
        if crs != declared:
            zh, en = _difference(declared, crs)
            yield from _both_ways(crs, zh, en, swapped)
    yield from _other_unit(profile.projected_crs if systems.is_degrees(declared) else declared, swapped)


def _both_ways(crs: str, zh: str, en: str, swapped: bool) -> Iterator[_Guess]:
    """The CRS with its axes as declared, then with them turned."""
    write = f"写 crs: {crs}"
    yield _Guess(crs, swapped, zh, en, write)
    turn = "并删去 axes: swapped" if swapped else "和 axes: swapped"
    yield _Guess(crs, not swapped, f"{zh}，且横纵轴颠倒", f"{en}, with swapped axes", f"{write} {turn}")


def _projected(profile: Profile) -> list[str]:
    """The city's own projection, the zones of CGCS2000 near it with and without their number, web mercator, UTM.

    EPSG numbers: 3-degree zones 25 to 45 are 4513 to 4533 with the number before the easting and 4534 to 4554
    without, from 75 E on; 6-degree zones 13 to 23 are 4491 to 4501 and 4502 to 4512.
    """
    west, south, east, north = profile.extent
    near = [m for m in range(75, 136, 3) if west - _REACH <= m <= east + _REACH]
    near.sort(key=lambda m: abs(m - (west + east) / 2))
    found = [profile.projected_crs]
    found += [f"EPSG:{base + (m - 75) // 3}" for m in near for base in (4534, 4513)]
    found += [f"EPSG:{base + (m - 75) // 6}" for m in near if (m - 75) % 6 == 0 for base in (4502, 4491)]
    zone = int(((west + east) / 2 + 180) // 6) + 1
    utm = 32600 if south + north >= 0 else 32700
    found += [_MERCATOR, *(f"EPSG:{utm + z}" for z in (zone, zone - 1, zone + 1) if 1 <= z <= 60)]
    return list(dict.fromkeys(found))


def _difference(declared: str, crs: str) -> tuple[str, str]:
    """What it means that coordinates are in another projection than declared, in Chinese and English."""
    name = _named(declared)
    if crs == _MERCATOR:
        return f"Web 墨卡托，却声明为 {name}", f"web mercator, declared as {name}"
    if systems.is_degrees(declared):
        return f"{_named(crs)} 的米制坐标，却声明为 {name}（度）", f"metres in {_named(crs)}, declared as {name}"
    one, other = _meridian_and_easting(declared), _meridian_and_easting(crs)
    if one and other and one[0] == other[0] and one[1] != other[1]:
        if other[1] > one[1]:
            return f"横坐标带有带号（{crs}），却声明为 {name}", f"eastings with zone number, declared as {name}"
        return f"横坐标没有带号（{crs}），却声明为 {name}", f"eastings without zone number, declared as {name}"
    return (
        f"{_named(crs)} 的坐标，却声明为 {name}（另一带或另一投影）",
        f"{_named(crs)} (another zone), declared as {name}",
    )


def _meridian_and_easting(crs: str) -> tuple[float, float] | None:
    """Central meridian and false easting of a transverse Mercator projection."""
    operation = CRS.from_user_input(crs).coordinate_operation
    values = {p.name: p.value for p in operation.params} if operation else {}
    meridian, easting = values.get("Longitude of natural origin"), values.get("False easting")
    return None if meridian is None or easting is None else (meridian, easting)


def _other_unit(crs: str, swapped: bool) -> Iterator[_Guess]:
    """Feet where the projection has metres, and the other way round."""
    system = CRS.from_user_input(crs)
    metres = float(system.axis_info[0].unit_conversion_factor)
    is_metric = metres == 1.0
    zh = ("英尺", "米") if is_metric else ("米", "英尺")
    en = ("feet", "metres") if is_metric else ("metres", "feet")
    cure = f"写 crs: '{_in_unit(system, 'ft' if is_metric else 'm')}'"
    factor = _FOOT if is_metric else 1 / metres
    for turned in (swapped, not swapped):
        more = ("", "") if turned == swapped else ("，且横纵轴颠倒", ", with swapped axes")
        turn = "" if turned == swapped else "，并删去 axes: swapped" if swapped else "，和 axes: swapped"
        text = f"以{zh[0]}计，却声明为以{zh[1]}计的 {_named(crs)}{more[0]}"
        yield _Guess(crs, turned, text, f"{en[0]}, declared as {en[1]}{more[1]}", cure + turn, factor)


def _in_unit(system: CRS, unit: str) -> str:
    """The projection as a PROJ text in another unit of length."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what a PROJ text loses is the name of the datum
        values = system.to_dict()
    words = [f"+{key}" if value is True else f"+{key}={value}" for key, value in values.items()]
    kept = [word for word in words if not word.startswith(("+units", "+to_meter", "+no_defs", "+type"))]
    return " ".join([*kept, f"+units={unit}"])


def _named(crs: str) -> str:
    return crs if len(crs) <= 20 else CRS.from_user_input(crs).name


def judge_shapes(
    con: duckdb.DuckDBPyConnection, part: Part, measured: str, crs: str, swapped: bool, city: Profile
) -> None:
    """Make `<relation>_misplaced`: why most of a part's shapes are outside the extent; without rows where they are not.

    `part.relation` still has the shapes as read; `measured` has what became of them.
    """
    west, south, east, north = city.extent
    inside = f"centroid_lon between {west} and {east} and centroid_lat between {south} and {north}"
    outside = f"(geometry_error = 'extent' or (geometry_type = 'POINT' and not coalesce({inside}, false)))"
    placed = "(geometry is not null or geometry_error = 'extent' or geometry_type = 'POINT')"
    counts = con.execute(f"select count(*) filter ({placed}), count(*) filter ({outside}) from {measured}").fetchall()[
        0
    ]
    found = None
    if counts[1] > _MOST * counts[0]:
        step = counts[1] // _SAMPLE + 1
        con.execute(
            f"create or replace temp table {part.relation}_sample as select row_no from {measured} where {outside} "
            f"qualify (row_number() over (order by row_no) - 1) % {step} = 0"
        )
        x, y = _middles(con, part.relation)
        found = diagnose(x, y, crs, swapped, city) if len(x) else None
    _keep(con, part, found, counts)


def _middles(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[Numbers, Numbers]:
    """Middles of the shapes of a sample, in file order."""
    columns = con.execute(
        "select (st_xmin(shape) + st_xmax(shape)) / 2 as x, (st_ymin(shape) + st_ymax(shape)) / 2 as y from "
        f"(select row_no, try(st_geomfromwkb(wkb)) as shape from {relation} "
        f"semi join {relation}_sample using (row_no)) "
        "where isfinite(x) and isfinite(y) order by row_no"
    ).fetchnumpy()
    return np.asarray(columns["x"], float), np.asarray(columns["y"], float)


def _keep(con: duckdb.DuckDBPyConnection, part: Part, found: Misplaced | None, counts: tuple[int, int]) -> None:
    con.execute(
        f"create or replace temp table {part.relation}_misplaced (message_zh varchar, message_en varchar, "
        "next_step varchar, placed bigint, outside bigint)"
    )
    if found is not None:
        values = [found.message_zh, found.message_en, found.next_step, *counts]
        con.execute(f"insert into {part.relation}_misplaced values (?, ?, ?, ?, ?)", values)


def explain_findings(con: duckdb.DuckDBPyConnection, load: Load, part: Part) -> None:
    """Add to the findings of a part's shapes why each broke its rule, as `geometry.measure` found."""
    if part.has_geometry:
        con.execute(
            "update quarantine.finding as f set message_zh = f.message_zh || e.message_zh, "
            "message_en = f.message_en || ' ' || e.message_en, next_step = e.next_step "
            f"from {part.relation}_explained as e where f.load_id = {load.load_id} and f.row_no = e.row_no "
            "and f.rule_code = e.rule_code"
        )


def record(con: duckdb.DuckDBPyConnection, load: Load, request: Request, part: Part, profile: Profile) -> None:
    """Say in the ledger, and as a warning on the file (row 0), why most of what it places is outside the city."""
    if part.has_geometry:
        rows = con.execute(f"select * from {part.relation}_misplaced").fetchall()
    elif {"longitude", "latitude"} <= {column.name for column in request.contract.columns}:
        rows = _judge_points(con, load, request, profile)
    else:
        return
    for zh, en, next_step, placed, outside in rows:
        counted = f"{placed} 个位置中有 {outside} 个在城市范围之外：", f"{outside} of {placed} are outside the city. "
        found = Misplaced(counted[0] + zh, counted[1] + en, next_step)
        request.notes.append(found.note)
        con.execute(
            "insert into qc.source_finding values (?, ?, ?, 0, ?, null, ?, ?)",
            [load.load_id, load.dataset, load.data_year, RULE, found.message_zh + next_step, found.message_en],
        )


def _judge_points(con: duckdb.DuckDBPyConnection, load: Load, request: Request, profile: Profile) -> list[tuple]:
    """The same for the longitudes and latitudes of a table, from its accepted rows."""
    west, south, east, north = profile.extent
    inside = f"longitude between {west} and {east} and latitude between {south} and {north}"
    points = (
        f"from raw.{load.dataset} where load_id = {load.load_id} and longitude is not null and latitude is not null"
    )
    placed, outside = con.execute(f"select count(*), count(*) filter (not ({inside})) {points}").fetchall()[0]
    if outside <= _MOST * placed:
        return []
    columns = con.execute(
        f"select longitude as x, latitude as y {points} and not ({inside}) "
        f"qualify (row_number() over (order by row_no) - 1) % {outside // _SAMPLE + 1} = 0 order by row_no"
    ).fetchnumpy()
    declared = systems.resolve(request.feed.crs or DECLARED_CRS)
    swapped = request.feed.axes == "swapped"
    x, y = _as_given(np.asarray(columns["x"], float), np.asarray(columns["y"], float), declared, swapped)
    found = diagnose(x, y, declared, swapped, profile)
    return [(found.message_zh, found.message_en, found.next_step, placed, outside)]


def _as_given(lon: Numbers, lat: Numbers, declared: str, swapped: bool) -> tuple[Numbers, Numbers]:
    """The coordinates of the file again; what could not be brought to degrees had stayed as it was."""
    if systems.is_degrees(declared):
        return (lat, lon) if swapped else (lon, lat)
    moved = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
    x, y = _to_degrees(declared).transform(lon, lat, direction="INVERSE")
    first, second = (y, x) if swapped else (x, y)
    return np.where(moved, first, lon), np.where(moved, second, lat)


def explained_sql(part: Part, measured: str, texts: dict[str, tuple[str, str, str]]) -> str:
    """Return SQL of the findings' additions: row_no, rule_code, message_zh, message_en, next_step.

    `texts`: what each `geometry_fault` means, in Chinese, in English, and what to do.
    """
    listed = ", ".join(f"({', '.join(literal(t) for t in (fault, *text))})" for fault, text in texts.items())
    return (
        "select m.row_no, 'geometry:geometry' as rule_code, t.zh as message_zh, t.en as message_en, "
        "t.next as next_step "
        f"from {measured} as m join (values {listed}) as t (fault, zh, en, next) on m.geometry_fault = t.fault "
        "union all select m.row_no, 'extent:geometry', p.message_zh, p.message_en, p.next_step "
        f"from {measured} as m cross join {part.relation}_misplaced as p where m.geometry_error = 'extent'"
    )
