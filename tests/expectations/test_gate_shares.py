"""Which loads count for the gate, and how a share is taken: no Great Expectations needed."""

from __future__ import annotations

import duckdb
import pytest
from gate_warehouse import YEAR, Made, operations, parcels

from expectations.shares import read_limits, read_shares
from landgauge.errors import StageFailed


def _shares(made: Made, year: int = YEAR):
    with duckdb.connect(str(made.settings.database)) as con:
        return {share.dataset: share for share in read_shares(con, year, made.contracts)}


def test_rejected_file_counts_for_the_complaint_and_not_for_the_stop(made):
    made.load("operations", operations(60), quarantined=20)
    made.load("operations", quarantined=20, state="rejected")
    share = _shares(made)["operations"]
    assert share.stop_share == 20 / 80
    assert share.complaint_share == 40 / 100


def test_dataset_with_rejected_files_only_has_no_stop_share(made):
    made.load("operations", quarantined=20, state="rejected")
    share = _shares(made)["operations"]
    assert share.stop_share is None
    assert share.complaint_share == 1


def test_rejected_file_without_countable_rows_has_no_share(made):
    made.load("operations", quarantined=0, state="rejected")
    share = _shares(made)["operations"]
    assert (share.stop_share, share.complaint_share) == (None, None)


def test_rejected_file_that_was_handed_in_again_is_settled(made):
    made.load("operations", quarantined=20, state="rejected", file_name="operations/2024/a.csv")
    made.load("operations", operations(20), file_name="operations/2024/a.csv")
    assert _shares(made)["operations"].complaint_share == 0


def test_rejected_correction_of_a_loaded_file_counts_beside_it(made):
    made.load("operations", operations(20), file_name="operations/2024/a.csv")
    made.load("operations", quarantined=20, state="rejected", file_name="operations/2024/a.csv")
    assert _shares(made)["operations"].complaint_share == 0.5


def test_superseded_rows_are_left_out(made):
    made.load("operations", quarantined=1000, state="superseded")
    made.load("operations", operations(99), quarantined=1)
    share = _shares(made)["operations"]
    assert (share.stop_rows, share.complaint_share) == (100, 0.01)


def test_other_years_count_only_for_datasets_that_run_over_years(made):
    made.load("parcels", parcels(10))
    made.load("operations", operations(10), year=YEAR - 1, quarantined=90)
    made.load("land_supply", year=YEAR - 1, quarantined=3)
    made.load("land_supply", year=YEAR, quarantined=4)
    made.load("land_supply", year=YEAR + 1, quarantined=5)
    found = _shares(made)
    assert sorted(found) == ["land_supply", "parcels"]
    assert found["land_supply"].quarantined == 7


def test_warehouse_without_profile_is_a_clear_error():
    with duckdb.connect() as con, pytest.raises(StageFailed, match="nothing was ingested"):
        read_limits(con)
