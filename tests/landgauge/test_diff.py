"""Two published runs held against each other, on snapshots published from small hand-made marts."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from landgauge import cli
from landgauge.settings import Settings, year_end
from warehouse import db
from warehouse.publish import publish

PREPARED = """
create schema if not exists run; create schema profile; create schema marts;
create table run.manifest (year integer, run_id varchar, as_of_date date, schemes varchar[], inputs_sha256 varchar,
    policy_sha256 varchar, code_sha256 varchar, git_sha varchar, started_at timestamp);
create table profile.setting as select true as generated, []::varchar[] as notes;
"""
MARTS = """
create or replace table marts.dim_unit as select 'parcel' as scale, unnest(['P1', 'P2']) as unit_code,
    {year} as year, '{run}' as run_id;
create or replace table marts.dim_indicator as
    select unnest(['plot_ratio', 'building_coefficient']) as indicator_code, 'positive' as direction, 'r' as run_id;
create or replace table marts.fct_load as select '{sha}' as file_sha256, 'taxes' as dataset, {year} as year,
    'a.csv' as file_name, 'loaded' as state, '{run}' as run_id;
create or replace table marts.fct_weight as select 'built_form' as scheme_code, '1' as scheme_version, {year} as year,
    'parcel' as group_code, unnest(['plot_ratio', 'building_coefficient']) as indicator_code, 0.5::double as weight,
    '{run}' as run_id;
create or replace table marts.fct_score_component as
    select 'parcel' as scale, unit_code, {year} as year, 'built_form' as scheme_code, '1' as scheme_version,
        indicator_code, value::double as value, 1.0::double as ideal_value,
        value::double as standardised, 0.5::double as weight, 50 * value::double as contribution,
        false as imputed, '{run}' as run_id
    from (values ('P1', 'plot_ratio', {value}), ('P1', 'building_coefficient', 0.4), ('P2', 'plot_ratio', 0.9),
        ('P2', 'building_coefficient', 0.9)) as t (unit_code, indicator_code, value);
create or replace table marts.fct_score as
    select scale, unit_code, year, scheme_code, scheme_version, sum(contribution) as score,
        if(sum(contribution) >= 75, 'A', 'C') as grade, cast(null as varchar) as group_code,
        cast(null as varchar) as veto_code, rank() over (order by sum(contribution) desc) as rank_in_city, run_id
    from marts.fct_score_component group by all;
"""


def released(folder: Path, year: int, run: str, value: float = 0.4, sha: str = "f" * 64) -> Settings:
    settings = Settings(warehouse=folder, year=year, as_of=year_end(year), threads=1)
    with db.connect(settings) as con:
        if not con.execute("select 1 from duckdb_schemas() where schema_name = 'profile'").fetchall():
            con.execute(PREPARED)
        con.execute("delete from run.manifest where year = ?", [year])
        row = [year, run, settings.as_of, sha, datetime(2025, 1, 1)]
        con.execute("insert into run.manifest values (?, ?, ?, ['built_form'], ?, 'p', 'c', null, ?)", row)
        con.execute(MARTS.format(year=year, run=run, value=value, sha=sha))
    publish(settings)
    return settings


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    """2023, then 2024 twice: in its second run P1 has a plot ratio of 0.8 instead of 0.4."""
    released(tmp_path, 2023, "aa" * 8)
    released(tmp_path, 2024, "ab" * 8)
    released(tmp_path, 2024, "cd" * 8, 0.8, "e" * 64)
    return tmp_path


def call(capsys, warehouse: Path, *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["diff", *arguments, "--warehouse", str(warehouse)])
    out, err = capsys.readouterr()
    return code, out, err


def test_two_runs_of_a_year(capsys, warehouse):
    """By hand: 50 x 0.4 more for P1, from the data, grade C as before; file, component and score rows changed."""
    code, out, _ = call(capsys, warehouse, "ab", "cd", "--format", "json")
    found = json.loads(out)
    assert code == 0 and (found["first"]["run_id"], found["second"]["run_id"]) == ("ab" * 8, "cd" * 8)
    assert found["facts"] == [{"item": "inputs_sha256", "before": "f" * 64, "after": "e" * 64}]
    assert [(f["dataset"], f["before"], f["after"]) for f in found["files"]] == [("taxes", "f" * 64, "e" * 64)]
    moved = {m["mart"]: (m["came"], m["went"], m["changed"]) for m in found["marts"]}
    assert moved["fct_score"] == (0, 0, 1) and moved["fct_score_component"] == (0, 0, 1)
    assert moved["dim_unit"] == (0, 0, 0) and moved["fct_load"] == (1, 1, 0)
    (row,) = found["scores"]
    assert (row["unit_code"], row["score_before"], row["score_after"]) == ("P1", 40, 60)
    effects = [row[f"{name}_effect"] for name in ("data", "ideal", "weight")]
    assert effects == pytest.approx([20, 0, 0]) and row["cause"] == "data"


def test_two_years_give_every_unit(capsys, warehouse):
    code, out, _ = call(capsys, warehouse, "2023", "2024", "--format", "csv")
    lines = out.splitlines()
    assert code == 0 and lines[0] == "section,subject,item,before,after"
    assert "score,parcel:built_form:P1,score,40.0,60.0" in lines
    assert "score,parcel:built_form:P1,cause,,data" in lines
    assert "score,parcel:built_form:P2,rank,1,1" in lines
    assert not any(line.startswith(("file", "mart")) for line in lines)


def test_the_same_run_and_the_other_way_round(capsys, warehouse):
    code, out, _ = call(capsys, warehouse, "2024", "cd")
    assert code == 0 and "Scores: none differs" in out and "Rows of marts: no difference" in out
    code, out, _ = call(capsys, warehouse, "2024", "ab")
    assert code == 0 and "60.000 -> 40.000" in out and "-20.000" in out


def test_a_unit_that_went_and_one_that_came(capsys, warehouse):
    with db.connect(Settings(warehouse, 2024, year_end(2024))) as con:
        con.execute("update run.manifest set run_id = 'ef' where year = 2024")
        for table in ("dim_unit", "fct_load", "fct_weight", "fct_score_component", "fct_score"):
            con.execute(f"update marts.{table} set run_id = 'ef'")
        for table in ("dim_unit", "fct_score", "fct_score_component"):
            con.execute(f"update marts.{table} set unit_code = 'P9' where unit_code = 'P2'")
    publish(Settings(warehouse, 2024, year_end(2024)))
    found = json.loads(call(capsys, warehouse, "cd", "ef", "--format", "json")[1])
    said = {r["unit_code"]: (r["score_before"], r["score_after"], r["no_effect_reason"]) for r in found["scores"]}
    assert said == {"P2": (90, None, "unit_gone"), "P9": (None, 90, "no_previous_score")}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("zz", "no published run 'zz'"),
        ("a", "2 runs begin with 'a'"),
        ("2019", "no published"),
        ("", "published"),
    ],
)
def test_a_name_that_is_no_run_or_several(capsys, warehouse, name, message):
    code, out, err = call(capsys, warehouse, name, "2024")
    assert code == 2 and out == "" and message in err and len(err.splitlines()) == 2


def test_a_snapshot_no_longer_kept_and_nothing_published(capsys, warehouse):
    (warehouse / "published" / f"{'ab' * 8}.duckdb").unlink()
    code, _, err = call(capsys, warehouse, "ab", "cd")
    assert code == 2 and "no longer kept" in err and "landgauge restate --year 2024 --as-of 20" in err
    code, _, err = call(capsys, warehouse / "other", "2023", "2024")
    assert code == 2 and "nothing is published" in err


def test_a_mart_that_only_one_run_has(capsys, warehouse):
    with duckdb.connect(str(warehouse / "published" / f"{'ab' * 8}.duckdb")) as con:
        con.execute("create table marts.fct_extra as select 1 as a, 2024 as year, 'ab' as run_id")
    found = json.loads(call(capsys, warehouse, "ab", "cd", "--format", "json")[1])
    extra = next(m for m in found["marts"] if m["mart"] == "fct_extra")
    assert (extra["before"], extra["after"], extra["came"], extra["went"]) == (1, 0, 0, 1)
