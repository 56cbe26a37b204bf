"""The stage contracts: evidence of every evaluated year, and one history whatever order years are evaluated in."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from landgauge.settings import Settings, StageResult, year_end
from landgauge.stages import contracts as stage
from tests.dbt.dbt_tables import DATASETS, OTHERS, definitions
from warehouse import db, views
from warehouse.publish import publish
from warehouse.transform import run_layer

YEARS = (2022, 2023, 2024)
HISTORY = (
    *("dim_agreement", "fct_stage_finding", "fct_stage_result", "fct_stage_summary", "fct_contract_conflict"),
    *("fct_consequence", "fct_credit", "fct_warning"),
)
_MARTS = {
    "dim_parcel": "parcel_code year:INTEGER district_code zone_code land_use_code is_industrial:BOOLEAN "
    "site_area_m2:DOUBLE polygon_area_m2:DOUBLE land_price_cny10k:DOUBLE use_state run_id",
    "fct_parcel_year": "parcel_code year:INTEGER enterprise_count:INTEGER floor_area_m2:DOUBLE "
    "fixed_investment_cny10k:DOUBLE run_id",
    "fct_indicator_value": "scale unit_code year:INTEGER indicator_code value:DOUBLE null_reason numerator:DOUBLE "
    "denominator:DOUBLE run_id",
    "bridge_parcel_enterprise": "parcel_code uscc year:INTEGER share:DOUBLE run_id",
}
_MANIFEST = (
    "year:INTEGER run_id as_of_date:DATE schemes:VARCHAR[] inputs_sha256 policy_sha256 code_sha256 git_sha "
    "started_at:TIMESTAMP"
)


def settings_for(folder: Path, year: int) -> Settings:
    return Settings(warehouse=folder, year=year, as_of=year_end(year), threads=1)


def insert(con: duckdb.DuckDBPyConnection, table: str, **row: Any) -> None:
    marks = ", ".join("?" for _ in row)
    con.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", list(row.values()))


def ingested(folder: Path) -> None:
    """Write a working file as ingestion leaves it: two agreements, and what each data year says of them."""
    with db.connect(settings_for(folder, 2022)) as con:
        for schema in ("accepted", "ledger", "quarantine", "qc", "profile", "run", "marts"):
            con.execute(f"create schema if not exists {schema}")
        for dataset, spec in DATASETS.items():
            con.execute(
                f"create table accepted.{dataset} (load_id BIGINT, row_no BIGINT, data_year INTEGER, "
                f"{definitions(spec)})"
            )
        for table, spec in OTHERS.items():
            con.execute(f"create table {table} ({definitions(spec)})")
        con.execute("alter table profile.setting add column notes VARCHAR[]")
        con.execute("insert into profile.setting (city_code, projected_crs, generated) values ('C', 'EPSG:4547', true)")
        con.execute(f"create table run.manifest ({definitions(_MANIFEST)})")
        for number, (no, parcel) in enumerate((("A1", "P1"), ("A2", "P2")), 1):
            terms = {"capacity_due": date(2022, 6, 30), "term_end_date": date(2060, 1, 1), "supply_mode": "出让"}
            key = {"load_id": 1, "row_no": number, "data_year": 2022, "agreement_no": no}
            terms |= {"parcel_code": parcel, "uscc": "E", "signed_date": date(2018, 1, 1)}
            insert(con, "accepted.agreements", **key, **terms)
            target = {"stage": "达产", "indicator_code": "plot_ratio", "comparison": ">=", "target_value": 1.0}
            insert(con, "accepted.agreement_targets", **key, **target, department="规划和自然资源部门")
        told = {"stage": "达产", "evaluation_year": 2022, "indicator_code": "plot_ratio", "verdict": "达标"}
        told |= {"department": "规划和自然资源部门", "opinion": "因故", "verdict_date": date(2023, 5, 1)}
        insert(con, "accepted.verdicts", load_id=2, row_no=1, data_year=2023, agreement_no="A2", **told)


def built(folder: Path, year: int) -> None:
    """Stand in for the stages up to score: the working marts of one year, plot ratios below the target."""
    run_id = f"{year}" * 4
    with db.connect(settings_for(folder, year)) as con:
        con.execute("delete from run.manifest where year = ?", [year])
        insert(
            con, "run.manifest", year=year, run_id=run_id, as_of_date=year_end(year), started_at=datetime(2025, 1, 1)
        )
        for table, spec in _MARTS.items():
            con.execute(f"create or replace table marts.{table} ({definitions(spec)})")
        for parcel in ("P1", "P2", "P9"):
            key = {"year": year, "run_id": run_id}
            place = {"district_code": "D", "land_use_code": "M1", "is_industrial": True, "site_area_m2": 100.0}
            insert(
                con, "accepted.parcels", data_year=year, load_id=year, row_no=1, parcel_code=parcel, district_code="D"
            )
            insert(con, "marts.dim_parcel", parcel_code=parcel, **place, **key)
            insert(con, "marts.fct_parcel_year", parcel_code=parcel, enterprise_count=1, floor_area_m2=50.0, **key)
            insert(con, "marts.bridge_parcel_enterprise", parcel_code=parcel, uscc="E", share=1.0, **key)
            for indicator in ("plot_ratio", "green_ratio"):
                value = {"value": 0.5, "numerator": 50.0, "denominator": 100.0}
                place = {"scale": "parcel", "unit_code": parcel, "indicator_code": indicator}
                insert(con, "marts.fct_indicator_value", **place, **value, **key)


def evaluated(folder: Path, year: int) -> None:
    built(folder, year)
    stage.contracts(settings_for(folder, year))
    publish(settings_for(folder, year))


def rows(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


@pytest.fixture(autouse=True)
def _without_views(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views over all years need more of the marts than stands here."""
    monkeypatch.setattr(views, "create", lambda _: [])


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the stage asks of dbt, which does not run."""
    calls: list[dict[str, Any]] = []

    def record(_: Settings, layer: str, **more: Any) -> StageResult:
        calls.append({"layer": layer} | more)
        return StageResult()

    monkeypatch.setattr(stage, "run_layer", record)
    return calls


def test_evidence_of_the_agreements_parcels_and_targets_is_carried(tmp_path: Path, recorded: list) -> None:
    ingested(tmp_path)
    for year in (2024, 2022):
        evaluated(tmp_path, year)
    database = settings_for(tmp_path, 2022).database
    assert rows(database, "from carried.evaluated_year order by year") == [(2022,), (2024,)]
    sql = "select parcel_code, year, indicator_code, value from carried.parcel_value order by all"
    assert rows(database, sql) == [(p, y, "plot_ratio", 0.5) for p in ("P1", "P2") for y in (2022, 2024)]
    sql = "select parcel_code, year, floor_area_m2 from carried.parcel_year order by all"
    assert rows(database, sql) == [(p, y, 50.0) for p in ("P1", "P2") for y in (2022, 2024)]
    assert rows(database, "select count(*) from carried.occupant") == [(4,)]


def test_parcels_that_a_change_names_are_carried(tmp_path: Path, recorded: list) -> None:
    ingested(tmp_path)
    with db.connect(settings_for(tmp_path, 2022)) as con:
        insert(con, "accepted.parcel_changes", data_year=2022, old_parcel_code="P1", new_parcel_code="P9")
    evaluated(tmp_path, 2022)
    found = rows(settings_for(tmp_path, 2022).database, "select parcel_code from carried.parcel_year order by all")
    assert found == [("P1",), ("P2",), ("P9",)]


def test_an_older_year_is_followed_by_the_history_as_the_newest_knows_it(tmp_path: Path, recorded: list) -> None:
    ingested(tmp_path)
    for year in (2023, 2024):
        evaluated(tmp_path, year)
    assert recorded == [{"layer": "contracts"}] * 2
    evaluated(tmp_path, 2022)
    known = {"year": 2024, "as_of": "2024-12-31"}
    assert recorded[2:] == [{"layer": "contracts"}, {"layer": "contracts", "but": ("fct_stage_due",), "values": known}]


def test_a_snapshot_of_an_earlier_version_gives_what_it_has(tmp_path: Path, recorded: list) -> None:
    ingested(tmp_path)
    evaluated(tmp_path, 2023)
    snapshot = settings_for(tmp_path, 2023).snapshot
    with duckdb.connect(str(snapshot)) as con:
        con.execute("drop table marts.fct_parcel_year")
    built(tmp_path, 2024)
    stage.contracts(settings_for(tmp_path, 2024))
    database = settings_for(tmp_path, 2024).database
    assert rows(database, "select distinct year from carried.parcel_value order by all") == [(2023,), (2024,)]
    assert rows(database, "select distinct year from carried.parcel_year order by all") == [(2024,)]


@pytest.mark.slow
def test_any_order_of_years_gives_the_same_history(tmp_path: Path) -> None:
    found = []
    for order in (YEARS, (2024, 2022, 2023)):
        folder = tmp_path / str(order[0])
        ingested(folder)
        built(folder, order[0])
        with db.connect(settings_for(folder, order[0])) as con:
            stage.prepare(con)
        staging = ("path:models/staging", "indicator")
        run_layer(settings_for(folder, order[0]), "indicators", staging, ("tag:publication",))
        for year in order:
            evaluated(folder, year)
        snapshot = settings_for(folder, 2024).snapshot
        found.append({t: rows(snapshot, f"select * exclude (run_id) from marts.{t} order by all") for t in HISTORY})
        changed = "select evaluation_year, result, first_result, failed_years_cumulative from marts.fct_stage_result"
        assert rows(snapshot, f"{changed} where agreement_no = 'A1' order by all") == [
            (2022, "不达标", "不达标", 1),
            (2023, "不达标", "不达标", 2),
            (2024, "不达标", "不达标", 3),
        ]
        assert rows(snapshot, f"{changed} where agreement_no = 'A2' order by all") == [(2022, "达标", "不达标", 0)]
    assert found[0] == found[1]
