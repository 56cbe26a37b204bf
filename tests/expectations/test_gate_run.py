"""The gate itself, through Great Expectations: pass, warn, complain, stop."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from gate_warehouse import YEAR, Made, operations, parcels

from expectations import engine, gate, suites
from expectations.checks import Batch
from expectations.rules import key_check, row_rules
from expectations.shares import Limits, Share
from landgauge.errors import STOPPED, GateStopped, StageFailed
from landgauge.settings import PROJECT_ROOT

ALLOWED = Limits(tolerated=0.05, stop=0.5)


def _two_years(made: Made, quarantined: int) -> None:
    for year in (YEAR - 1, YEAR):
        made.load("parcels", parcels(95), year=year, quarantined=quarantined if year == YEAR else 0)
        made.load("operations", operations(40), year=year, columns=("uscc", "output_cny10k", "value_added_cny10k"))


def test_passes_at_the_tolerated_share_and_repeats_alike(made):
    _two_years(made, quarantined=5)
    result = gate.check(made.settings)
    rows = made.gate()
    assert result.complaints == ()
    assert rows["gate.tolerated_share:parcels"] == (True, "0.05", "warn")
    assert rows["gate.accepted_rows:parcels"] == (True, "95", "stop")
    failed = sorted(name for name, row in rows.items() if not row[0])
    assert failed == ["districts.parcel_rows"]  # Nansha hands in nothing
    assert not any("agreements" in name or "taxes" in name for name in rows), "absent datasets are not judged"
    assert (made.settings.warehouse / "data_docs" / str(YEAR) / "index.html").is_file()
    first = made.run("select * from run.gate")
    gate.check(made.settings)
    assert made.run("select * from run.gate") == first


def test_complains_and_warns_and_keeps_other_years(made):
    _two_years(made, quarantined=6)
    made.run("update accepted.operations set value_added_cny10k = null where data_year = ?", YEAR)
    made.run("update accepted.operations set output_cny10k = output_cny10k / 2 where data_year = ?", YEAR)
    made.run("create schema run")
    made.run("create table run.gate as select 2023 as year, 's' as suite, 'e' as expectation, 'warn' as level, "
             "true as success, '' as observed, '' as message_zh, '' as message_en")  # fmt: skip
    result = gate.check(made.settings)
    assert len(result.complaints) == 1
    assert "宗地(parcels)" in result.complaints[0]
    assert "6 of 101 rows" in result.complaints[0]
    rows = made.gate()
    assert not rows["columns.null_share_rise"][0]
    assert rows["columns.null_share_rise"][1].endswith(": operations/value_added_cny10k=1")
    assert "operations/value_added_cny10k=0" in rows["columns.delivered_filled_share"][1]
    assert not rows["columns.total_ratio"][0]
    assert "operations/output_cny10k=0.5" in rows["columns.total_ratio"][1]
    assert {row[2] for name, row in rows.items() if not row[0]} == {"warn"}
    assert made.gate(2023) == {"s.e": (True, "", "warn")}


def test_stops_without_accepted_parcels_and_says_so(made):
    made.load("parcels", quarantined=3, state="rejected")
    with pytest.raises(GateStopped, match=r"没有一行宗地.*No parcel row of 2024") as stopped:
        gate.check(made.settings)
    assert stopped.value.exit_code == STOPPED
    assert "quarantine.finding" in stopped.value.next_step
    assert made.gate()["gate.accepted_rows:parcels"][0] is False


def _judge(made: Made, *shares: Share, parcels: int = 1):
    outcomes = engine.validate([suites.gate_batch(shares, ALLOWED, parcels)], made.settings)
    return gate.stops(outcomes, shares, ALLOWED, YEAR), gate.complaints(outcomes, shares, ALLOWED)


def _share(accepted: int, quarantined: int, rejected: int = 0) -> Share:
    return Share("taxes", "税收", accepted, quarantined, rejected, 1, 1 if rejected else 0)


def test_stop_share_is_exceeded_only_above_the_limit(made):
    at, above = _judge(made, _share(50, 50)), _judge(made, _share(49, 51))
    assert at[0] == ()
    assert len(at[1]) == 1
    assert "51 of 100 rows are quarantined, 51 %, above the stop limit of 50 %" in above[0][0]


def test_rejected_file_complains_and_does_not_stop(made):
    stops, complaints = _judge(made, _share(10, 0, rejected=90))
    assert stops == ()
    assert "90 of 100 rows" in complaints[0]
    assert "1 file(s) rejected whole" in complaints[0]
    assert _judge(made, _share(0, 0, rejected=90))[0] == ()


def test_expectations_and_sql_find_the_same_rows(made):
    """One rule, two renderings: on the same rows both must find the same number of breaches."""
    contract = made.contracts["parcels"]
    made.load("parcels", parcels(8))
    for column, value in (
        ("use_state", "'荒地'"),
        ("site_area_m2", "0"),
        ("green_area_m2", "1e9"),
        ("land_use_code", "null"),
    ):
        made.run(f"update accepted.parcels set {column} = {value} where row_no in (2, 5)")
    dates = "supply_date = date '2024-02-02', term_end_date = date '2024-02-01'"
    made.run(f"update accepted.parcels set {dates} where row_no = 1")
    made.run("update accepted.parcels set parcel_code = 'same' where row_no > 6")
    rules = row_rules(contract)
    with duckdb.connect(str(made.settings.database)) as con:
        frame = con.execute("select * exclude (geometry) from accepted.parcels order by row_no").df()
        counted = {
            r.check.name: con.execute(f"select count(*) from accepted.parcels as r where {r.broken}").fetchone()[0]
            for r in rules
        }
    checks = (*(rule.check for rule in rules), key_check(contract))
    outcomes = engine.validate([Batch("rows_parcels", frame, ("parcel_code",), checks)], made.settings)
    observed = {o.expectation: int(o.observed.split()[0]) for o in outcomes}
    assert observed.pop("unique:parcel_code") == 2
    assert observed == counted
    assert {name for name, count in counted.items() if count} == {
        *("list:use_state", "range:site_area_m2", "limit:green_area_m2", "required:land_use_code"),
        "order:term_end_date",
    }


def test_small_dataset_is_judged_row_by_row(made):
    """A row that ingestion should have stopped is named with its key."""
    made.load("parcels", parcels(3))
    made.load("land_supply", "select 'S1' as supply_id, '440112' as district_code, '天上' as source, 1.0 as area_ha, "
                             "2025 as available_year")  # fmt: skip
    with duckdb.connect(str(made.settings.database)) as con:
        built = suites.build(con, YEAR, made.contracts, (), ALLOWED, gate.read_limits())
    rows = [batch for batch in built if batch.suite == "rows_land_supply"]
    found = {o.expectation: o for o in engine.validate(rows, made.settings)}
    assert (found["list:source"].success, found["list:source"].observed) == (False, "1 of 1: 2024/S1=天上")
    assert found["required:area_ha"].success


def test_without_a_warehouse_it_asks_for_ingest(made, tmp_path):
    with pytest.raises(StageFailed, match="nothing was ingested"):
        gate.check(replace(made.settings, warehouse=tmp_path / "empty"))


@pytest.mark.slow
def test_is_silent_and_writes_below_the_warehouse_only(made, tmp_path):
    made.load("parcels", parcels(5, district="if(range < 3, '440112', '440115')"))
    outside = tmp_path / "outside"
    outside.mkdir()
    before = sorted(made.settings.warehouse.parent.iterdir())
    code = (
        "from datetime import date; from pathlib import Path; from landgauge.settings import Settings; "
        "from expectations.gate import check; "
        f"check(Settings(warehouse=Path({str(made.settings.warehouse)!r}), year={YEAR}, as_of=date({YEAR}, 12, 31)))"
    )
    env = {k: v for k, v in os.environ.items() if k != "HOME"} | {
        "PYTHONPATH": str(PROJECT_ROOT),
        "TMPDIR": str(outside),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=outside, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(outside.iterdir()) == []
    assert sorted(made.settings.warehouse.parent.iterdir()) == before
    assert Path(made.settings.warehouse / "data_docs" / str(YEAR) / "index.html").is_file()
