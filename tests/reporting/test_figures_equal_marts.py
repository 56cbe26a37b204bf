"""Each figure on the page is the mart's: the exact value stands beside the written one."""

from __future__ import annotations

import duckdb
import pytest
import report_snapshot

from reporting import figures
from reporting.figures import Form, write


@pytest.fixture(scope="module")
def marts(city):
    with duckdb.connect(str(city), read_only=True) as con:
        yield con


def test_district_table_is_the_mart(document, marts):
    table = document.id("district-table")
    cells = 0
    for sql in ("fct_district_year", "fct_city_year"):
        cursor = marts.execute(f"select * exclude (run_id, year) from marts.{sql}")
        names = [c[0] for c in cursor.description]
        for unit, *values in cursor.fetchall():
            (row,) = table.all("tr", data_unit=unit)
            for name, value in zip(names[1:], values, strict=True):
                (cell,) = row.all("td", data_column=name)
                assert cell.value == value, (unit, name)
                cells += 1
    assert cells == 4 * 9


def test_district_rows_and_unmatched_output_add_up_to_the_city(document):
    table = document.id("district-table")
    for column in ("parcels", "site_area_m2", "output_cny10k", "unmatched_output_cny10k"):
        *parts, whole = [row.all("td", data_column=column)[0].value for row in table.all("tbody")[0].all("tr")]
        assert sum(p or 0 for p in parts) == whole, column


def test_districts_that_do_not_add_up_are_said_aloud(tmp_path):
    from reporting.report import render

    path = report_snapshot.write(tmp_path / "current.duckdb")
    assert "不一致" not in render(path, 2024)
    with duckdb.connect(str(path)) as con:
        con.execute("update marts.fct_city_year set output_cny10k = output_cny10k + 1")
    assert "各区工业总产值之和与全市不一致" in render(path, 2024)


def test_written_amounts_carry_their_unit(document):
    (row,) = document.id("district-table").all("tr", data_unit="440112")
    texts = {c.attributes["data-column"]: c.text.strip() for c in row.all("td")}
    assert texts["output_cny10k"] == "812.35"  # 8,123,456.75 万元, heading 亿元
    assert texts["site_area_m2"] == "400.00"  # 4,000,000 m², heading 公顷
    assert texts["rd_intensity"] == "3.12"  # 0.0312, heading %
    assert texts["land_output_cny10k_per_ha"] == "20,308.6"
    heads = {h.text for h in document.id("district-table").all("thead")[0].all("th")}
    assert {"工业总产值亿元", "用地面积公顷", "R&D经费强度%", "土地产出率万元/公顷"} <= heads


def test_ledger_adds_up_and_leaves_later_years_out(document):
    rows = {r[0]: r[1:] for r in document.id("ledger").table()}
    assert rows["宗地"] == ["2", "1,520", "1,490", "10", "20", "0", "相符"]
    assert rows["企业"] == ["1", "33", "0", "33", "0", "1", "相符"]
    assert rows["合计"] == ["3", "1,553", "1,490", "43", "20", "1", "相符"]
    assert "9,999" not in document.text
    assert document.id("earlier").table() == [["2023", "区域年度统计", "1", "12", "12", "0", "0"]]


def test_rejected_file_and_rules_have_a_reason_and_a_next_step(document):
    (rejected,) = document.id("rejected").table()
    assert rejected[2:] == ["33", "缺少必填列 uscc"]
    assert document.id("rules").table() == [
        ["宗地", "range:site_area_m2", "错误", "10", "宗地面积须大于 0", "改正面积后重新报送"]
    ]
    assert document.id("checks").table() == [["宗地相互重叠qc_parcel_overlap", "3"]]


def test_grades_and_distribution_count_every_rated_parcel(document, marts):
    (table,) = document.all("table", class_="grades")
    shown = {row[0]: int(row[1]) for row in table.table()}
    counts = marts.execute("select grade || ' 级', count(*) from marts.fct_score where rated group by all").fetchall()
    assert shown == dict(counts) and list(shown) == ["A 级", "B 级", "C 级", "D 级"]
    bars = [t.text for t in document.id("scores").all("title")]
    assert sum(int(t.rpartition("：")[2].split()[0]) for t in bars) == sum(shown.values())
    assert bars[-1].startswith("95–100 分：1"), "the full mark stands in the last bin"


def test_lists_run_from_the_lowest_and_from_the_highest(document):
    lowest = [r.attributes["data-unit"] for r in document.id("lowest").all("tbody")[0].all("tr")]
    highest = [r.attributes["data-unit"] for r in document.id("highest").all("tbody")[0].all("tr")]
    rated = [f"P{i:06d}" for i in range(12) if i != 2]
    assert lowest == rated and highest == rated[::-1]


def test_land_balance_by_scenario(document):
    heads = [h.text for h in document.id("balance").all("th", scope="colgroup")]
    assert heads == ["低需求情景公顷", "基准情景公顷", "高需求情景公顷"]
    rows = document.id("balance").table()
    assert [r[0] for r in rows] == [str(year) for year in range(2025, 2031)]
    assert rows[5][1:] == ["150.00", "172.00", "−22.00−38.00 至 −6.00"] * 3
    assert document.id("supply").table() == [["批而未供", "", "45.502026", ""]]
    assert document.id("demand").table() == [
        ["地均产出法", "", "172.00162.00 至 182.00", ""],
        ["灰色模型 GM(1,1)", "", "未采用", ""],
    ]
    text = document.id("land").text
    assert "低需求情景：预测期内没有缺口" in text and "首次缺口年份 2027 年" in text
    assert "灰色模型 GM(1,1)：级比超出允许区间（level_ratio_outside_band）" in text
    assert len(document.id("land").all("polyline")) == 11, "three lines a scenario, and two methods"


def test_contract_obligations_of_the_as_of_date_only(document):
    assert document.id("due-states").table() == [
        ["已逾期", "1", "1", "2024-10-02"],
        ["尚未到期", "1", "1", "2025-03-31"],
    ]
    assert document.id("overdue").table()[0][:4] == ["2024-10-02", "−90", "XY-1", "开工"]
    assert document.id("coming").table()[0][:4] == ["2025-03-31", "90", "XY-1", "竣工"]


def test_zone_row_with_a_missing_ratio(document):
    (row,) = document.id("zone-table").all("tr", data_unit="Z1")
    values = {c.attributes["data-column"]: c.value for c in row.all("td")}
    assert values["development_ratio"] == 0.93 and values["idle_ratio"] is None


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (1234567.891, figures.RATIO, "1,234,567.89"),
        (0.0312, figures.PERCENT, "3.12"),
        (0.0, figures.RATIO, "0.00"),
        (-0.0, figures.RATIO, "0.00"),
        (0.00012345, figures.RATIO, "0.00012"),
        (-0.0004, figures.RATIO, "−0.00040"),
        (1e-12, figures.RATIO, "1e-12"),
        (-12.5, figures.HA, "−12.50"),
        (12345678.0, figures.CNY100M, "1,234.57"),
        (None, figures.RATIO, "—"),
        (float("nan"), figures.RATIO, "—"),
        (7, Form("宗", 0), "7"),
    ],
)
def test_write(value, form, text):
    assert write(value, form) == text


def test_one_unit_for_a_column():
    assert figures.money(9_999.0).unit == "万元" and figures.money(10_000.0).unit == "亿元"
    assert figures.money(None).unit == "万元"
