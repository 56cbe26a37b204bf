"""Coordinates in another system than declared: found out, explained, never mended; and the keys that mend them."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from landings import P1, City
from pyproj import CRS, Transformer
from test_geometry import write

from ingestion import offsets
from ingestion.placement import _projected, diagnose
from landgauge import profile

LON = np.array([113.0, 113.3, 113.9, 113.5])
LAT = np.array([22.6, 23.1, 23.8, 23.3])
GUANGZHOU = profile.load(None)


def in_crs(crs: str) -> tuple[np.ndarray, np.ndarray]:
    return Transformer.from_crs("EPSG:4490", crs, always_xy=True).transform(LON, LAT)


FEET = tuple(v / 0.3048 for v in in_crs("EPSG:4547"))
SLIPS = {
    "northing first": (in_crs("EPSG:4547")[::-1], "EPSG:4547", "横纵轴颠倒", "写 axes: swapped"),
    "latitude first": ((LAT, LON), "EPSG:4490", "横纵轴颠倒", "写 axes: swapped"),
    "latitude first, shifted": ((LAT, LON), "GCJ-02", "横纵轴颠倒", "写 axes: swapped"),
    "with zone number": (in_crs("EPSG:4526"), "EPSG:4547", "横坐标带有带号", "写 crs: EPSG:4526"),
    "without zone number": (in_crs("EPSG:4547"), "EPSG:4526", "横坐标没有带号", "写 crs: EPSG:4547"),
    "degrees as metres": ((LON, LAT), "EPSG:4547", "经纬度（度）", "写 crs: EPSG:4490"),
    "turned degrees as metres": ((LAT, LON), "EPSG:4547", "且横纵轴颠倒", "写 crs: EPSG:4490 和 axes: swapped"),
    "metres as degrees": (in_crs("EPSG:4547"), "EPSG:4490", "米制坐标", "写 crs: EPSG:4547"),
    "turned metres as degrees": (in_crs("EPSG:4547")[::-1], "EPSG:4490", "颠倒", "写 crs: EPSG:4547 和 axes: swapped"),
    "mercator as degrees": (in_crs("EPSG:3857"), "EPSG:4326", "Web 墨卡托", "写 crs: EPSG:3857"),
    "zone 37": (in_crs("EPSG:4546"), "EPSG:4547", "另一带", "写 crs: EPSG:4546"),
    "zone 39 with number": (in_crs("EPSG:4527"), "EPSG:4547", "另一带", "写 crs: EPSG:4527"),
    "6-degree zone 19 with number": (in_crs("EPSG:4497"), "EPSG:4547", "另一带", "写 crs: EPSG:4497"),
    "northing first with number": (in_crs("EPSG:4526")[::-1], "EPSG:4547", "颠倒", "EPSG:4526 和 axes: swapped"),
    "feet": (FEET, "EPSG:4547", "以英尺计", "+units=ft"),
    "UTM": (in_crs("EPSG:32649"), "EPSG:4490", "米制坐标", "写 crs: EPSG:"),
}


@pytest.mark.parametrize(("given", "declared", "cause", "cure"), SLIPS.values(), ids=SLIPS)
def test_the_slip_is_named(given, declared, cause, cure):
    found = diagnose(*given, declared, False, GUANGZHOU)
    assert cause in found.message_zh
    assert cure in found.next_step
    assert "declared" in found.message_en or "swapped" in found.message_en


def test_what_cannot_be_explained_says_so():
    found = diagnose(np.array([1.0]), np.array([2.0]), "EPSG:4490", False, GUANGZHOU)
    assert "(1, 2)" in found.message_zh
    assert "均不能解释" in found.message_zh


def test_swapped_by_mistake():
    assert "删去 axes: swapped" in diagnose(LON, LAT, "EPSG:4490", True, GUANGZHOU).next_step


def test_metres_where_the_projection_has_feet():
    x, y = Transformer.from_crs("EPSG:4326", "EPSG:32118", always_xy=True).transform([-74.0, -73.9], [40.7, 40.8])
    extent = (-74.3, 40.4, -73.6, 41.0)
    city = GUANGZHOU.model_copy(update={"projected_crs": "EPSG:2263", "extent": extent})
    cure = diagnose(np.array(x), np.array(y), "EPSG:2263", False, city).next_step.split("'")[1]
    lon, lat = Transformer.from_crs(cure, "EPSG:4326", always_xy=True).transform(x, y)
    assert (lon[0], lat[0]) == pytest.approx((-74.0, 40.7), abs=1e-4)


def test_zone_numbers_are_those_of_epsg():
    names = {crs: CRS.from_user_input(crs).name for crs in _projected(GUANGZHOU)}
    assert names["EPSG:4526"] == "CGCS2000 / 3-degree Gauss-Kruger zone 38"
    assert names["EPSG:4547"] == "CGCS2000 / 3-degree Gauss-Kruger CM 114E"
    assert names["EPSG:4497"] == "CGCS2000 / Gauss-Kruger zone 19"
    assert names["EPSG:4508"] == "CGCS2000 / Gauss-Kruger CM 111E"
    assert all("CGCS2000" in name for crs, name in names.items() if crs.startswith("EPSG:4"))


def turned_box() -> shapely.Polygon:
    return shapely.box(2550000, 430000, 2550100, 430100)  # northing first


def test_a_turned_file_keeps_its_findings_and_says_why(tmp_path):
    city = City(tmp_path)
    folder = city.landing / "parcels" / "2024"
    write(folder / "a.gpkg", [turned_box()], [P1])
    boxes = [shapely.box(430000 + 200 * i, 2550000, 430100 + 200 * i, 2550100) for i in range(2)]
    write(folder / "b.gpkg", [turned_box(), *boxes], [f"440112001001GB0001{i}" for i in range(3)])
    city.ingest()
    assert city.rules("parcels") == [(1, "extent:geometry"), (1, "extent:geometry")]
    [(zh, en, next_step), stray] = city.ask(
        "select message_zh, message_en, next_step from quarantine.finding order by load_id"
    )
    assert zh.startswith("宗地图形超出城市范围。坐标疑似横纵轴颠倒")
    assert "swapped axes" in en
    assert next_step == "请核对；若属实，在 mapping.yml 该文件的数据集下写 axes: swapped。"
    assert stray[0] == "宗地图形超出城市范围。"  # one among many is not explained
    [(reason,), (of_stray,)] = city.ask("select reason from ledger.load order by load_id")
    assert reason.startswith("1 个位置中有 1 个在城市范围之外：坐标疑似横纵轴颠倒")
    assert of_stray is None
    assert city.ask("select row_no, rule_code from qc.source_finding") == [(0, "placement:file")]
    city.put({"mapping.yml": "- {files: '**/a.gpkg', datasets: {parcels: {axes: swapped}}}"})
    city.ingest()
    assert city.rules("parcels") == [(1, "extent:geometry")]
    found = city.ask(f"select polygon_area_m2 from accepted.parcels where parcel_code = '{P1}'")
    assert found[0][0] == pytest.approx(10_000, rel=1e-9)
    assert city.ask("select count(*) from qc.source_finding") == [(0,)]


HEADER = "统一社会信用代码,企业名称,行业代码,所在区,经度,纬度"
SHIFTED = tuple(float(v[0]) for v in offsets.from_cgcs2000(np.array([113.3]), np.array([23.1]), "BD-09"))
POINTS = {  # places, mapping, what is said of the file, where the first place comes to stand
    "turned": (((23.1, 113.3), (23.2, 113.4)), None, "横纵轴颠倒", (23.1, 113.3)),
    "metres": (((430000, 2550000), (440000, 2560000)), None, "米制坐标", (430000, 2550000)),
    "no_number": (((430000, 2550000), (440000, 2560000)), "crs: EPSG:4526", "没有带号", None),
    "degrees": (((113.3, 23.1), (113.4, 23.2)), "crs: EPSG:4547", "经纬度（度）", None),
    "turned_by_mistake": (((113.3, 23.1), (113.4, 23.2)), "axes: swapped", "横纵轴颠倒", (23.1, 113.3)),
    "one_of_two": (((113.3, 23.1), (1.0, 2.0)), None, None, (113.3, 23.1)),
    "mended": (((23.1, 113.3), (23.2, 113.4)), "axes: swapped", None, (113.3, 23.1)),
    "mended_metres": (((2555783.93, 428285.96),), "axes: swapped, crs: EPSG:4547", None, (113.3, 23.1)),
    "bd09": ((SHIFTED, ("", "")), "crs: BD-09", None, (113.3, 23.1)),
}


def test_points_outside_warn_and_are_explained(tmp_path):
    city = City(tmp_path).put({"city.yml": "enterprise_code_pattern: '.*'\n"})
    city.put({"parcels/2024/a.csv": f"宗地代码,行政区代码,土地用途代码,宗地面积\n{P1},440112,M1,1\n"})
    entries = []
    for name, (places, mapping, _, _) in POINTS.items():
        rows = [f"{name}{i},甲,3811,440112,{x},{y}" for i, (x, y) in enumerate(places)]
        city.put({f"enterprises/2024/{name}.csv": "\n".join([HEADER, *rows]) + "\n"})
        if mapping:
            entries.append(f"- {{files: '*/*/{name}.csv', datasets: {{enterprises: {{{mapping}}}}}}}\n")
    city.put({"mapping.yml": "".join(entries)}).ingest()
    assert city.rules("enterprises") == []
    reasons = dict(city.ask("select file_name, coalesce(reason, '') from ledger.load where dataset = 'enterprises'"))
    warned = dict(city.ask("select file_name, message_zh from qc.source_finding join ledger.load using (load_id)"))
    for name, (_, _, cause, place) in POINTS.items():
        file = f"enterprises/2024/{name}.csv"
        assert (cause or "") in reasons[file] and (cause is not None) == bool(reasons[file]), name
        assert (cause or "") in warned.get(file, "") and (cause is not None) == (file in warned), name
        if place is not None:
            found = city.ask(f"select longitude, latitude from accepted.enterprises where uscc = '{name}0'")
            assert found[0] == pytest.approx(place, abs=1e-5), name
    assert city.ask("select longitude, latitude from accepted.enterprises where uscc = 'bd091'") == [(None, None)]
