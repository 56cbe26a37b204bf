"""Profile frames on a hand-made warehouse; figures counted by hand."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from gate_warehouse import YEAR, Made, operations, parcels

from expectations import frames, profiles
from expectations.limits import FILE, Bound, read_limits
from expectations.shares import read_shares
from landgauge.errors import ConfigurationError

LIMITS = read_limits()
SMALL_IS_LARGE = LIMITS.model_copy(update={"rows_limit": 0})


def _profiles(made: Made, limits=LIMITS):
    with duckdb.connect(str(made.settings.database)) as con:
        return profiles.read_profiles(con, YEAR, made.contracts, limits)


def _column(made: Made, dataset: str, column: str):
    frame = frames.column_frame(_profiles(made), LIMITS)
    return frame[(frame.dataset == dataset) & (frame.column == column)].iloc[0]


def test_column_that_lost_its_values_and_total_that_halved(made):
    made.load("operations", operations(40), year=YEAR - 1)
    made.load("operations", operations(40, output="(1000.0 + range) / 2", added="null::double"))
    output, added = _column(made, "operations", "output_cny10k"), _column(made, "operations", "value_added_cny10k")
    assert output.total == pytest.approx(sum(1000 + i for i in range(40)) / 2)
    assert output.total_ratio == pytest.approx(0.5)
    assert (added.null_share, added.null_share_last, added.null_share_rise) == (1, 0, 1)


def test_without_last_year_nothing_is_compared(made):
    made.load("operations", operations(40))
    output = _column(made, "operations", "output_cny10k")
    assert output[["total_ratio", "null_share_rise", "zero_share_rise", "median_ratio"]].isna().all()


def test_median_and_zeros(made):
    made.load("operations", operations(40, output="if(range < 10, 0, 100.0)"), year=YEAR - 1)
    made.load("operations", operations(40, output="if(range < 30, 0, 100.0)"))
    output = _column(made, "operations", "output_cny10k")
    assert output.zero_share_rise == 0.5
    assert (output.p50, output.median_last, output.median_ratio) == (0, 100, 0)


def test_only_delivered_columns_must_have_a_value(made):
    made.load("parcels", parcels(5), columns=("parcel_code", "parcel_name"))
    assert _column(made, "parcels", "parcel_name").delivered_filled_share == 0
    assert _column(made, "parcels", "parcel_code").delivered_filled_share == 1
    assert _column(made, "parcels", "zone_code").isna().delivered_filled_share


def _districts(made: Made):
    with duckdb.connect(str(made.settings.database)) as con:
        valid = profiles.valid_districts(con, YEAR)
        frame = frames.district_frame(_profiles(made), LIMITS, valid, profiles.successors(con, YEAR))
    return {(row.dataset, row.district_code, row.figure): row for row in frame.itertuples()}


def test_ended_district_is_counted_with_its_successor(made):
    made.load("parcels", parcels(60, district="if(range < 30, '440112', '440116')"), year=YEAR - 1)
    made.load("parcels", parcels(60))
    rows = _districts(made)
    assert rows["parcels", "440112", "rows"].ratio == 1
    assert ("parcels", "440116", "rows") not in rows


def test_district_that_hands_in_nothing(made):
    made.load("parcels", parcels(60, district="if(range < 30, '440112', '440115')"), year=YEAR - 1)
    made.load("parcels", parcels(30))
    rows = _districts(made)
    assert rows["parcels", "440115", "rows"].ratio == 0
    assert rows["parcels", "440115", "parcels"].parcel_rows == 0
    assert rows["parcels", "440112", "parcels"].parcel_rows == 30


def test_figures_of_firms_are_placed_by_the_register(made):
    firms = "select 'U' || range as uscc, if(range < 30, '440112', '440115') as district_code from range(70)"
    for year, output in ((YEAR - 1, "100.0"), (YEAR, "if(range < 30, 100.0, 300.0)")):
        made.load("enterprises", firms, year=year)
        made.load("operations", operations(70, output=output), year=year)
    rows = _districts(made)
    assert rows["operations", "440112", "output_cny10k"].ratio == 1
    assert rows["operations", "440115", "output_cny10k"].ratio == 3


def test_named_figures_need_both_totals(made):
    made.load("parcels", parcels(10, area="100.0"))
    assert "tax_per_output" not in frames.metric_values(_profiles(made), LIMITS)
    made.load("operations", operations(10, output="50.0"))
    values = frames.metric_values(_profiles(made), LIMITS)
    assert values["output_per_site_area_cny10k_per_m2"] == 0.5
    assert values["value_added_per_output"] == 4
    assert values["site_area_median_m2"] == 100
    assert "rd_intensity" not in values


def test_large_dataset_is_judged_by_counts(made):
    bad = operations(10, output="if(range = 3, -1.0, 5.0)").replace("'U' || range", "'U' || (range // 2)")
    made.load("operations", bad)
    frame = frames.rule_frame(_profiles(made, SMALL_IS_LARGE)).set_index("rule")
    assert frame.broken["range:output_cny10k"] == 1
    assert frame.broken["unique:uscc"] == 5
    assert frame.broken["required:uscc"] == 0


def test_quarantine_frame_counts_rows_of_loaded_files(made):
    load = made.load("operations", operations(48), quarantined=2)
    gone = made.load("operations", quarantined=9, state="superseded")
    for row in ((load, 49, "error"), (load, 50, "error"), (load, 1, "warning"), (gone, 1, "error")):
        made.run(
            "insert into quarantine.finding (load_id, dataset, data_year, row_no, rule_code, severity) "
            "values (?, 'operations', 2024, ?, 'required:employees', ?)",
            *row,
        )
    with duckdb.connect(str(made.settings.database)) as con:
        frame = frames.quarantine_frame(con, YEAR, read_shares(con, YEAR, made.contracts), made.contracts, LIMITS)
    assert frame.error_share.dropna().tolist() == [0.04]
    assert frame.warning_share.dropna().tolist() == [0.02]


def test_every_bound_is_dated_and_names_columns_that_stand_in_a_contract(made):
    for name in [n for r in LIMITS.ratios for n in (r.numerator, r.denominator)] + [q.column for q in LIMITS.quantiles]:
        dataset, _, column = name.partition(".")
        assert made.contracts[dataset].has(column), name
    for own in LIMITS.history.own_total_ratio:
        assert made.contracts[own.dataset].has(own.column), own


def test_wrong_bounds_are_named(tmp_path):
    text = FILE.read_text(encoding="utf-8").replace("rows_limit: 20000", "rows_limit: many")
    (tmp_path / "limits.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="rows_limit"):
        read_limits(tmp_path / "limits.yml")
    with pytest.raises(ValueError, match="above high"):
        Bound(low=2, high=1, since=date(2026, 1, 1), source="s", reason="r", illustrative=True)


@pytest.mark.parametrize("count", [1, 2, 99, 100, 101])
def test_quantiles_are_values_of_the_rows_over_all_districts(made, count):
    made.load(
        "parcels", parcels(count, district="if(range % 3 = 0, '440112', '440115')", area="1.0 + (range * 7) % 101")
    )
    (expected,) = made.run("select quantile_disc(site_area_m2, [0.01, 0.5, 0.99]) from accepted.parcels")
    assert list(_profiles(made)["parcels"].quantiles[profiles.THIS]["site_area_m2"]) == expected[0]
