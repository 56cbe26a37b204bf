"""Tolerated shares of single rules, what rules strike against last year, and what the gate tells people."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pandas as pd
import pytest
from gate_warehouse import YEAR, Made, operations, parcels

from expectations import frames, gate, industries, profiles, shares, suites
from expectations.limits import read_limits
from landgauge.errors import ConfigurationError

LIMITS = read_limits()


def _find(made: Made, load: int, rule: str, *rows: int, severity: str = "error", dataset: str = "operations") -> None:
    for row in rows:
        made.run(
            "insert into quarantine.finding (load_id, dataset, data_year, row_no, rule_code, severity) "
            "select load_id, dataset, data_year, ?, ?, ? from ledger.load where load_id = ?",
            *(row, rule, severity, load),
        )


def _tolerate(made: Made, **rules: float) -> None:
    made.run("create or replace table profile.gate_rule (rule varchar, tolerated_share double)")
    for rule, share in rules.items():
        made.run("insert into profile.gate_rule values (?, ?)", rule.replace("__", ":"), share)


def _rules(made: Made) -> tuple[shares.RuleShare, ...]:
    with duckdb.connect(str(made.settings.database)) as con:
        allowed = shares.read_limits(con)
        shares.require_known(allowed, made.contracts)
        read = shares.read_shares(con, YEAR, made.contracts)
        return shares.read_rule_shares(con, YEAR, made.contracts, read, allowed)


def test_a_rule_complains_only_above_its_own_share(made):
    made.load("parcels", parcels(30))
    load = made.load("operations", operations(98), quarantined=2)
    _find(made, load, "range:output_cny10k", 99, 100)
    _tolerate(made, range__output_cny10k=0.02)
    assert gate.check(made.settings).complaints == ()
    assert made.gate()["gate.tolerated_rule:operations:range:output_cny10k"] == (True, "0.02", "warn")
    _tolerate(made, range__output_cny10k=0.0199)
    (complaint,) = gate.check(made.settings).complaints
    assert "经济指标(operations):100 行中有 2 行未通过规则 range:output_cny10k" in complaint
    assert "2 of 100 rows break range:output_cny10k, 2 %, above the 1.99 % tolerated" in complaint


def test_a_rule_without_a_column_counts_each_row_once(made):
    load = made.load("operations", operations(8), quarantined=2)
    gone = made.load("operations", quarantined=5, state="superseded")
    _find(made, load, "range:output_cny10k", 9, 10)
    _find(made, load, "range:employees", 9)
    _find(made, load, "required:employees", 10)
    _find(made, gone, "range:output_cny10k", 1, 2)
    _tolerate(made, range=0.5, range__employees=0.0, check_digit=0.0)
    found = {(r.dataset, r.rule): (r.broken, r.rows, r.share) for r in _rules(made)}
    assert found == {("operations", "range"): (2, 10, 0.2), ("operations", "range:employees"): (1, 10, 0.1)}


def test_without_shares_of_their_own_rules_are_not_judged(made):
    load = made.load("operations", operations(1), quarantined=9)
    _find(made, load, "range:output_cny10k", *range(2, 11))
    assert _rules(made) == ()


@pytest.mark.parametrize("code", ["rnage", "range:no_such_column", "file:encoding"])
def test_a_share_for_a_rule_that_does_not_exist_is_refused(made, code):
    _tolerate(made, **{code.replace(":", "__"): 0.1})
    with pytest.raises(ConfigurationError, match=code):
        _rules(made)


def _quarantine(made: Made):
    with duckdb.connect(str(made.settings.database)) as con:
        read = shares.read_shares(con, YEAR, made.contracts)
        frame = frames.quarantine_frame(con, YEAR, read, made.contracts, LIMITS)
    return frame.set_index(["dataset", "rule_code"])


def test_rule_counts_stand_beside_last_years(made):
    before = made.load("operations", operations(190), year=YEAR - 1, quarantined=10)
    now = made.load("operations", operations(186), quarantined=14)
    _find(made, before, "range:employees", *range(191, 201))
    _find(made, now, "range:employees", *range(187, 192))
    _find(made, now, "required:employees", *range(192, 197))
    _find(made, now, "type:employees", *range(197, 201))
    frame = _quarantine(made)
    columns = ["broken", "error_share", "error_share_last", "error_share_rise"]
    assert frame.loc[("operations", "range:employees"), columns].tolist() == [5, 0.025, 0.05, -0.025]
    assert frame.loc[("operations", "required:employees"), columns].tolist() == [5, 0.025, 0, 0.025]
    few = frame.loc[("operations", "type:employees")]  # four rows: too few to compare
    assert (few.error_share, few.error_share_last) == (0.02, 0)
    assert pd.isna(few.error_share_rise)


def test_rule_counts_add_up_with_the_quarantine(made):
    """Every finding on a row of a loaded file of the year is counted under its rule, and under no other."""
    load = made.load("operations", operations(50), quarantined=4)
    _find(made, load, "range:employees", 51, 52)
    _find(made, load, "required:employees", 53, 54, 52)
    _find(made, load, "order:x", 1, severity="warning")
    _find(made, made.load("operations", quarantined=2, state="rejected"), "file:encoding", 0)
    frame = _quarantine(made)
    (counted,) = made.run(
        "select count(distinct (load_id, row_no, rule_code)) from quarantine.finding join ledger.load using (load_id) "
        "where state = 'loaded' and row_no > 0"
    )
    assert frame.broken.sum() == counted[0] == 6
    (rows,) = made.run(
        "select count(distinct row_no) from quarantine.finding where load_id = ? and severity = 'error'", load
    )
    (share,) = [s for s in _shares(made) if s.dataset == "operations"]
    assert rows[0] == share.quarantined == 4


def _shares(made: Made):
    with duckdb.connect(str(made.settings.database)) as con:
        return shares.read_shares(con, YEAR, made.contracts)


def _firms(made: Made, year: int, division: str, count: int, start: int = 0) -> None:
    made.load(
        "enterprises",
        f"select 'U' || (range + {start}) as uscc, '{division}10' as industry_code, '2017' as industry_edition, "
        f"'440112' as district_code from range({count})",
        year=year,
    )


def _industries(made: Made, limits=LIMITS):
    with duckdb.connect(str(made.settings.database)) as con:
        found = profiles.read_profiles(con, YEAR, made.contracts, limits)
        return industries.industry_frame(con, YEAR, found, limits)


def test_medians_of_industries_from_thirty_firms_on(made):
    for year, output in ((YEAR - 1, "100.0"), (YEAR, "300.0")):
        _firms(made, year, "36", 30)
        _firms(made, year, "39", 29, start=30)
        made.load("operations", operations(59, output=output, added="10.0"), year=year)
    frame = _industries(made)
    assert set(frame.division) == {"36"}
    row = frame[frame.figure == "output_per_employee_cny10k_per_person"].iloc[0]
    assert (row["count"], row["median"], row.median_last, row.median_ratio, row.median_0) == (30, 30, 10, 3, 30)


def test_medians_without_last_year_or_without_operations(made):
    _firms(made, YEAR, "36", 30)
    assert _industries(made).empty
    made.load("operations", operations(30, output="0.0"))
    frame = _industries(made)
    assert frame.median_ratio.isna().all()
    assert frame[frame.figure == "output_per_employee_cny10k_per_person"].median_0.tolist() == [0]


def test_warnings_name_district_industry_column_and_both_years(made):
    made.run(
        "create table profile.industry as select '2017' as edition, 'C36' as code, '汽车制造业' as name_zh, 2 as level"
    )
    for year, output in ((YEAR - 1, "100.0"), (YEAR, "40.0")):
        made.load("parcels", parcels(30), year=year)
        _firms(made, year, "36", 30)
        made.load("operations", operations(30, output=output, added="10.0"), year=year)
    made.run("update accepted.operations set value_added_cny10k = null where data_year = ?", YEAR)
    gate.check(made.settings)
    said = {
        f"{row[0]}.{row[1]}": row[2:]
        for row in made.run("select suite, expectation, message_zh, message_en from run.gate where not success")
    }
    district = said["districts.ratio"]
    assert "黄埔区(440112)经济指标“工业总产值”合计:2023年3000,2024年1200" in district[0]
    assert "440112 total of operations.output_cny10k: 3000 in 2023, 1200 in 2024" in district[1]
    assert "南沙区(440115)2024年没有宗地入库" in said["districts.parcel_rows"][0]
    assert "汽车制造业(2017:36)人均产值(万元/人)中位数:2023年10,2024年4" in said["industries.median_ratio"][0]
    assert (
        "median output_per_employee_cny10k_per_person of 2017:36: 10 in 2023, 4 in 2024"
        in (said["industries.median_ratio"][1])
    )
    assert "经济指标“工业增加值”空值占比:2023年0,2024年1" in said["columns.null_share_rise"][0]
    assert "total of operations.output_cny10k: 3000 in 2023, 1200 in 2024" in said["columns.total_ratio"][1]


def test_passing_expectations_tell_nothing_and_datasets_tell_rows(made):
    made.load("parcels", parcels(90), year=YEAR - 1)
    made.load("parcels", parcels(30))
    gate.check(made.settings)
    said = dict(made.run("select suite || '.' || expectation, message_zh from run.gate"))
    assert "宗地行数:2023年90,2024年30" in said["datasets.rows_ratio"]
    assert "年90" not in said["gate.accepted_rows:parcels"]


def test_bounds_of_industries_are_dated_and_name_columns(made):
    for figure in LIMITS.industries.figures:
        assert {figure.numerator, figure.denominator} <= {c.name for c in made.contracts["operations"].columns}
        assert figure.since and figure.reason and figure.source


def test_a_warehouse_without_the_rule_table_has_none(made):
    with duckdb.connect(str(made.settings.database)) as con:
        assert shares.read_limits(con) == shares.Limits(0.05, 0.5, {})
    assert suites.gate_batch((), replace(shares.Limits(0.05, 0.5)), 1).checks[0].name == suites.PARCELS
