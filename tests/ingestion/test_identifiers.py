"""Check digits against published codes."""

from __future__ import annotations

import numpy as np
import pytest
from landings import HEADER, P1, P2, P3, City

from ingestion import identifiers, lookups
from ingestion.identifiers import UsccState
from landgauge import policy, profile

# https://www.yc00.com/web/1713075042a2177900.html; www.qufu.gov.cn/art/2020/7/20/art_27520_2665032.html; GB 32100-2015
PUBLISHED = ["91350100M000100Y43", "11370881004339597L", "91440300708461136T"]


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_are_good(code):
    assert identifiers.uscc_state(code) is UsccState.GOOD
    assert identifiers.uscc_check_character(code[:17]) == code[17]


def test_every_other_check_character_is_wrong():
    for code in PUBLISHED:
        others = [code[:17] + c for c in identifiers.USCC_ALPHABET if c != code[17]]
        assert {identifiers.uscc_state(other) for other in others} == {UsccState.CHECK_DIGIT}


@pytest.mark.parametrize("letter", "IOZSV")
def test_letters_outside_the_alphabet(letter):
    assert identifiers.uscc_state("91350100M000100Y4" + letter) is UsccState.PATTERN


@pytest.mark.parametrize("code", ["", "91350100M000100Y4", "91350100M000100Y433", "91350100m000100Y43", "９" * 18])
def test_structure(code):
    assert identifiers.uscc_state(code) is UsccState.PATTERN


def test_an_array_of_codes_is_judged_code_by_code():
    codes = [*PUBLISHED, "91350100M000100Y44", "91350100M000100Y4Z"]
    states = identifiers.uscc_states(np.array([list(code.encode()) for code in codes], dtype=np.uint8))
    assert states.tolist() == [0, 0, 0, UsccState.CHECK_DIGIT, UsccState.PATTERN]


def test_organisation_part():
    assert identifiers.organisation_check_character("M000100Y") == "4"  # GB 11714: 139 mod 11 = 7, 11 - 7
    assert identifiers.organisation_part_fits("91350100M000100Y43")
    assert not identifiers.organisation_part_fits("91350100M000100Y53")


def test_districts_of_2013_are_ten_and_two_county_level_cities():
    found = lookups.values("district", profile.load(None), 2013)
    names = {d.code: d.name_zh for d in profile.load(None).districts}
    assert sorted(names[code][-1] for code in found).count("市") == 2
    assert len(found) == 12
    assert {"440116", "440183", "440184"} <= set(found)
    assert len(lookups.values("district", profile.load(None), 2015)) == 11


def test_successors_are_named_once_the_code_has_ended():
    city = profile.load(None)
    assert "440116" not in lookups.successors(city, 2014)  # both codes were in use in the year of the change
    after = {code: (old.name_zh, new.code) for code, (old, new) in lookups.successors(city, 2015).items()}
    assert after["440116"] == ("萝岗区", "440112")
    assert (after["440183"], after["440184"]) == (("增城市", "440118"), ("从化市", "440117"))
    steps = [d.model_copy(update={"successor_code": "440116"}) if d.code == "440102" else d for d in city.districts]
    chained = lookups.successors(city.model_copy(update={"districts": tuple(steps)}), 2015)
    assert chained["440102"][1].code == "440112"  # by way of 440116
    circle = [d.model_copy(update={"successor_code": d.code}) if d.valid_to_year else d for d in city.districts]
    assert lookups.successors(city.model_copy(update={"districts": tuple(circle)}), 2015) == {}


def test_towns_are_of_their_years():
    towns = profile.load(None).towns
    in_year = {
        year: {t.code for t in towns if (t.valid_from_year or year) <= year <= (t.valid_to_year or year)}
        for year in (2018, 2019, 2021, 2023)
    }
    assert {year: len(codes) for year, codes in in_year.items()} == {2018: 173, 2019: 172, 2021: 178, 2023: 178}
    assert [(t.valid_to_year, t.successor_code) for t in towns if t.code == "440113118"] == [(2022, "440113017")]


def test_the_message_names_the_successor_and_the_unit_number(tmp_path):
    good, unit_number = P1, P2 + "F00010001"
    rows = (f"{good},440116,M1,1000", f"{unit_number},440112,M1,1000", "bad,440112,M1,1000", f"{P3},999999,M1,1000")
    city = City(tmp_path).put({"parcels/2024/a.csv": "\n".join([HEADER, f"{P1},440112,M1,1000", *rows]) + "\n"})
    city.ingest()
    said = {
        row[0]: row[1:]
        for row in city.ask("select row_no, rule_code, message_zh, message_en, next_step from quarantine.finding")
    }
    assert said[2][0] == "list:district_code"
    assert "440116（萝岗区）在2024年已无效，由440112（黄埔区）承继" in said[2][1]
    assert "440112 follows it" in said[2][2]
    assert said[2][3].startswith("核对后改用440112（黄埔区）。")
    assert (said[3][0], said[4][0]) == ("pattern:parcel_code", "pattern:parcel_code")
    assert "28位不动产单元号" in said[3][3]
    assert "前19位" in said[3][3]
    assert "不动产单元号" not in said[4][3]
    assert "承继" not in said[5][1]


def test_divisions_are_mapped_from_edition_to_edition():
    rows = policy.rows("industry_mapping")
    divisions = {(r["edition"], r["code"]) for r in policy.rows("industry") if r["level"] == "2"}
    steps = {("2002", "2011"), ("2011", "2017")}
    assert {(r["from_edition"], r["to_edition"]) for r in rows} == steps
    for old, new in steps:
        assert {r["from_code"] for r in rows if r["from_edition"] == old} == {c for e, c in divisions if e == old}
        assert {r["to_code"] for r in rows if r["to_edition"] == new} == {c for e, c in divisions if e == new}
    found = {(r["from_edition"], r["from_code"], r["to_code"]): r["relation"] for r in rows}
    assert found["2002", "C30", "C29"] == "part"  # plastics: most to 29, plastic shoes to 19
    assert found["2002", "C40", "C39"] == "renamed"
    assert found["2011", "O80", "O81"] == "same"
    assert found["2002", "C37", "C36"] == "split"
    assert all(r["source"] and not r["share"] for r in rows)
