"""Templates: filled with good values they load without a complaint, empty they load no row."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
import returns_landing as landing

from ingestion import units
from ingestion.contract import all_contracts
from ingestion.load import ingest
from landgauge import cli
from landgauge.stages.templates import templates
from reporting.returns.templates import GUIDE, LISTS
from warehouse import db

USCC, AGREEMENT, ZONE = "91440101MA59A2B107", "XY001", "Z01"
BY_TYPE = {"number": 1, "date": "2030-05-01", "year": 2024, "flag": "是", "text": "文字", "code": "2017"}
# what a list, a type or an example does not say
VALUES = {
    "agreement_no": AGREEMENT, "zone_code": ZONE, "uscc": USCC, "parcel_code": landing.P[1], "town_code": "440112001",
    "district_code": "440112", "industry_code": "26", "land_use_code": "M1", "project_no": "X1", "unit": "t",
    "energy_type": "原煤", "longitude": 113.4, "latitude": 23.1, "far_min": 1, "far_max": 2, "objection_no": "YY1",
    "supply_date": "2020-01-01", "rd_staff": 1, "employees": 10, "site_area_m2": 10000, "industrial_share": 0.5,
    "process_interval_years": 4, "new_parcel_code": landing.P[2], "old_parcel_code": landing.P[3],
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("templates")
    assert templates(target).rows == {"workbooks": len(all_contracts()) + 1}
    return target


def template(folder: Path, dataset: str):
    (path,) = folder.glob(f"{dataset}_*.xlsx")
    return openpyxl.load_workbook(path)


def filled(book, dataset: str, row: int = 3) -> bytes:
    contract = all_contracts()[dataset]
    sheet = book.worksheets[0]
    for cell in sheet[2]:
        column = contract.column(contract.resolve_header(cell.value)[0])
        value = VALUES.get(column.name)
        if value is None and column.values:
            value = column.values[0]
        if value is None:
            value = {"number": 1, "date": "2030-05-01", "year": 2024, "flag": "是", "text": "文字", "code": "2017"}[
                column.type
            ]
        sheet.cell(row, cell.column, value)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def ledger(settings) -> dict[str, tuple[object, ...]]:
    with db.connect(settings) as con:
        sql = "select dataset, state, rows_in, accepted, reason from ledger.load order by load_id"
        return {row[0]: row[1:] for row in con.execute(sql).fetchall()}


def test_a_filled_template_of_every_dataset_loads_without_a_complaint(folder, tmp_path):
    settings = landing.settings(tmp_path)
    for dataset in all_contracts():
        if dataset != "corrections":  # there is nothing to correct
            content = filled(template(folder, dataset), dataset)
            landing.put(tmp_path, f"{dataset}/{landing.YEAR}/{dataset}.xlsx", content)
    done = ingest(settings)
    with db.connect(settings) as con:
        found = con.execute("select dataset, rule_code, value from quarantine.finding").fetchall()
    assert (found, done.complaints) == ([], ())
    expected = {dataset: ("loaded", 1, 1, None) for dataset in all_contracts() if dataset != "corrections"}
    assert ledger(settings) == expected


def test_an_empty_template_loads_no_row(folder, tmp_path):
    for dataset in ("parcels", "corrections"):
        (path,) = folder.glob(f"{dataset}_*.xlsx")
        landing.put(tmp_path, f"{dataset}/{landing.YEAR}/a.xlsx", path.read_bytes())
    done = ingest(landing.settings(tmp_path))
    assert done.complaints == ()
    assert ledger(landing.settings(tmp_path)) == dict.fromkeys(("parcels", "corrections"), ("loaded", 0, 0, None))


def test_columns_are_checked_while_they_are_filled(folder):
    sheet = template(folder, "parcels").worksheets[0]
    rules = {str(v.sqref): v for v in sheet.data_validations.dataValidation}
    letter = {cell.value: cell.column_letter for cell in sheet[2]}

    def rule(header: str):
        return rules[f"{letter[header]}3:{letter[header]}1048576"]

    assert (rule("宗地代码").type, rule("宗地代码").formula1, rule("宗地代码").formula2) == ("textLength", "19", "19")
    assert (rule("宗地面积(平方米)").operator, rule("宗地面积(平方米)").formula1) == ("greaterThan", "0")
    assert (
        rule("规划容积率上限").formula1
        == f"AND(ISNUMBER({letter['规划容积率上限']}3),{letter['规划容积率上限']}3>0,{letter['规划容积率上限']}3<30)"
    )
    assert rule("供应日期").type == "date"
    assert {sheet[f"{letter[name]}1"].value for name in ("宗地代码", "宗地面积(平方米)")} == {"必填"}
    assert "大于 0" in sheet[f"{letter['宗地面积(平方米)']}2"].comment.text
    assert sheet.column_dimensions[letter["宗地代码"]].number_format == "@"
    assert sheet.freeze_panes == "A3"


def test_drop_downs_list_the_codes_with_their_names(folder):
    book = template(folder, "enterprises")
    assert book.sheetnames == ["企业", GUIDE, LISTS]
    rules = {v.promptTitle: v for v in book["企业"].data_validations.dataValidation}
    assert (rules["行业代码"].type, rules["行业代码"].errorStyle) == ("list", "warning")
    assert rules["登记状态"].errorStyle == "stop"
    sheet, area = rules["登记状态"].formula1.split("!")
    cells = [cell.value for row in book[sheet.strip("'")][area.replace("$", "")] for cell in row]
    assert cells == ["存续", "在业", "停业", "注销", "吊销"]
    sheet, area = rules["行业代码"].formula1.split("!")
    codes = {row[0].value for row in book[sheet.strip("'")][area.replace("$", "")]}
    assert {"26", "2611"} <= codes


def test_a_citys_own_codes_are_its_own(tmp_path):
    landing.put(tmp_path, "city.yml", "name_zh: 甲市\nparcel_code_pattern: '^[A-Z]{2,3}$'\nland_use: use.csv\n")
    landing.put(tmp_path, "use.csv", "code,name_zh,is_industrial\n=A1,甲类,true\n")
    call = ["templates", "--out", str(tmp_path / "out"), "--landing", str(tmp_path / "landing")]
    assert cli.main(call) == 0
    book = template(tmp_path / "out", "parcels")
    rules = {v.promptTitle: v for v in book["宗地"].data_validations.dataValidation}
    assert (rules["宗地代码"].formula1, rules["宗地代码"].formula2) == ("2", "3")
    assert (book[LISTS]["D3"].value, book[LISTS]["D3"].data_type) == ("=A1", "s")
    assert "甲市" in book[GUIDE]["A2"].value
    again = (tmp_path / "out" / "全部数据集.xlsx").read_bytes()
    assert cli.main(call) == 0
    assert (tmp_path / "out" / "全部数据集.xlsx").read_bytes() == again


def test_units_of_the_headers_are_the_contracts(folder):
    for dataset, contract in all_contracts().items():
        for cell in template(folder, dataset).worksheets[0][2]:
            name, unit = contract.resolve_header(cell.value)
            assert name is not None
            assert unit is None or units.factor(unit, contract.column(name).unit) == 1, cell.value
