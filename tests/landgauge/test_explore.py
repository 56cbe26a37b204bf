"""What stands around a unit's score: indicators beside others', years, neighbours, duties."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
import shapely

from landgauge.cli import main
from landgauge.errors import DONE, WRONG_CALL
from landgauge.settings import Settings, year_end
from reporting.opened.explored_page import six, spark
from warehouse import db

YEAR = 2024
SNAPSHOT = """
create schema marts; set schema = 'marts';
create table fct_run as select 'r' || year as run_id, 'provisional' as state, year,
    make_date(year, 12, 31) as as_of_date, true as generated, from (values (2022), (2024)) as y (year);
create table dim_unit as select scale, code as unit_code, year, name as name_zh, district as district_code,
    from (values ('parcel', 'P1', '一号<宗地>', 'D1'), ('parcel', 'P2', '二号宗地', 'D1'), ('parcel', 'P3', null, 'D1'),
        ('district', 'D1', '甲区', 'D1'), ('city', 'C1', '某市', null), ('industry', '2017:C36', '汽车', null))
        as t (scale, code, name, district), (values (2024), (2022)) as y (year) where year = 2024 or code <> 'P3';
create table dim_indicator as select 'tax' as indicator_code, '地均税收' as name_zh, '万元/ha' as unit,
    'positive' as direction union all select 'energy', '产值能耗', 'tce/万元', 'negative';
create table fct_indicator_value as select * from (values
    ('parcel', 'P1', 2022, 'tax', null, 'no_enterprise', null, null),
    ('parcel', 'P1', 2024, 'tax', 30.0, null, 6.0, 0.2),
    ('parcel', 'P1', 2024, 'energy', 5.0, null, 1.0, 0.2), ('city', 'C1', 2024, 'tax', 25.5, null, 1.0, 1.0),
    ('district', 'D1', 2024, 'tax', 27.5, null, 1.0, 1.0), ('industry', '2017:C36', 2024, 'tax', 9.0, null, 1.0, 1.0))
    as t (scale, unit_code, year, indicator_code, value, null_reason, numerator, denominator);
create table fct_parcel_year as select * from (values ('P1', 30.0, 5.0, 1.5), ('P2', 30.0, 6.0, 2.5),
    ('P3', 10.0, 9.0, null), ('P4', 40.0, 1.0, null), ('P5', null, null, null))
    as t (parcel_code, tax, energy, plot_ratio), (select 2024 as year);
create table fct_score as select 'parcel' as scale, 'P2' as unit_code, 2024 as year, 'demo' as scheme_code,
    '1' as scheme_version, 71.5 as score, 'B' as grade, true as rated, 'r1' as run_id;
create table fct_low_efficiency_parcel as select 'P1' as parcel_code, 2024 as year, 1500.5 as releasable_area_m2,
    false as illustrative;
create table fct_low_efficiency_reason as select 'P1' as parcel_code, 2024 as year, 'under_built' as reason,
    1 as rule_order, 0.5 as actual_value, 1.2 as limit_value, 'far_min' as limit_basis, '规划' as source,
    false as illustrative;
create table dim_agreement as select 'XY-1' as agreement_no, 'P0' as parcel_code, 'E1' as uscc;
create table bridge_agreement_parcel as select 'XY-1' as agreement_no, 2 as seq_no, 'P1' as parcel_code;
create table fct_stage_due as select date '2024-12-31' as as_of_date, 'XY-1' as agreement_no, '竣工' as obligation,
    date '2025-06-30' as due_date, 1 as seq_no, 'due' as state, 181 as days_left, '甲局' as department;
create table fct_stage_result as select 'XY-1' as agreement_no, '开竣工' as stage, 2024 as evaluation_year,
    '不达标' as result;
create table dim_parcel (parcel_code varchar, year integer, district_code varchar, is_industrial boolean,
    use_state varchar, land_use_code varchar, site_area_m2 double, centroid_lon double, centroid_lat double,
    geometry blob);
"""


def parcel(code: str, west: float, industrial: bool = True) -> tuple[object, ...]:
    """A row of dim_parcel: a square of a thousandth of a degree, its western side at that many of them."""
    box = shapely.box(113 + west / 1000, 23, 113 + (west + 1) / 1000, 23.001)
    lon, lat = box.centroid.x, box.centroid.y
    return code, YEAR, "D1", industrial, "在用", "M1" if industrial else "B1", 11000.0, lon, lat, shapely.to_wkb(box)


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    (tmp_path / "published").mkdir()
    with duckdb.connect(str(tmp_path / "published" / "current.duckdb")) as con:
        con.execute(SNAPSHOT)
        rows = [parcel("P1", 0), parcel("P2", 1), parcel("P3", 3), parcel("P9", 5, industrial=False)]
        con.executemany("insert into marts.dim_parcel values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    return tmp_path


def call(warehouse: Path, *more: str, year: int = YEAR) -> int:
    return main(["explain", *more, "--warehouse", str(warehouse), "--year", str(year)])


def test_a_parcel_without_a_score_is_explained_all_the_same(warehouse, capsys):
    assert call(warehouse, "parcel", "P1") == DONE
    said = capsys.readouterr().out
    for expected in (
        "宗地 P1 一号<宗地>,2024年",
        "没有方案给这一单元评分",
        "地均税收 (tax):30 万元/ha",
        "本区 27.5,全市 25.5,优于 50% 的同类(有值的共 4 个)",  # P3 below, P2 equal, P4 above
        "优于 67% 的同类",  # of energy, where less is better: P2 and P3 are worse, P4 is better
        "地均税收 2022 缺:没有计入的企业 (no_enterprise); 2024 30",
        "产值能耗 2022 缺:该年没有这一单元 (unit_not_in_year); 2024 5",
        "列入名录,可释放面积 1500.5 平方米\n低建 (under_built):实际 0.5,界限 1.2(宗地规划容积率下限);规划",
        "协议 XY-1:宗地 P0,企业 E1\n   2024 年开竣工评估 不达标\n   2025-06-30 竣工(",
        "工作文件 warehouse.duckdb 不在，宗地变更无从得知",
    ):
        assert expected in said


def test_neighbours_are_measured_in_metres_and_say_which_touch(warehouse, capsys):
    """A thousandth of a degree of longitude at 23.0005 degrees north is 102.51 m on the GRS80 ellipsoid."""
    assert call(warehouse, "parcel", "P1") == DONE
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("邻近宗地")
    assert lines[start + 1] == "距离为图形中心之间,以本宗地为中心的横轴墨卡托投影"
    assert lines[start + 2].startswith("P2 二号宗地:103 米,相接,得分 71.5,等级 B,容积率 2.5")
    assert lines[start + 3].startswith("P3 :308 米,不评分:") and lines[start + 4] == ""


def test_the_projection_of_the_city_is_taken_where_the_working_file_tells_it(warehouse, capsys):
    with db.connect(Settings(warehouse, YEAR, year_end(YEAR))) as con:
        con.execute(
            "create schema profile; create table profile.setting as select 'EPSG:4547' as projected_crs, "
            "1 as projected_unit_m; create schema ledger; create schema accepted; "
            "create table ledger.load (load_id bigint, file_name varchar, file_sha256 varchar); "
            "create table accepted.parcel_changes as select 2024 as data_year, 'P0' as old_parcel_code, "
            "'P1' as new_parcel_code, '换号' as kind, date '2024-03-01' as change_date"
        )
    assert call(warehouse, "parcel", "P1") == DONE
    said = capsys.readouterr().out
    assert "城市投影坐标系 EPSG:4547" in said and "P2 二号宗地:103 米,相接" in said
    assert "宗地变更\n2024-03-01 换号:P0 → P1\n" in said


@pytest.mark.parametrize(
    ("given", "head"),
    [
        (("city",), "城市 C1 某市"),
        (("industry", "C36"), "行业 2017:C36 汽车"),
        (("district", "D1"), "区 D1 甲区"),
        (("--scale", "parcel", "--unit", "P2"), "宗地 P2 二号宗地"),
    ],
)
def test_every_scale_is_explained(warehouse, capsys, given, head):
    assert call(warehouse, *given) == DONE
    assert capsys.readouterr().out.startswith(f"{head},2024年\n")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("parcel", "P8"), "Near codes: P1, P2, P3."),
        (("parcel", "二号"), "Near codes: P2, "),
        (("parcel", "P9"), "its land use is B1, which is not industrial"),
        (("parcel", "P1", "--unit", "P2"), "CODE is given twice: P1 and P2"),
        (("parcel",), "which parcel is meant is not said"),
        ((), "landgauge explain parcel CODE"),
    ],
)
def test_what_is_not_published_is_said_with_what_is(warehouse, capsys, given, said):
    assert call(warehouse, *given) == WRONG_CALL
    assert said in capsys.readouterr().err


def test_a_unit_of_another_year_says_in_which_it_stands(warehouse, capsys):
    assert call(warehouse, "parcel", "P3", year=2022) == WRONG_CALL
    assert "parcel P3 is not published in 2022\nIt stands in 2024." in capsys.readouterr().err


def test_the_page_is_self_contained_safe_and_the_same_every_time(warehouse):
    first, again = warehouse / "pages" / "1.html", warehouse / "pages" / "2.html"
    assert call(warehouse, "parcel", "P1", "--html", str(first)) == DONE
    assert call(warehouse, "parcel", "P1", "--html", str(again)) == DONE
    text = first.read_text(encoding="utf-8")
    assert text == again.read_text(encoding="utf-8")
    assert "一号&lt;宗地&gt;" in text and "<宗地>" not in text and "生成数据" in text
    assert "default-src 'none'" in text and not re.search(r"(?:src|href)=\"(?!#)", text)
    assert "XY-1" in text and "可释放面积" in text and 'class="spark"' not in text  # one value is no line


def test_units_link_to_the_pages_of_the_report_where_these_stand(warehouse):
    report = warehouse / "published" / "report" / "2024" / "scores"
    report.mkdir(parents=True)
    (report / "parcel_demo_1.html").write_text("", encoding="utf-8")
    (report.parent / "district-D1.html").write_text("", encoding="utf-8")
    page = warehouse / "pages" / "P1.html"
    assert call(warehouse, "parcel", "P1", "--html", str(page)) == DONE
    links = re.findall(r'href="([^#"][^"]*)"', page.read_text(encoding="utf-8"))
    report = "../published/report/2024"
    scores = f"{report}/scores/parcel_demo_1.html"
    assert links == [f"{report}/district-D1.html", f"{scores}#P2", f"{scores}#P3"]


def test_figures_and_small_lines():
    assert [six(x) for x in (None, 0, -1234.567, 0.00001234567, 12.3456789, True)] == [
        "—",
        "0",
        "−1,234.57",
        "0.0000123457",
        "12.3457",
        "是",
    ]
    line = spark([1.0, 3.0, None, 2.0])
    assert line.lines == ("4.0,22.0 31.3,4.0",) and line.dots[-1] == (86.0, 13.0)
    assert spark([None, 1.0]) is None and spark([2.0, 2.0]).dots == ((4.0, 13.0), (86.0, 13.0))
