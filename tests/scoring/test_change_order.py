"""Changes between years and grade migration do not depend on the order in which the years are evaluated."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from landgauge import policy
from landgauge.settings import DBT_PROJECT, Settings, StageResult, year_end
from landgauge.stages import score as score_stage
from warehouse import db
from warehouse.publish import publish

MODELS = DBT_PROJECT / "models" / "marts" / "evaluation"
ORDERS = ((2021, 2022, 2023), (2023, 2022, 2021), (2022, 2023, 2021))
PARCELS = """
create or replace table marts.dim_parcel as
    select parcel_code, {year} as year, district_code, case when parcel_code = 'P2' then {moved} else 'M1' end
        as land_use_code, 'run' || {year} as run_id
    from (values ('P1', 'D1'), ('P2', 'D1'), ('P3', 'D2'), ('P4', 'D2'), ('P5', 'D2'))
        as t (parcel_code, district_code);
create or replace table marts.fct_parcel_year as
    select parcel_code, {year} as year, plot_ratio, building_coefficient, 1.0 as site_area_m2,
        1.0 as output_cny10k, 'run' || {year} as run_id
    from (values ('P1', 0.31 + ({year} - 2020) / 7, 0.11), ('P2', 0.57, 0.2 - ({year} - 2020) / 30),
          ('P3', case when {year} <> 2022 then 0.4 end, 0.3), ('P4', null, null), ('P5', 0.7, 0.1))
        as t (parcel_code, plot_ratio, building_coefficient)
    where parcel_code <> 'P5' or {year} > 2021;
"""
PREPARED = """
create schema marts; create schema profile; create schema if not exists run;
create table run.manifest (year integer, run_id varchar, as_of_date date, schemes varchar[], inputs_sha256 varchar,
    policy_sha256 varchar, code_sha256 varchar, git_sha varchar, started_at timestamp);
create table profile.setting as select 'C1' as city_code, ['changing'] as schemes, false as generated, [] as notes;
create table marts.dim_indicator as
    select unnest(['plot_ratio', 'building_coefficient']) as indicator_code, 'positive' as direction, 'r' as run_id;
"""


def as_changing(row: dict[str, str], version: str) -> dict[str, str]:
    return {**row, "scheme_code": "changing", "scheme_version": version}


@pytest.fixture
def seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scheme `changing`: built_form, from 2023 on of a version with other weights, ideal values and a cap."""
    made = {name: policy.rows(name) for name in (p.stem for p in policy.files())}
    for rows in made.values():
        own = [r for r in rows if r.get("scheme_code") == "built_form"]
        rows += [as_changing(r, version) for r in own for version in ("1", "2")]
    for row in made["scheme"]:
        if row["scheme_code"] == "changing":
            first, last = ("2000", "2022") if row["scheme_version"] == "1" else ("2023", "")
            row |= {"valid_from_year": first, "valid_to_year": last}
    for row in made["scheme_indicator"]:
        if (row["scheme_code"], row["scheme_version"]) == ("changing", "2"):
            row |= {"weight": "0.7" if row["indicator_code"] == "plot_ratio" else "0.3", "cap": "1.2"}
    for row in made["scheme_ideal_value"]:
        if (row["scheme_code"], row["scheme_version"]) == ("changing", "2"):
            row["ideal_value"] = str(float(row["ideal_value"]) * 1.1)
    monkeypatch.setattr(policy, "rows", made.__getitem__)


@pytest.fixture(autouse=True)
def layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(score_stage, "run_layer", build_marts)


def build_marts(settings: Settings, layer: str) -> StageResult:
    """Stand in for dbt: the same models, their macros put in by hand."""
    run = f"run{settings.year}"
    with db.connect(settings) as con:
        for name in ("fct_score", "fct_score_component", "fct_score_change", "fct_grade_migration"):
            sql = (MODELS / f"{name}.sql").read_text(encoding="utf-8")
            sql = sql.replace("{{ run_id() }}", f"'{run}'").replace("{{ eval_year() }}", str(settings.year))
            sql = sql.replace("{{ ref('fct_score_change') }}", "marts.fct_score_change")
            for table in ("score", "score_component", "change"):
                sql = sql.replace(f"{{{{ source('scored', '{table}') }}}}", f"scored.{table}")
            con.execute(f"create or replace table marts.{name} as {sql}")
        con.execute(f"create or replace table marts.fct_weight as select *, '{run}' as run_id from scored.weight")
    return StageResult()


def evaluate(folder, year: int, schemes: tuple[str, ...] = ()) -> Settings:
    settings = Settings(warehouse=folder, year=year, as_of=year_end(year), schemes=schemes, threads=1)
    with db.connect(settings) as con:
        if not con.execute("select 1 from duckdb_schemas() where schema_name = 'profile'").fetchall():
            con.execute(PREPARED)
        con.execute("delete from run.manifest where year = ?", [year])
        row = [year, f"run{year}", settings.as_of, datetime(2025, 1, 1)]
        con.execute("insert into run.manifest values (?, ?, ?, [], 'i', 'p', 'c', null, ?)", row)
        con.execute(PARCELS.format(year=year, moved="'M2'" if year == 2023 else "'M1'"))
    score_stage.score(settings)
    publish(settings)
    return settings


def published(settings: Settings, table: str) -> list[tuple]:
    with duckdb.connect(str(settings.snapshot), read_only=True) as con:
        return con.execute(f"from marts.{table} order by all").fetchall()


def parquet(settings: Settings, table: str) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (settings.published / "parquet" / table).iterdir()}


def test_any_order_of_years_gives_the_same_rows(tmp_path, seeds):
    """Three years, versions 1, 1, 2: every order gives equal tables and Parquet bytes; effects add up."""
    group_weights()
    results = []
    for number, order in enumerate(ORDERS):
        for year in order:
            settings = evaluate(tmp_path / str(number), year)
        tables = ("fct_score_change", "fct_grade_migration")
        results.append([(published(settings, t), parquet(settings, t)) for t in tables])
    assert all(r == results[0] for r in results)
    changes, migration = (rows for rows, _ in results[0])
    assert len(changes) == 4 + 5 + 5 and len(migration) > 3
    check_effects(settings)


def group_weights() -> None:
    """Entropy weights by land use, so that the units' groups of weights matter: P2 goes to another group."""
    row = next(r for r in policy.rows("scheme_weighting") if r["scale"] == "parcel")
    own = {"scheme_code": "changing", "method": "entropy", "judged": "", "measured": "", "alpha": ""}
    own |= {"ahp_method": "", "random_index": "", "consistency_limit": "", "group_by": "land_use_code"}
    policy.rows("scheme_weighting").extend({**row, **own, "scheme_version": v} for v in ("1", "2"))


def check_effects(settings: Settings) -> None:
    with duckdb.connect(str(settings.snapshot), read_only=True) as con:
        sums = con.execute(
            "select year, count(*), max(abs(data_effect + ideal_effect + weight_effect - score_change)),"
            " max(abs(ideal_effect)) > 0.1, max(abs(weight_effect)) > 0.1 from marts.fct_score_change"
            " where no_effect_reason is null group by 1 order by 1"
        ).fetchall()
        runs = con.execute(
            "select distinct year, previous_run_id, run_id from marts.fct_score_change order by 1"
        ).fetchall()
        reasons = con.execute(
            "select year, unit_code, no_effect_reason from marts.fct_score_change where unit_code in ('P4', 'P5')"
            " and year > 2021 order by all"
        ).fetchall()
    assert [row[0] for row in sums] == [2022, 2023] and all(row[1] >= 3 and row[2] < 1e-9 for row in sums)
    assert sums[1][3:] == (True, True)
    assert runs == [(2021, None, "run2021"), (2022, "run2021", "run2022"), (2023, "run2022", "run2023")]
    assert reasons == [
        (2022, "P4", "not_rated"),
        (2022, "P5", "no_previous_score"),
        (2023, "P4", "not_rated"),
        (2023, "P5", None),
    ]


def test_a_scheme_that_the_year_before_gives_up_leaves_no_effects_behind(tmp_path, seeds):
    """2022 is scored again by another scheme: the changes of 2023 lose what they were compared with."""
    for year in (2022, 2023):
        settings = evaluate(tmp_path, year)
    assert {row[-2] for row in published(settings, "fct_score_change") if row[2] == 2023} == {"run2022"}
    evaluate(tmp_path, 2022, ("built_form",))
    found = [row for row in published(settings, "fct_score_change") if row[2] == 2023]
    assert {row[-2] for row in found} == {None} and len(found) == 5
    assert [row for row in published(settings, "fct_grade_migration") if row[3] == 2023] == []
    evaluate(tmp_path, 2022)
    assert {row[-2] for row in published(settings, "fct_score_change") if row[2] == 2023} == {"run2022"}


def test_a_version_that_the_seeds_no_longer_have_is_not_split(tmp_path, seeds):
    settings = evaluate(tmp_path, 2023)
    kept = [r for r in policy.rows("scheme") if (r["scheme_code"], r["scheme_version"]) != ("changing", "2")]
    policy.rows("scheme")[:] = kept
    evaluate(tmp_path, 2022)
    with duckdb.connect(str(settings.snapshot), read_only=True) as con:
        found = con.execute(
            "select unit_code, score_change is not null, no_effect_reason from marts.fct_score_change"
            " where year = 2023 order by 1"
        ).fetchall()
    assert found[:4] == [
        ("P1", True, "not_comparable"),
        ("P2", True, "not_comparable"),
        ("P3", True, "not_comparable"),
        ("P4", False, "not_rated"),
    ]
