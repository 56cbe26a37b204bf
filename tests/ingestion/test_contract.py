"""Source contracts: complete, consistent, and their headers found however they are written."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from pydantic import ValidationError

from ingestion import contract as contracts
from ingestion import messages, units
from ingestion.contract import Contract
from landgauge import policy
from landgauge.errors import ConfigurationError

RUNNING = {
    "district_series", "land_supply", "agreements", "agreement_targets", "agreement_events", "verdicts",
    "self_reports", "parcel_changes", "public_notices", "objections", "corrections",
}  # fmt: skip
GBT4754 = Path(__file__).parents[3] / "shared" / "data" / "gbt4754_2017" / "gbt4754_2017.csv"


def test_every_dataset_of_the_input_contract_is_there():
    found = contracts.all_contracts()
    assert len(found) == 21  # those of the input contract, and public_notices
    assert {name for name, contract in found.items() if contract.scope == "running"} == RUNNING
    assert all(name == contract.dataset for name, contract in found.items())


def test_a_dataset_is_loaded_after_those_it_refers_to_and_corrections_last():
    order = list(contracts.all_contracts())
    for contract in contracts.all_contracts().values():
        for reference in contract.references:
            assert order.index(reference.dataset) < order.index(contract.dataset)
    assert order[-1] == "corrections"


def test_units_and_values_of_the_contracts_are_known():
    for contract in contracts.all_contracts().values():
        for column in contract.columns:
            assert column.unit is None or units.factor(column.unit, column.unit) == 1.0, (contract.dataset, column.name)
            assert column.type != "list" or column.values


@pytest.mark.parametrize(
    ("dataset", "header", "found"),
    [
        ("parcels", "parcel_code", ("parcel_code", None)),
        ("parcels", "宗地代码", ("parcel_code", None)),
        ("parcels", " 宗地\n代码 ", ("parcel_code", None)),
        ("parcels", "宗地面积（亩）", ("site_area_m2", "亩")),
        ("parcels", "宗地面积 (m²)", ("site_area_m2", "m²")),
        ("parcels", "宗地面积【公顷】", ("site_area_m2", "公顷")),
        ("parcels", "宗地面积(斗)", ("site_area_m2", "斗")),
        ("parcels", "site_area_m2(ft2)", ("site_area_m2", "ft2")),
        ("parcels", "宗地代码（19位）", ("parcel_code", None)),  # a remark: codes have no unit
        ("parcels", "备注", (None, None)),
        ("parcels", "备注(m2)", (None, None)),
        ("parcels", "", (None, None)),
        ("parcels", "(m2)", (None, None)),
        ("operations", "工业总产值(亿元)", ("output_cny10k", "亿元")),
        ("operations", "Ｒ＆Ｄ经费（元）", ("rd_expenditure_cny10k", "元")),
        ("operations", "R&D人员(人)", ("rd_staff", "人")),
        ("zones", "A1", ("a1_ha", None)),
        ("zones", "a1_ha", ("a1_ha", None)),
        ("zones", "H2(亩)", ("h2_ha", "亩")),
        ("enterprises", "所在区", ("district_code", None)),
        ("taxes", "统一社会信用代码", ("uscc", None)),
        ("verdicts", "部门", ("department", None)),
    ],
)
def test_headers(dataset, header, found):
    assert contracts.load(dataset).resolve_header(header) == found


def test_a_bracket_that_belongs_to_a_known_header_is_no_unit():
    column = {"name": "ratio", "header_zh": "比例(甲)", "type": "number"}
    made = Contract.model_validate({"dataset": "x", "name_zh": "某", "key": ["ratio"], "columns": [column]})
    assert made.resolve_header("比例（甲）") == ("ratio", None)


@pytest.mark.parametrize(
    "change",
    [
        {"key": ["absent"]},
        {"surplus": 1},
        {"references": [{"column": "absent", "dataset": "parcels"}]},
        {
            "columns": [
                {"name": "a", "header_zh": "甲", "type": "code"},
                {"name": "b", "header_zh": "甲", "type": "code"},
            ]
        },
        {"columns": [{"name": "a", "header_zh": "甲", "type": "number", "limit": "absent"}]},
        {"columns": [{"name": "a", "header_zh": "甲", "type": "colour"}]},
    ],
)
def test_a_wrong_contract_is_refused(change):
    good = {
        "dataset": "x",
        "name_zh": "某",
        "key": ["a"],
        "columns": [{"name": "a", "header_zh": "甲", "type": "code"}],
    }
    Contract.model_validate(good)
    with pytest.raises(ValidationError):
        Contract.model_validate({**good, **change})


def test_an_unknown_dataset_names_the_known_ones():
    with pytest.raises(ConfigurationError) as error:
        contracts.load("plots")
    assert "parcels" in error.value.next_step


def test_every_rule_says_what_is_wrong_in_both_languages():
    codes = [
        "required", "type", "spreadsheet_number", "list", "range", "limit", "order", "pattern", "check_digit", "unit",
        "reason_required", "area", "geometry", "extent", "old_value", "row_shape", "orphan", "conflict", "duplicate",
        "file:unreadable", "file:missing_column", "file:unknown_unit", "file:duplicate_header", "file:empty",
        "file:crs", "file:dataset", "file:encoding",
    ]  # fmt: skip
    parcels = contracts.load("parcels")
    for code in codes:
        column = None if code.startswith("file") else "far_min"
        texts = messages.message(parcels, code if column is None else f"{code}:{column}", column)
        assert all(texts)
        assert "未通过规则" not in texts.zh
        assert not any("{" in text for text in texts)


def test_messages_speak_of_headers_in_chinese_and_of_columns_in_english():
    found = messages.message(contracts.load("parcels"), "limit:far_min", "far_min")
    assert found.zh == "“规划容积率下限”大于“规划容积率上限”。"
    assert found.en == "far_min is above far_max."
    joined = messages.message(contracts.load("occupancy"), "conflict:parcel_code+uscc", "parcel_code+uscc")
    assert "宗地代码、统一社会信用代码" in joined.zh
    assert messages.message(contracts.load("parcels"), "orphan:zone_code", "zone_code").zh.startswith(
        "“开发区代码”在“开发区”"
    )


def test_industries_are_a_tree_in_each_edition():
    rows = policy.rows("industry")
    codes = {(row["edition"], row["code"]): row for row in rows}
    assert len(codes) == len(rows)
    for row in rows:
        parent = codes.get((row["edition"], row["parent_code"]))
        assert (parent is None) == (row["level"] == "1")
        assert parent is None or int(parent["level"]) == int(row["level"]) - 1
    counts = {e: sum(r["edition"] == e and r["level"] == "2" for r in rows) for e in ("2002", "2011", "2017")}
    assert counts == {"2002": 95, "2011": 96, "2017": 97}


@pytest.mark.skipif(not GBT4754.is_file(), reason="the reference copy of GB/T 4754-2017 is not beside the project")
def test_the_industry_seed_agrees_with_the_reference_copy():
    with GBT4754.open(encoding="utf-8-sig") as handle:
        reference = {row["code"]: row for row in csv.DictReader(handle)}
    seed = {row["code"]: row for row in policy.rows("industry") if row["edition"] == "2017"}
    assert len(seed) == len(reference) == 1971
    differing = set()
    for code, row in reference.items():
        key = code if row["level"] == "1" else row["section"] + code
        if seed[key]["name_zh"] != row["name"].strip():
            differing.add(code)
    assert differing == {"3531", "7517"}  # a corrupted name, and a bracket of the wrong width
