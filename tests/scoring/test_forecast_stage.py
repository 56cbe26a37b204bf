"""The forecast stage on a small working file made by hand, without dbt."""

from datetime import date

import pytest

from landgauge.errors import StageFailed
from landgauge.settings import Settings, StageResult
from landgauge.stages import forecast as forecast_stage
from warehouse import db

FACTS = """
create schema marts; create schema profile; create schema staging;
create table profile.setting as select 'C1' as city_code;
create table profile.industry as
    select '2017' as edition, code, 2 as level, 'C' as parent_code from (values ('C26'), ('C36')) as t (code);
create table marts.fct_forecast_series as
    select
        2024 as base_year, measure, district as district_code, industry as industry_code, 2008 + i::integer as year,
        level * growth ** i * (case when district = 'C1' then 2 else 1 end) as value
    from range(17) as t (i), unnest(['C1', 'D1', 'D2']) as u (district), unnest(['00', 'C']) as v (industry),
        (values ('industrial_land_ha', 500.0, 1.02), ('value_added_cny10k', 1e5, 1.06), ('output_cny10k', 4e5, 1.06))
            as w (measure, level, growth);
create table marts.bridge_district_succession as
    select 2024 as year, 'D0' as district_code, 'D1' as unit_code, false as is_split
    union all select 2024, 'DX', unnest(['D1', 'D2']), true;
create table marts.dim_parcel as
    select parcel_code, 2024 as year, 'D1' as district_code, zone_code, 30000.0 as site_area_m2, use as is_industrial
    from (values ('P1', null, true), ('P2', 'Z1', true), ('P3', null, true), ('P4', null, false))
        as t (parcel_code, zone_code, use);
create table marts.dim_agreement as
    select no as agreement_no, term as term_end_date, ended_by, granted as granted_area_m2
    from (values ('A1', date '2027-06-30', null, 20000.0), ('A2', date '2026-06-30', null, null),
        ('A3', date '2027-01-01', '收回决定', null), ('A4', date '2028-01-01', null, null),
        ('A5', date '9999-12-31', null, null), ('A6', date '2025-01-01', null, null))
            as t (no, term, ended_by, granted);
create table marts.bridge_agreement_parcel as
    select no as agreement_no, 1 as seq_no, parcel as parcel_code, gone as left_date
    from (values ('A1', 'P1', null), ('A2', 'P0', date '2020-01-01'), ('A2', 'P2', null), ('A3', 'P3', null),
        ('A4', 'P4', null), ('A5', 'P3', null), ('A6', 'P3', null)) as t (no, parcel, gone);
create table marts.fct_consequence (
    agreement_no varchar, consequence_code varchar, arises_date date, due_date date, state varchar);
create table marts.fct_land_potential as
    select 'zone' as scale, 'Z1' as unit_code, 2024 as year, 'intensity_plot_ratio' as potential,
        'D1' as district_code, 12.0 as area_ha, 60.0 as base_area_ha;
create table marts.fct_low_efficiency_parcel as
    select parcel_code, 2024 as year, 'D1' as district_code, 10000.0 as releasable_area_m2
    from (values ('P1'), ('P3')) as t (parcel_code);
create table staging.stg_accepted__parcel_changes (old_parcel_code varchar, new_parcel_code varchar);
create table staging.stg_accepted__land_supply (
    supply_id varchar, data_year integer, district_code varchar, source varchar, area_ha double, available_year integer,
    industry_code varchar, industrial_share double, realisation_rate double, parcel_code varchar);
insert into staging.stg_accepted__land_supply values
    ('S1', 2024, 'D1', '新增指标', 10, 2025, null, null, 1, null),
    ('S2', 2024, 'D0', '新增指标', 5, 2025, '26', null, 1, null),
    ('S3', 2024, 'DX', '新增指标', 3, 2025, '26', null, 1, null);
"""


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr(forecast_stage, "run_layer", lambda settings, layer: StageResult(rows={"models": 0}))
    made = Settings(warehouse=tmp_path, year=2024, as_of=date(2024, 12, 31), threads=1)
    with db.connect(made) as con:
        con.execute(FACTS)
    return made


def execute(settings, sql):
    with db.connect(settings) as con:
        con.execute(sql)


def query(settings, sql):
    return db.read_arrow(settings, sql).to_pylist()


def items(settings):
    rows = query(settings, "select * from forecasted.land_supply_item where scenario = 'base'")
    return {row["item_id"]: row for row in rows}


def test_city_and_districts_have_demand_supply_and_a_balance_that_add_up(settings):
    result = forecast_stage.forecast(settings)
    rows = query(
        settings,
        "select year, sum(b.demand_ha) filter (where district_code = 'C1') as city, "
        "sum(b.demand_ha) filter (where district_code <> 'C1') as parts "
        "from forecasted.land_balance as b where scenario = 'base' and industry_code = '00' group by year",
    )
    assert len(rows) == 10 and all(r["city"] == pytest.approx(r["parts"], abs=1e-6) for r in rows)
    assert result.complaints == () and result.rows["land_gap"] > 0
    told = query(settings, "select distinct measure from forecasted.activity_forecast order by all")
    assert [r["measure"] for r in told] == ["industrial_land_ha", "output_cny10k", "value_added_cny10k"]


def test_supply_stands_in_the_districts_of_the_base_year_and_in_its_industry(settings):
    forecast_stage.forecast(settings)
    sql = (
        "select district_code || industry_code as k, area_ha from forecasted.land_supply "
        "where scenario = 'base' and year = 2025 and source = '新增指标'"
    )
    found = {row["k"]: row["area_ha"] for row in query(settings, sql)}
    assert found == {"C100": 18, "C126": 8, "C1C": 8, "D100": 15, "D126": 5, "D1C": 5}, "a split district: the city's"


def test_ending_agreements_and_potentials_supply_what_nobody_declared(settings):
    forecast_stage.forecast(settings)
    found = items(settings)
    own = {k: (r["year"], r["area_ha"], r["counted"]) for k, r in found.items() if r["from_marts"]}
    assert own == {
        "term:A1:P1": (2027, 2.0, True),
        "term:A2:P2": (2026, 3.0, True),
        "potential:Z1": (2029, 12.0, True),
    }
    assert found["potential:Z1"]["overlap_ha"] == pytest.approx(12 * 3 / 60)


def test_proposals_of_the_life_cycle_count_once_beside_what_is_declared(settings):
    execute(
        settings,
        """
        insert into marts.fct_consequence values
            ('A1', 'contract_end', '2024-03-01', null, 'proposed'), ('A1', 'contract_end', '2023-03-01', null, 'done'),
            ('A2', 'idle_take_back', '2024-03-01', '2028-01-01', 'decided'),
            ('A3', 'idle_take_back', '0001-01-01', '9999-12-31', 'proposed'),
            ('A1', 'idle_fee', '2024-03-01', null, 'proposed');
        insert into staging.stg_accepted__land_supply
            values ('S4', 2024, 'D1', '旧厂房改造', 9, 2025, null, null, 1, 'P2')""",
    )
    forecast_stage.forecast(settings)
    found = items(settings)
    assert found["contract_end:A1:2024-03-01:P1"]["counted"] and found["contract_end:A1:2024-03-01:P1"]["year"] == 2025
    assert found["term:A1:P1"]["duplicate_of"] == "contract_end:A1:2024-03-01:P1"
    taken = found["idle_take_back:A2:2024-03-01:P2"]
    assert taken["counted"] and taken["year"] == 2028
    assert found["S4"]["duplicate_of"] == found["term:A2:P2"]["duplicate_of"] == taken["item_id"]
    assert {k: r["reason"] for k, r in found.items() if k.startswith("idle_take_back:A3")} == {
        "idle_take_back:A3:0001-01-01:P3": "outside_years"
    }
    assert not any(k.startswith("idle_fee") for k in found)
    gap = query(
        settings,
        "select * from forecasted.land_gap where scenario = 'base' and district_code || industry_code = 'C100'",
    )
    assert gap[0]["low_efficiency_ha"] == 1.0, "P1 is supply already"


def test_without_series_and_supply_there_are_no_rows_and_no_error(settings):
    for table in ("marts.fct_forecast_series", "staging.stg_accepted__land_supply", "marts.dim_parcel"):
        execute(settings, f"delete from {table}")
    execute(settings, "delete from marts.fct_land_potential")
    result = forecast_stage.forecast(settings)
    assert {n for name, n in result.rows.items() if name != "models"} == {0} and result.complaints == ()


def test_a_series_without_supply_lacks_it(settings):
    execute(settings, "delete from staging.stg_accepted__land_supply; delete from marts.dim_parcel")
    execute(settings, "delete from marts.fct_land_potential")
    forecast_stage.forecast(settings)
    rows = query(settings, "select distinct supply_ha, balance_ha, lacking from forecasted.land_balance")
    assert rows == [{"supply_ha": None, "balance_ha": None, "lacking": "supply_missing"}]


def test_a_source_without_policy_is_a_complaint(settings):
    execute(settings, "update staging.stg_accepted__land_supply set source = '天上掉下'")
    assert "天上掉下" in forecast_stage.forecast(settings).complaints[0]
    assert items(settings)["S1"]["reason"] == "unknown_source"


def test_a_year_that_has_not_been_built_is_said(settings):
    execute(settings, "drop table marts.fct_forecast_series")
    with pytest.raises(StageFailed, match="has not been built"):
        forecast_stage.forecast(settings)
