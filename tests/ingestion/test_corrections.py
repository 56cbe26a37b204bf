"""Corrections: applied where they fit, quarantined where they do not, undone when they go."""

from __future__ import annotations

import json

import pytest
from landings import HEADER, P1, P2, City

PARCELS = f"{HEADER},绿地面积,供应日期\n{P1},440112,M1,1000,200,2020-05-01\n{P2},440112,M1,1000,,\n"
COLUMNS = "编号,数据集,年份,主键,字段,原值,新值,原因,批准人,日期\n"


def correction(column: str, old: str, new: str, code: str = P1, number: str = "G1", **other: str) -> str:
    key = json.dumps({"parcel_code": code}).replace('"', '""')
    dataset, day = other.get("dataset", "parcels"), other.get("day", "2024-06-01")
    return f'{number},{dataset},2024,"{key}",{column},{old},{new},笔误,张三,{day}\n'


def load(tmp_path, *lines: str) -> City:
    city = City(tmp_path).put({"parcels/2024/a.csv": PARCELS, "corrections/2024/c.csv": COLUMNS + "".join(lines)})
    city.ingest()
    return city


def green(city: City) -> list[object]:
    return [row[0] for row in city.ask("select green_area_m2 from accepted.parcels order by parcel_code")]


def test_a_fitting_correction_is_seen_and_the_raw_row_stays(tmp_path):
    city = load(tmp_path, correction("green_area_m2", "２００.0", '"1,000"'))
    assert green(city) == [1000.0, None]
    assert city.ask("select green_area_m2 from raw.parcels order by row_no") == [(200.0,), (None,)]
    assert city.ledger()["corrections/2024/c.csv"] == ("loaded", 1, 1, 0, 0)
    assert city.ledger()["parcels/2024/a.csv"] == ("loaded", 2, 2, 0, 0)
    city.ingest()
    assert green(city) == [1000.0, None]


def test_an_empty_old_value_fits_an_empty_cell(tmp_path):
    city = load(
        tmp_path,
        correction("green_area_m2", "", "50", P2),
        correction("supply_date", "2020/5/1", "20200502", number="G2"),
    )
    assert green(city) == [200.0, 50.0]
    assert city.ask("select cast(supply_date as varchar) from accepted.parcels order by parcel_code")[0] == (
        "2020-05-02",
    )


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        (correction("green_area_m2", "201", "100"), "old_value:old_value"),
        (correction("green_area_m2", "", "100"), "old_value:old_value"),
        (correction("green_area_m2", "many", "100", P2), "old_value:old_value"),
        (correction("green_area_m2", "200", "100", "440112001001GB00009"), "old_value:old_value"),
        (correction("parcel_code", P1, P2), "old_value:old_value"),
        (correction("nowhere", "1", "2"), "old_value:old_value"),
        (correction("green_area_m2", "200", "100", dataset="plots"), "old_value:old_value"),
        (correction("green_area_m2", "200", "2000"), "type:new_value"),
        (correction("green_area_m2", "200", "lots"), "type:new_value"),
    ],
)
def test_what_does_not_fit_is_quarantined(tmp_path, line, rule):
    city = load(tmp_path, line)
    assert green(city) == [200.0, None]
    assert city.rules("corrections") == [(1, rule)]
    assert city.ledger()["corrections/2024/c.csv"] == ("loaded", 1, 0, 1, 0)
    assert city.ask("select count(*) from accepted.corrections") == [(0,)]
    assert "笔误" in city.ask("select original_row from quarantine.finding")[0][0]


def test_corrections_follow_one_another_by_date(tmp_path):
    later = correction("green_area_m2", "300", "400", number="A", day="2024-07-02")
    city = load(tmp_path, later, correction("green_area_m2", "200", "300", number="B", day="2024-07-01"))
    assert green(city) == [400.0, None]
    assert city.rules("corrections") == []


def test_a_correction_of_a_row_that_changed_no_longer_fits(tmp_path):
    city = load(tmp_path, correction("green_area_m2", "200", "300"))
    city.put({"parcels/2024/a.csv": PARCELS.replace("1000,200", "1000,250")})
    city.ingest()
    assert green(city) == [250.0, None]
    assert city.rules("corrections") == [(1, "old_value:old_value")]


def test_a_correction_of_a_year_that_is_not_loaded_waits(tmp_path):
    line = correction("green_area_m2", "200", "300").replace(",2024,", ",2023,", 1)
    city = load(tmp_path, line)
    assert city.rules("corrections") == []
    assert green(city) == [200.0, None]
