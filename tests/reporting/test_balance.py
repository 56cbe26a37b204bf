"""What people get of supply and demand: the chapter, the workbook and the demand files say what the marts say."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import duckdb
import openpyxl
import page_parser
import pytest
import report_snapshot

from landgauge import policy
from landgauge.cli import main
from landgauge.errors import ConfigurationError
from reporting.balance import drawings, simulator
from reporting.balance.sheets import SHEETS
from reporting.balance.simulator import Known, NotWritten
from reporting.report import render

XSS = report_snapshot.XSS
HOSTILE = '=HYPERLINK("http://x")'


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("balance")
    (folder / "published").mkdir()
    report_snapshot.add_balance(report_snapshot.write(folder / "published" / "current.duckdb"))
    return folder


@pytest.fixture(scope="module")
def out(warehouse) -> Path:
    assert main(["balance", "--warehouse", str(warehouse), "--year", "2024", "--out", str(warehouse / "out")]) == 0
    return warehouse / "out"


@pytest.fixture(scope="module")
def book(out) -> openpyxl.Workbook:
    return openpyxl.load_workbook(out / "供需平衡.xlsx")


@pytest.fixture(scope="module")
def land(warehouse) -> page_parser.Element:
    page = render(warehouse / "published" / "current.duckdb", 2024)
    return page_parser.parse(page).id("land")


def marts(warehouse: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse / "published" / "current.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


# The chapter


def test_every_method_of_demand_stands_beside_the_others_with_their_spread(land):
    titles = [t.text for t in land.id("by-method").all("title")]
    assert titles == ["采用方法的范围", "地均产出法", "定额指标法", "加权组合"]
    assert ["灰色模型 GM(1,1)", "未采用", "未采用", "未采用"] in land.id("demand").table()


def test_supply_is_stacked_by_source_and_what_leaves_industry_lies_below_zero(land):
    rects = {r.text: r.attributes for r in land.id("by-source").all("rect")}
    assert list(rects) == ["2026 年 批而未供：45.50 公顷", "2026 年 转出：-7.50 公顷", "2028 年 旧厂房改造：12.25 公顷"]
    came, left, _ = rects.values()
    assert float(came["y"]) + float(came["height"]) == pytest.approx(float(left["y"]), abs=0.011)
    assert float(came["height"]) / float(left["height"]) == pytest.approx(45.5 / 7.5, rel=0.01)


def test_tornado_says_the_balance_that_follows_and_the_widest_bar_is_first(land):
    first = land.id("tornado").all("figure")[0]
    assert [t.text for t in first.all("title")] == [
        "地均产出增长率下调 1 个百分点：余缺 -82.00 公顷",
        "地均产出增长率上调 1 个百分点：余缺 33.00 公顷",
        "活动增长率下调 1 个百分点：余缺 8.00 公顷",
        "活动增长率上调 1 个百分点：余缺 -62.00 公顷",
    ]


def test_what_closes_the_gap_and_why_a_figure_is_missing(land):
    low, base = land.id("gap").table()
    assert base[1:7] == ["2030", "22.00", "1.25", "0.21", "88.00", "25.00"]
    assert low[3] == "—" and low[7] == "没有缺口（no_shortage）"


def test_map_shades_districts_and_names_those_without_outline(land):
    paths = {p.text: p.attributes["class"] for p in land.id("district-map").all("path")}
    assert paths == {"黄埔区：余缺 −120.50 公顷": "short3", "番禺区：余缺 33.25 公顷": "over1"}
    assert "没有区界图形，未绘出：南沙区" in land.text and "误差约 2,000 米" in land.text
    keys = [s.attributes["class"].split()[1] for s in land.all("span") if "swatch" in s.attributes.get("class", "")]
    assert {"short3", "even", "over3"} <= set(keys)


def test_a_district_that_lacks_land_says_so_and_is_not_zero(land):
    row = land.id("district-balance").table()[2]
    assert row == ["南沙区", "—", "", "—", "", "—", ""]
    assert "没有工业用地数据（land_missing）；没有土地供应来源资料（supply_missing）" in {
        a.attributes["title"] for a in land.id("district-balance").all("abbr")
    }


def test_accuracy_sets_measured_beside_nominal_and_the_combination_against_the_best_baseline(land):
    first, second = land.id("accuracy").table()
    assert first == ["工业增加值", "1", "36", "360", "5.00", "0.75", "0.80漂移法", "90.00", "90.00"]
    assert second[-2:] == ["90.00", "85.00"]
    said = land.id("verdicts").text
    assert "在步长 1 年胜过基线方法" in said and "在步长 2 年没有胜过" in said and "步长 2 年的区间偏窄" in said
    assert land.id("not-used").table() == [
        ["工业增加值", "灰色模型 GM(1,1)", "后验差检验未达到最低等级（posterior_test_failed）", "1", "1"]
    ]


def test_figures_are_the_marts_own_values(land, warehouse):
    shown = {d.attributes["value"] for d in land.all("data")}
    for sql in (
        "select balance_ha from marts.fct_land_balance",
        "select demand_ha from marts.fct_land_demand where used and year = 2030",
    ):
        assert {repr(float(v)) for (v,) in marts(warehouse, sql) if v is not None} <= shown


def test_illustrative_and_generated_are_said(land, out):
    assert any(s.text == "示意" for s in land.all("small"))


def test_hostile_texts_and_figures_without_size_stay_text(tmp_path):
    path = report_snapshot.add_balance(report_snapshot.write(tmp_path / "current.duckdb"))
    with duckdb.connect(str(path)) as con:
        texts = con.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' "
            "and data_type = 'VARCHAR' and column_name in ('name_zh', 'method', 'measure', 'driver', 'reason', "
            "'source', 'lacking', 'scenario', 'rejected_reason') and (table_name like 'fct_land%' or table_name in "
            "('fct_activity_forecast', 'fct_forecast_accuracy', 'dim_district', 'dim_unit'))"
        ).fetchall()
        for table, column in texts:
            con.execute(f"update marts.{table} set {column} = ? || {column} where {column} is not null", [XSS])
        con.execute("update marts.fct_land_balance set balance_ha = 'inf', low_ha = null where year = 2030")
        con.execute("update marts.fct_activity_forecast set forecast = 'nan'")
    page = render(path, 2024)
    assert "<script>alert" not in page and "<img" not in page and page.count("&lt;script&gt;") > 40
    drawn = [p.attributes["points"] for p in page_parser.parse(page).id("land").all("polyline")]
    assert drawn and not [points for points in drawn if "nan" in points or "inf" in points]


# The workbook


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda s: s.title)
def test_sheet_holds_what_its_mart_holds(book, warehouse, sheet):
    table = re.search(r"from (fct_\w+)", sheet.sql)[1]
    found = book[sheet.title]
    heads = [c.value for c in found[1]]
    assert heads == [c.header for c in sheet.columns]
    figures = [c for c in sheet.columns if c.form in ("number", "share")]
    have = {r[0] for r in marts(warehouse, f"describe marts.{table}")}
    for column in figures:
        place = heads.index(column.header)
        cells = [row[place].value for row in found.iter_rows(min_row=2)]
        wanted = marts(warehouse, f"select {column.name} from marts.{table}") if column.name in have else []
        some = sorted(float(v) for (v,) in wanted if v is not None)
        assert sorted(float(v) for v in cells if v is not None) == pytest.approx(some), column.name
    assert found.max_row - 1 == marts(warehouse, f"select count(*) from marts.{table}")[0][0] > 0


def test_sheets_are_frozen_filtered_and_formatted(book):
    assert book.sheetnames == [
        "平衡总表", "需求(分方法)", "供应(分来源)", "供应清单", "敏感性", "缺口措施", "预测精度", "说明"
    ]  # fmt: skip
    for sheet in SHEETS:
        found = book[sheet.title]
        assert found.freeze_panes == "A2" and found.auto_filter.ref.startswith("A1:")
        formats = dict(zip((c.form for c in sheet.columns), (c.number_format for c in found[2]), strict=True))
        assert formats["number"] == "#,##0.00##" and formats.get("year", "0") == "0"
        assert formats.get("share", "0.0%") == "0.0%"
    assert all("公顷" in c.header for c in SHEETS[0].columns if c.name.endswith("_ha"))


def test_items_show_duplicates_and_no_cell_is_a_formula(book):
    found = book["供应清单"]
    heads = [c.value for c in found[1]]
    rows = [dict(zip(heads, row, strict=True)) for row in found.iter_rows(min_row=2)]
    assert {r["编号"].value for r in rows} == {HOSTILE, "S2"}
    (again,) = [r for r in rows if r["编号"].value == "S2"]
    assert again["计入"].value == "否" and again["重复于"].value == HOSTILE
    assert again["说明"].value == "同一宗地已在前一来源计入（same_parcel）"
    for sheet in book:
        for row in sheet.iter_rows():
            assert not [c.coordinate for c in row if c.data_type == "f"], sheet.title
    assert again["重复于"].quotePrefix and again["宗地代码"].quotePrefix


def test_last_sheet_names_sources_and_illustrative_values(book):
    text = "\n".join(str(c.value) for row in book["说明"].iter_rows() for c in row if c.value is not None)
    assert "生成数据（示例）" in text and "示意值" in text and report_snapshot.RUN in text
    for row in policy.rows("forecast_supply_source"):
        assert f"source = {row['source']}" in text or row["source"] in text
    assert "class_code = rest" in text


def test_equal_marts_give_equal_bytes(warehouse, out, tmp_path):
    assert main(["balance", "--warehouse", str(warehouse), "--year", "2024", "--out", str(tmp_path / "again")]) == 0
    for path in sorted(p for p in out.rglob("*") if p.is_file()):
        assert (tmp_path / "again" / path.relative_to(out)).read_bytes() == path.read_bytes(), path.name


# The demand files


@pytest.mark.parametrize("scenario", ["low", "base", "high"])
def test_demand_file_reads_back_as_the_combination_and_every_line_has_one_total(out, warehouse, scenario):
    first, *lines = (out / "CLUE-S" / scenario / "demand.in1").read_text().splitlines()
    rows = [[float(v) for v in line.split(" ")] for line in lines]
    wanted = marts(
        warehouse,
        f"select land_ha::double from marts.fct_land_demand where scenario = '{scenario}' and method = 'combination' "
        "order by year",
    )
    assert int(first) == len(rows) == 7
    assert [r[0] for r in rows] == pytest.approx([5000.0, *(v for (v,) in wanted)], abs=5e-5)
    assert {r[1] for r in rows} == {4000.5}
    assert {round(sum(r), 4) for r in rows} == {round(sum(rows[0]), 4)}
    with (out / "PLUS" / f"{scenario}.csv").open() as handle:
        head, *table = csv.reader(handle)
    assert head == ["year", "industrial", "other_construction", "rest"]
    assert [[float(v) for v in r[1:]] for r in table] == rows and table[0][0] == "2024"


CLASSES = simulator.classes(policy.rows("simulator_class"))
LAND = {2024: 100.0, 2025: 110.5, 2026: 120.0}


def known(**more) -> Known:
    return Known(**({"base_year": 2024, "construction_ha": 300.0, "total_ha": 1000.0, "given": {}} | more))


def test_cells_add_up_to_the_cells_of_the_extent():
    table = simulator.demand(CLASSES, LAND, known(), unit_m2=900.0)
    assert {sum(row) for row in table.values()} == {1111 + 2222 + 7778}
    assert [row[0] for row in table.values()] == [1111, 1228, 1333]


def test_areas_of_the_city_are_followed_and_the_rest_gives_what_they_gain():
    given = {"other_construction": {None: 250.0, 2026: 260.0}, "rest": {2024: 650.0}}
    table = simulator.demand(CLASSES, LAND, known(given=given))
    assert [[a / 10_000 for a in row] for row in table.values()] == [
        [100.0, 250.0, 650.0],
        [110.5, 250.0, 639.5],
        [120.0, 260.0, 620.0],
    ]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"construction_ha": None}, "other_construction .* has no area in 2024"),
        ({"total_ha": None}, "rest .* has no area in 2024"),
        ({"total_ha": 250.0}, "rest .* would have -50.00 ha"),
        ({"total_ha": 305.0}, "rest .* more than it has by 2025"),
        ({"given": {"rest": {None: 700.0, 2025: 690.0}}}, "no class gives"),
    ],
)
def test_what_is_not_known_is_said_and_nothing_is_written(more, why):
    with pytest.raises(NotWritten, match=why):
        simulator.demand(CLASSES, LAND, known(**more))


@pytest.mark.parametrize("line", ["rest,many,", "rest,-1,", "rest,nan,", "rest,1,soon", "rest"])
def test_a_line_of_areas_that_cannot_be_read_is_named(tmp_path, line):
    path = tmp_path / "areas.csv"
    path.write_text(f"class_code,area_ha,year\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="line 2"):
        simulator.read_given(path)


@pytest.mark.parametrize(
    "change", [{"class_order": "5"}, {"class_code": "=1"}, {"area_basis": "guess"}, {"gives_share": "-1"}]
)
def test_a_seed_that_a_simulator_cannot_follow_is_refused(change):
    rows = policy.rows("simulator_class")
    with pytest.raises(ConfigurationError):
        simulator.classes([*rows[:2], rows[2] | change])


def test_a_city_without_forecasts_gets_a_workbook_and_is_told_what_lacks(tmp_path, capsys):
    (tmp_path / "published").mkdir()
    report_snapshot.write_bare(tmp_path / "published" / "current.duckdb", empty_tables=False)
    call = ["balance", "--warehouse", str(tmp_path), "--year", "2024", "--out", str(tmp_path / "out")]
    assert main(call) == 1
    assert "no combined demand of the city is published" in capsys.readouterr().err
    assert openpyxl.load_workbook(tmp_path / "out" / "供需平衡.xlsx")["平衡总表"].max_row == 1
    (tmp_path / "out" / "mine.txt").write_text("x")
    (tmp_path / "out" / ".landgauge-balance").unlink()
    assert main(call) == 2 and (tmp_path / "out" / "mine.txt").is_file()
    assert main(["balance", "--warehouse", str(tmp_path), "--year", "2019", "--out", str(tmp_path / "new")]) == 3
    assert not (tmp_path / "new").exists()


def test_lines_leave_out_what_is_missing_and_a_band_breaks_there():
    drawing = drawings.curves("t", [1, 2, 3], [("a", "m0", [1.0, None, 3.0])], ("b", "s", [0, None, 1], [2, None, 4]))
    assert len(drawing.lines[0].points.split()) == 2 and len(drawing.bands) == 2
    assert drawings.stacked("t", [1], {}).rects == () and drawings.tornado("t", 0.0, []).rects == ()
