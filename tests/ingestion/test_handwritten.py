"""A small city written by hand from the input contract; its defects were counted by hand, and every one is expected."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest
from landings import City

FOLDER = Path(__file__).parent / "handwritten"


def table(name: str) -> list[tuple[str, ...]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as handle:
        return [tuple(row) for row in csv.reader(handle)][1:]


@pytest.fixture(scope="module")
def city(tmp_path_factory) -> City:
    folder = tmp_path_factory.mktemp("handwritten")
    shutil.copytree(FOLDER / "landing", folder / "landing")
    city = City(folder)
    city.ingest()
    return city


def test_every_row_is_counted_once(city):
    found = city.ask("select file_name, state, rows_in, accepted, quarantined from ledger.load order by file_name")
    assert [tuple(map(str, row)) for row in found] == sorted(table("expected_files.csv"))


def test_every_defect_is_found_and_no_other(city):
    found = city.ask(
        "select file_name, row_no, rule_code from quarantine.finding natural join ledger.load order by all"
    )
    assert sorted(tuple(map(str, row)) for row in found) == sorted(table("expected_findings.csv"))


def test_good_values_arrive_typed_and_converted(city):
    first = city.ask(
        "select parcel_name, site_area_m2, green_area_m2, cast(supply_date as varchar), far_max from accepted.parcels "
        "order by parcel_code limit 1"
    )
    assert first == [("一号地", pytest.approx(10_000), 1200.0, "2010-05-01", 2.5)]
    assert city.ask("select a1_ha, a2_ha, resident_population from accepted.zones order by zone_code") == [
        (120.5, 1310.0, 23_000.0),
        (80.0, 410.0, None),
    ]
    assert city.ask("select output_cny10k, value_added_cny10k from accepted.operations") == [(12_000.0, -300.0)]
    assert city.ask("select uscc, industry_code from accepted.enterprises order by 1") == [
        ("91440101MA59A2B107", "2611"),
        ("91440101MA59A2B208", "26"),
    ]


def test_every_finding_can_be_acted_on(city):
    found = city.ask("select message_zh, message_en, next_step, original_row, row_no from quarantine.finding")
    assert all(zh and en and step for zh, en, step, _, _ in found)
    assert all(original for *_, original, row_no in found if row_no)
