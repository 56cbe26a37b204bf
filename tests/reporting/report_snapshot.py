"""A small published snapshot made by hand: every table that the report reads, with figures that are easy to check."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import shapely

YEAR = 2024
XSS = '<script>alert("x")</script>&\'"><img src=x onerror=alert(1)>'
GRADES = ((75, "A"), (60, "B"), (45, "C"), (-1, "D"))
DISTRICTS = {"440112": "黄埔区", "440113": "番禺区", "440115": "南沙区"}
RUN = "0123456789abcdef"


def write(path: Path, parcels: int = 12, *, state: str = "provisional", generated: bool = True) -> Path:
    """Write a city with enterprises, scores, contracts, land forecasts and zones."""
    with duckdb.connect(str(path)) as con:
        con.execute("create schema marts")
        _run(con, state, generated)
        _units(con, parcels)
        _policy(con)
        _areas(con)
        _scores(con, parcels)
        _ledger(con)
        _contracts(con)
        _land(con)
    return path


def write_bare(path: Path, *, empty_tables: bool) -> Path:
    """Write a city that has parcels only; other tables are empty, or not there at all."""
    write(path, parcels=4)
    with duckdb.connect(str(path)) as con:
        tables = [
            r[0] for r in con.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        ]
        keep = {"fct_run", "dim_unit", "dim_parcel", "fct_load", "dim_indicator", "fct_city_year", "fct_district_year"}
        for table in sorted(set(tables) - keep):
            con.execute(f"delete from marts.{table}" if empty_tables else f"drop table marts.{table}")
        con.execute("delete from marts.fct_load where dataset <> 'parcels'")
        for table in ("fct_city_year", "fct_district_year"):
            con.execute(
                f"update marts.{table} set output_cny10k = null, tax_paid_cny10k = null, "
                f"unmatched_output_cny10k = null, "
                "land_output_cny10k_per_ha = null, land_tax_cny10k_per_ha = null, rd_intensity = null, "
                "energy_per_output_tce_per_cny10k = null"
            )
        if empty_tables:
            con.execute(
                "insert into marts.fct_indicator_value select 'city', '440100', 2024, "
                "unnest(['land_output_cny10k_per_ha', "
                f"'land_tax_cny10k_per_ha', 'rd_intensity']), null, 'register_not_loaded', '{RUN}'"
            )
    return path


def score_of(i: int, n: int) -> float:
    """The score of the i-th parcel: 0 to 100 evenly."""
    return 100.0 * i / max(n - 1, 1)


def grade_of(score: float) -> str:
    return next(grade for least, grade in GRADES if score >= least)


def polygon(i: int) -> bytes:
    """A parcel as a rectangle or an L, of about 150 m, on a spiral round the middle of Guangzhou."""
    angle, radius = 2.4 * i, 0.0012 * math.sqrt(i) * 1.4
    x, y, s = 113.4 + radius * math.cos(angle), 23.0 + radius * math.sin(angle), 0.0005 + 0.0001 * (i % 5)
    shape = shapely.box(x, y, x + s, y + s * 0.7)
    if i % 3 == 0:
        shape = shape.difference(shapely.box(x + s / 2, y + s * 0.3, x + s, y + s * 0.7))
    return shapely.to_wkb(shape)


def _run(con: duckdb.DuckDBPyConnection, state: str, generated: bool) -> None:
    con.execute(
        "create table marts.fct_run (run_id varchar, state varchar, year integer, as_of_date date, "
        "schemes varchar[], "
        "git_sha varchar, inputs_sha256 varchar, policy_sha256 varchar, code_sha256 varchar, started_at timestamp, "
        "finished_at timestamp, published_at timestamp, approved_by varchar, generated boolean, notes varchar[])"
    )
    con.execute(
        "insert into marts.fct_run values (?, ?, 2024, '2024-12-31', ['gz_performance'], 'abc123', "
        "'in' || repeat('0', 62), "
        "'po' || repeat('0', 62), 'co' || repeat('0', 62), now(), now(), now(), ?, ?, ['数据<说明>'])",
        [RUN, state, "土地管理委员会" if state == "final" else None, generated],
    )


def _units(con: duckdb.DuckDBPyConnection, n: int) -> None:
    con.execute(
        "create table marts.dim_unit (scale varchar, unit_code varchar, year integer, name_zh varchar, "
        "district_code varchar, town_code varchar, run_id varchar)"
    )
    con.execute(
        "create table marts.dim_parcel (parcel_code varchar, year integer, district_code varchar, "
        "is_industrial boolean, "
        "site_area_m2 double, use_state varchar, centroid_lon double, centroid_lat double, "
        "geometry blob, run_id varchar)"
    )
    con.execute(
        "create table marts.dim_district (district_code varchar, valid_from_year integer, name_zh varchar, "
        "valid_to_year integer, successor_code varchar, run_id varchar)"
    )
    con.execute("insert into marts.dim_unit values ('city', '440100', 2024, '示例市', null, null, ?)", [RUN])
    for code, name in DISTRICTS.items():
        con.execute("insert into marts.dim_unit values ('district', ?, 2024, ?, ?, null, ?)", [code, name, code, RUN])
        con.execute("insert into marts.dim_district values (?, 2000, ?, null, null, ?)", [code, name, RUN])
    districts = list(DISTRICTS)
    rows = []
    for i in range(n):
        geometry = None if i == 1 else polygon(i)
        rows.append((f"P{i:06d}", 2024, districts[i % 3], True, 10_000.0 + i, "在用", None, None, geometry, RUN))
    rows.append(("OFFICE", 2024, districts[0], False, 5_000.0, "在用", None, None, polygon(n), RUN))
    _insert(con, "dim_parcel", rows)
    _insert(
        con,
        "dim_unit",
        [("parcel", f"P{i:06d}", 2024, XSS if i == 0 else f"地块{i}", districts[i % 3], None, RUN) for i in range(n)],
    )


def _insert(con: duckdb.DuckDBPyConnection, table: str, rows: list[tuple]) -> None:
    import pandas as pd

    names = [r[0] for r in con.execute(f"describe marts.{table}").fetchall()]
    frame = pd.DataFrame(rows, columns=names)
    con.register("frame", frame)
    con.execute(f"insert into marts.{table} select * from frame")
    con.unregister("frame")


def _policy(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create table marts.dim_scheme as select 'gz_performance' as scheme_code, '2020' as scheme_version, "
        "'土地利用绩效评估' as name_zh, 'parcel,enterprise' as scale, 2020 as valid_from_year, "
        "null::integer as valid_to_year, "
        "null::varchar as approved_by, '穗府办规〔2020〕5号' as document, true as illustrative"
    )
    con.execute(
        "create table marts.dim_indicator as select * from (values "
        "('plot_ratio', '容积率', 'Plot ratio', '无量纲', 'positive', '总建筑面积 ÷ 宗地面积', '', "
        "'parcel,city', '控制指标'), "
        "('rd_intensity', 'R&D经费强度', 'R&D intensity', '比值', 'positive', 'R&D经费 ÷ 营业收入', "
        "'', 'parcel', '办法'), "
        "('land_output_cny10k_per_ha', '土地产出率', 'Land output', '万元/ha', 'positive', '工业总产值 ÷ 用地面积', "
        "'', 'parcel', '办法')) as t "
        "(indicator_code, name_zh, name_en, unit, direction, formula_zh, formula_en, scales, source)"
    )
    con.execute(
        "create table marts.fct_weight as select 'gz_performance' as scheme_code, "
        "'2020' as scheme_version, 2024 as year, "
        "'M1' as group_code, 'plot_ratio' as indicator_code, 0.08::double as weight, "
        "'given' as method, '{}' as parameters"
    )
    con.execute(
        "create table marts.fct_ideal_value as select 'gz_performance' as scheme_code, '2020' as scheme_version, "
        "2024 as year, 'parcel' as scope, 'plot_ratio' as indicator_code, "
        "0.98::double as ideal_value, 'target' as method, "
        "'无来源' as source, true as illustrative"
    )


def _areas(con: duckdb.DuckDBPyConnection) -> None:
    columns = (
        "site_area_m2 double, output_cny10k double, tax_paid_cny10k double, unmatched_output_cny10k double, "
        "plot_ratio double, land_output_cny10k_per_ha double, land_tax_cny10k_per_ha double, "
        "energy_per_output_tce_per_cny10k double, rd_intensity double, run_id varchar"
    )
    con.execute(f"create table marts.fct_district_year (district_code varchar, year integer, {columns})")
    con.execute(f"create table marts.fct_city_year (city_code varchar, year integer, {columns})")
    _insert(
        con,
        "fct_district_year",
        [
            (
                "440112",
                2024,
                4_000_000.0,
                8_123_456.75,
                401_234.5,
                12_345.25,
                1.234,
                20308.641875,
                1003.08625,
                0.05678,
                0.0312,
                RUN,
            ),
            ("440113", 2024, 3_000_000.0, 3_000_000.0, 150_000.0, 0.0, 0.98, 10000.0, 500.0, 0.1, 0.02, RUN),
            ("440115", 2024, 1_000_000.0, None, None, 7.5, 0.5, None, None, None, None, RUN),
        ],
    )
    _insert(
        con,
        "fct_city_year",
        [
            (
                "440100",
                2024,
                8_000_000.0,
                11_123_456.75,
                551_234.5,
                12_352.75,
                1.04,
                13904.3209375,
                689.043125,
                0.068,
                0.028,
                RUN,
            ),
        ],
    )
    con.execute(
        "create table marts.fct_indicator_value (scale varchar, unit_code varchar, year integer, "
        "indicator_code varchar, "
        "value double, null_reason varchar, run_id varchar)"
    )
    _insert(
        con,
        "fct_indicator_value",
        [
            ("district", "440115", 2024, code, None, "no_enterprise", RUN)
            for code in (
                "land_output_cny10k_per_ha",
                "land_tax_cny10k_per_ha",
                "energy_per_output_tce_per_cny10k",
                "rd_intensity",
            )
        ],
    )
    con.execute(
        "create table marts.fct_parcel_year as select parcel_code, year, 1 as enterprise_count, 1.5 as plot_ratio, "
        "12345.5 as land_output_cny10k_per_ha, "
        "678.25 as land_tax_cny10k_per_ha from marts.dim_parcel where is_industrial"
    )
    con.execute(
        "create table marts.fct_zone_year as select 'Z1' as zone_code, 2024 as year, 0.93 as development_ratio, "
        "1.0 as supply_ratio, 0.91 as built_ratio, 0.55 as industrial_land_ratio, 1.1 as plot_ratio, "
        "0.38 as building_density, 1.2 as industrial_plot_ratio, 0.5 as industrial_building_coefficient, "
        "8984.3 as investment_intensity_cny10k_per_ha, 678.99 as land_tax_cny10k_per_ha, null::double as idle_ratio, "
        "'工业主导型' as zone_type_evaluated"
    )
    con.execute(
        "create table marts.dim_zone as select 'Z1' as zone_code, 2024 as year, '示例经济开发区' as name_zh, "
        "'经开区' as zone_type, '国家级' as level, '440112' as district_code"
    )


def _scores(con: duckdb.DuckDBPyConnection, n: int) -> None:
    con.execute(
        "create table marts.fct_score (scale varchar, unit_code varchar, year integer, scheme_code varchar, "
        "scheme_version varchar, score double, grade varchar, rank_in_city bigint, rated boolean, "
        "not_rated_reason varchar, veto_code varchar, run_id varchar)"
    )
    rows = []
    for i in range(n):
        rated = i != 2
        score = score_of(i, n)
        result = (score, grade_of(score), n - i, True, None) if rated else (None, None, None, False, "no_value")
        rows.append(("parcel", f"P{i:06d}", 2024, "gz_performance", "2020", *result, None, RUN))
    _insert(con, "fct_score", rows)
    con.execute(
        "create table marts.fct_score_component as select scale, unit_code, year, scheme_code, scheme_version, "
        "'plot_ratio' as indicator_code, 1.0 as obstacle_degree from marts.fct_score where rated"
    )


def _ledger(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create table marts.fct_load (file_sha256 varchar, dataset varchar, year integer, file_name varchar, "
        "rows_in bigint, accepted bigint, quarantined bigint, superseded bigint, state varchar, reason varchar, "
        "loaded_at timestamp, run_id varchar)"
    )
    _insert(
        con,
        "fct_load",
        [
            ("a" * 64, "parcels", 2024, "parcels/2024/a.gpkg", 1500, 1490, 10, 0, "loaded", None, None, RUN),
            ("b" * 64, "parcels", 2024, "parcels/2024/old.gpkg", 20, 0, 0, 20, "superseded", None, None, RUN),
            (
                "c" * 64,
                "enterprises",
                2024,
                f"enterprises/2024/{XSS}.csv",
                33,
                0,
                33,
                0,
                "rejected",
                "缺少必填列 uscc",
                None,
                RUN,
            ),
            ("d" * 64, "district_series", 2023, "district_series/2023/s.csv", 12, 12, 0, 0, "loaded", None, None, RUN),
            ("e" * 64, "parcels", 2025, "parcels/2025/a.gpkg", 9999, 9999, 0, 0, "loaded", None, None, RUN),
        ],
    )
    con.execute("update marts.fct_load set loaded_at = now()")
    con.execute(
        "create table marts.fct_quarantine as select repeat('a', 64) as file_sha256, "
        "'parcels' as dataset, 2024 as year, "
        "'parcels/2024/a.gpkg' as file_name, i as row_no, 'range:site_area_m2' as rule_code, "
        "'site_area_m2' as column_name, "
        "'-1' as value, '{}' as original_row, 'error' as severity, "
        "'宗地面积须大于 0' as message_zh, 'must be > 0' as message_en, "
        "'改正面积后重新报送' as next_step from range(1, 11) as t (i)"
    )
    con.execute("create table marts.qc_parcel_overlap as select 2024 as year, i as n from range(3) as t (i)")
    con.execute("comment on table marts.qc_parcel_overlap is '宗地相互重叠'")


def _contracts(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create table marts.dim_agreement as select 'XY-1' as agreement_no, 'P000003' as parcel_code, "
        "'914401010000000000' as uscc, '440112' as district_code"
    )
    con.execute(
        "create table marts.fct_stage_due (as_of_date date, agreement_no varchar, obligation varchar, due_date date, "
        "seq_no bigint, stage varchar, period_no bigint, days_left bigint, state varchar, department varchar, "
        "district_code varchar, run_id varchar)"
    )
    con.execute(
        f"insert into marts.fct_stage_due values "
        f"('2024-12-31', 'XY-1', '开工', '2024-10-02', 1, '开竣工', null, -90, 'overdue', "
        f"'规划和自然资源', '440112', '{RUN}'), "
        f"('2024-12-31', 'XY-1', '竣工', '2025-03-31', 1, '开竣工', null, 90, 'upcoming', '住建', "
        f"'440112', '{RUN}'), "
        f"('2023-12-31', 'XY-1', '开工', '2022-01-01', 1, '开竣工', null, 5, 'upcoming', '住建', '440112', '{RUN}')"
    )


def _land(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create table marts.fct_land_balance as select 2024 as base_year, y as year, '440100' as district_code, "
        "'00' as industry_code, s as scenario, 120.0 + 5 * (y - 2024) as supply_ha, "
        "100.0 + 12 * (y - 2024) as demand_ha, "
        "20.0 - 7 * (y - 2024) as balance_ha, 10.0 - 8 * (y - 2024) as low_ha, 30.0 - 6 * (y - 2024) as high_ha, "
        "case when s = 'low' then null else 2027 end as first_shortage_year "
        "from range(2025, 2031) as t (y), (values ('low'), ('base'), ('high')) as u (s)"
    )
    con.execute(
        "create table marts.fct_land_demand as select 2024 as base_year, 2030 as year, '440100' as district_code, "
        "'00' as industry_code, 'base' as scenario, m as method, d::double as demand_ha, d - 10.0 as low_ha, "
        "d + 10.0 as high_ha, u as used, r as rejected_reason from (values ('output_per_land', 172, true, null), "
        "('gm11', 210, false, 'level_ratio_outside_band')) as t (m, d, u, r)"
    )
    con.execute(
        "create table marts.fct_land_supply as select 2024 as base_year, 2026 as year, '440100' as district_code, "
        "'00' as industry_code, '批而未供' as source, 'base' as scenario, 45.5::double as area_ha"
    )


def add_balance(path: Path) -> Path:
    """Add what the balance of districts, the workbook and the demand files need; names of items are hostile."""
    with duckdb.connect(str(path)) as con:
        _more_land(con)
        _forecasts(con)
    return path


def _more_land(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "drop table marts.fct_land_demand; create table marts.fct_land_demand as select 2024 as base_year, "
        "y as year, '440100' as district_code, '00' as industry_code, s as scenario, m as method, "
        "if(u, 5000.0 + d * (y - 2024), null)::double as land_ha, if(u, d * (y - 2024)::double, null) as demand_ha, "
        "d * (y - 2024) - 10.0 as low_ha, d * (y - 2024) + 10.0 as high_ha, if(u, 0.5, null) as weight, u as used, "
        "r as rejected_reason, null::varchar as interval_reason from range(2025, 2031) as t (y), "
        "(values ('low'), ('base'), ('high')) as v (s), (values ('output_per_land', 20.25, true, null), "
        "('quota', 30, true, null), ('combination', 25.125, true, null), "
        "('gm11', 0, false, 'level_ratio_outside_band')) as w (m, d, u, r)"
    )
    con.execute(
        "alter table marts.fct_land_balance add column lacking varchar; "
        "alter table marts.fct_land_balance alter column balance_ha type double; "
        "insert into marts.fct_land_balance select 2024, 2030, d, '00', s, 50.0, 40.0 - b, b, b - 5, b + 5, "
        "if(b < 0, 2027, null), l from (values ('440112', -120.5, null), ('440113', 33.25, null), "
        "('440115', null, 'land_missing|supply_missing')) as t (d, b, l), (values ('low'), ('base'), ('high')) as u (s)"
    )
    con.execute(
        "insert into marts.fct_land_supply values (2024, 2026, '440100', '00', '转出', 'base', -7.5), "
        "(2024, 2028, '440100', '00', '旧厂房改造', 'base', 12.25)"
    )
    con.execute(
        "create table marts.fct_land_supply_item as select 2024 as base_year, 2026 as year, '440112' as district_code, "
        "'00' as industry_code, 'base' as scenario, i as item_id, '批而未供' as source, p as parcel_code, "
        "2024 as data_year, false as from_marts, 50.0 as area_ha, 0.0 as overlap_ha, 0.91 as realisation_rate, "
        "1.0 as industrial_share, 0.0 as cut_ha, if(c, 45.5, 0.0) as effective_ha, c as counted, d as duplicate_of, "
        "r as reason from (values ('=HYPERLINK(\"http://x\")', '+P1', true, null, null), "
        "('S2', '+P1', false, '=HYPERLINK(\"http://x\")', 'same_parcel')) as t (i, p, c, d, r)"
    )
    con.execute(
        "create table marts.fct_land_sensitivity as select 2024 as base_year, 2030 as year, '440100' as district_code, "
        "'00' as industry_code, s as scenario, v as driver, w as direction, if(w = 'up', 0.01, -0.01) as step, "
        "-22.0 as base_balance_ha, -22.0 + c as balance_ha, c::double as change_ha from (values ('low'), ('base'), "
        "('high')) as t (s), (values ('activity_growth', 'down', 30), ('activity_growth', 'up', -40), "
        "('output_per_land_growth', 'down', -60), ('output_per_land_growth', 'up', 55)) as u (v, w, c)"
    )
    con.execute(
        "create table marts.fct_land_gap as select 2024 as base_year, 2030 as year, '440100' as district_code, "
        "'00' as industry_code, 'base' as scenario, 22.0 as shortage_ha, 0.0125 as output_per_land_rise_ratio, "
        "0.0021 as output_per_land_rise_yearly_ratio, 88.0 as low_efficiency_ha, 0.25 as low_efficiency_share_ratio, "
        "null::varchar as reason union all select 2024, 2030, '440100', '00', 'low', 0.0, null, null, 88.0, null, "
        "'no_shortage'"
    )


def _forecasts(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "create table marts.fct_activity_forecast as select 2024 as base_year, y as year, '440100' as district_code, "
        "'00' as industry_code, 'value_added_cny10k' as measure, m as method, if(u, 5e7 * (y - 2023), null) as "
        "forecast, "
        "if(u, 4e7 * (y - 2023), null) as low, if(u, 6e7 * (y - 2023), null) as high, if(u, 1.0, 0.0) as weight, "
        "u as used, r as rejected_reason, null::double as reconciled, null::varchar as interval_reason "
        "from range(2025, 2031) as t (y), (values ('combination', true, null), "
        "('gm11', false, 'posterior_test_failed')) as v (m, u, r)"
    )
    con.execute(
        "create table marts.fct_forecast_accuracy as select 2024 as base_year, 'value_added_cny10k' as measure, "
        "m as method, h as horizon, 36 as series_count, 360 as trials, 0.05 * h as mape_ratio, e * h as mase_ratio, "
        "if(m = 'combination', 0.9 - 0.05 * (h - 1), null) as coverage_ratio, "
        "if(m = 'combination', 0.9, null) as nominal_ratio, if(m = 'combination', h = 1, null) "
        "as combined_beats_baselines, 0.03 as coverage_apart_ratio from range(1, 3) as t (h), "
        "(values ('naive', 1.0), ('drift', 0.8), ('combination', 0.75)) as u (m, e)"
    )
    boxes = {d: shapely.to_wkb(shapely.box(113 + i / 5, 23, 113.2 + i / 5, 23.2)) for i, d in enumerate(DISTRICTS)}
    con.execute(
        "create table marts.dim_district_outline "
        "(district_code varchar, geometry blob, tolerance_m double, run_id varchar)"
    )
    _insert(con, "dim_district_outline", [(d, g, 2000.0, RUN) for d, g in boxes.items() if d != "440115"])
    con.execute(
        "create table marts.fct_region_history as select 2024 as evaluation_year, 'city' as scale, "
        "'440100' as unit_code, 2024 as year, 'construction_land_ha' as measure_code, 9000.5 as value, "
        "2010 as base_year"
    )
