"""A year on notice: objections change what they should, nothing else, and the trail says so (docs/objections.md)."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from ingestion.synthetic.city import write_city
from landgauge import stages
from landgauge.settings import Settings, year_end

YEAR = 2024
CITY = (160, 600, 1, YEAR, 7)
TRAIL = ("fct_publication", "fct_publication_change", "fct_objection", "fct_correction", "fct_correction_unit")
UNIT = ["scale", "unit_code", "scheme_code", "scheme_version"]
VALUES = ("fct_indicator_value", "fct_score", "fct_score_component", "fct_parcel_year", "fct_enterprise_year",
          "fct_district_year", "fct_city_year", "fct_industry_year", "fct_weight", "fct_ideal_value")  # fmt: skip

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Notice:
    """The settings of the year, and copies of the snapshot on notice and of the one after the objections."""

    settings: Settings
    shown: Path
    after: Path


def settings_for(folder: Path) -> Settings:
    return Settings(warehouse=folder / "w", landing=folder / "landing", year=YEAR, as_of=year_end(YEAR))


def evaluate(settings: Settings) -> None:
    """Every stage but the report, which reads what is looked at here."""
    for stage in stages.STAGES[:-1]:
        stages.run_stage(stage.name, settings)


def copied(settings: Settings, name: str) -> Path:
    return Path(shutil.copy(settings.snapshot, settings.warehouse.parent / f"{name}.duckdb"))


@pytest.fixture(scope="module")
def notice(tmp_path_factory) -> Notice:
    settings = settings_for(tmp_path_factory.mktemp("notice"))
    write_city(settings.landing, *CITY, objected=False)
    evaluate(settings)
    shown = copied(settings, "shown")
    write_city(settings.landing, *CITY)
    evaluate(settings)
    return Notice(settings, shown, copied(settings, "after"))


def frame(path: Path, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).df()


def run_of(path: Path) -> str:
    return frame(path, "select distinct run_id from marts.fct_city_year")["run_id"].item()


def differences(first: Path, second: Path, table: str) -> pd.DataFrame:
    """Rows that only one of two snapshots has, run_id aside."""
    with duckdb.connect(str(first), read_only=True) as con:
        con.execute(f"attach '{second}' as other (read_only)")
        mine, theirs = (f"select * exclude (run_id) from {place}.{table}" for place in ("marts", "other.marts"))
        return con.execute(f"({mine} except {theirs}) union all ({theirs} except {mine})").df()


def units(rows: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    return set(map(tuple, rows))


def test_exactly_the_results_that_differ_are_listed(notice: Notice) -> None:
    """Held against a comparison of the two snapshots made here."""
    scores = "select scale, unit_code, scheme_code, scheme_version, score, grade from marts.fct_score"
    both = frame(notice.shown, scores).merge(frame(notice.after, scores), on=UNIT, how="outer", suffixes=("_b", "_a"))
    score = (both["score_b"] == both["score_a"]) | (both["score_b"].isna() & both["score_a"].isna())
    grade = (both["grade_b"] == both["grade_a"]) | (both["grade_b"].isna() & both["grade_a"].isna())
    expected = both[~(score & grade)].sort_values(UNIT).reset_index(drop=True)
    listed = frame(notice.after, "select * from marts.fct_publication_change").sort_values(UNIT).reset_index(drop=True)
    assert len(expected) > 0
    assert listed[UNIT].equals(expected[UNIT])
    assert listed["score_before"].equals(expected["score_b"])
    assert listed["score_after"].equals(expected["score_a"])
    assert set(listed["from_run_id"]) == {run_of(notice.shown)}
    assert set(listed["run_id"]) == {run_of(notice.after)}
    assert set(listed["cause"]) <= {"objection", "others"}


def test_only_units_that_a_correction_reaches_have_other_figures(notice: Notice) -> None:
    changed = differences(notice.shown, notice.after, "fct_indicator_value")
    reached = frame(notice.after, "select distinct scale, unit_code from marts.fct_correction_unit")
    assert len(changed) > 0
    assert units(changed[["scale", "unit_code"]].to_numpy()) <= units(reached.to_numpy())
    named = frame(notice.after, "select scale, unit_code from marts.fct_publication_change where cause = 'objection'")
    assert units(named.to_numpy()) <= units(changed[["scale", "unit_code"]].to_numpy())
    assert len(named) > 0


def test_a_correction_equals_the_value_declared_rightly_from_the_start(notice: Notice, tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    write_city(settings.landing, *CITY, objected=False)
    for row in frame(notice.after, "select * from marts.fct_correction where state = 'applied'").itertuples():
        path = settings.landing / row.dataset / str(YEAR) / f"{row.dataset}_city.parquet"
        declared = pd.read_parquet(path)
        at = declared["uscc"] == duckdb.sql(f"select '{row.key_json}'::json ->> 'uscc'").fetchone()[0]
        assert at.sum() == 1
        declared.loc[at, row.column_name] = float(row.new_value)
        declared.to_parquet(path)
    evaluate(settings)
    for table in VALUES:
        assert len(differences(settings.snapshot, notice.after, table)) == 0, table


def test_objections_have_their_states(notice: Notice) -> None:
    found = frame(notice.after, "select * from marts.fct_objection").set_index("objection_no")
    assert set(found["state"]) >= {"corrected", "rejected", "late", "open"}
    late = found[found["state"] == "late"]
    assert (late["received_date"] > late["deadline"]).all()
    assert len(frame(notice.shown, "select * from marts.fct_objection")) == 0


def test_a_repeated_and_a_final_publication_keep_the_trail(notice: Notice) -> None:
    trail = "from marts.{} order by all"
    evaluate(notice.settings)
    for table in (
        "fct_publication",
        "fct_publication_change",
        "fct_objection",
        "fct_correction",
        "fct_correction_unit",
    ):
        before, after = (frame(path, trail.format(table)) for path in (notice.after, notice.settings.snapshot))
        pd.testing.assert_frame_equal(before, after)
    final = replace(notice.settings, approved_by="用地联席会议(生成)")
    (complaint,) = stages.run_stage("publish", final).complaints
    assert "1 objection(s) in time" in complaint
    states = frame(final.snapshot, f"select state from marts.fct_run where run_id = '{run_of(notice.after)}'")
    assert set(states["state"]) == {"provisional", "final"}
    kept = final.published / f"{run_of(notice.shown)}.duckdb"
    assert len(differences(kept, notice.shown, "fct_score")) == 0
