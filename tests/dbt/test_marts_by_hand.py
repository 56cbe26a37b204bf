"""The marts of the hand-made year against numbers computed here, to 1e-12."""

from __future__ import annotations

import pytest

CLOSE = {"rel": 1e-12, "abs": 1e-12}


def _row(dbt, table: str, where: str, *columns: str):
    return dbt.query(f"select {', '.join(columns)} from marts.{table} where {where}")[0]


def _reason(dbt, scale: str, unit: str, indicator: str):
    where = f"scale = '{scale}' and unit_code = '{unit}' and indicator_code = '{indicator}'"
    return _row(dbt, "fct_indicator_value", where, "value", "null_reason")


def test_shares_and_how_they_were_found(dbt):
    """Floor area, land area where one row lacks floor, equal where the sum is 0, a border point to the smaller code."""
    found = dbt.query("select uscc, parcel_code, share, share_basis, matched_by from marts.bridge_parcel_enterprise")
    assert {row[:2]: row[2:] for row in found} == {
        ("E1", "P1"): (0.75, "floor_area", "declared"),
        ("E1", "P2"): (0.25, "floor_area", "declared"),
        ("E2", "P1"): (1.0, "floor_area", "declared"),
        ("E3", "P1"): (0.25, "land_area", "declared"),
        ("E3", "P4"): (0.75, "land_area", "declared"),
        ("E4", "P3"): (1.0, "equal", "point_in_parcel"),
        ("E8", "P1"): (pytest.approx(1 / 3, **CLOSE), "equal", "declared"),
        ("E8", "P2"): (pytest.approx(1 / 3, **CLOSE), "equal", "declared"),
        ("E8", "P3"): (pytest.approx(1 / 3, **CLOSE), "equal", "declared"),
    }


def test_built_form_of_the_shared_parcel(dbt):
    """P1: (8000 + 2000 + 2000) / 10000; (4500 + 200 + 300) / 10000; 1000 / 10000; 2000 of 10000 floor are offices."""
    columns = ("plot_ratio", "building_coefficient", "green_ratio", "admin_land_ratio", "enterprise_count")
    assert _row(dbt, "fct_parcel_year", "parcel_code = 'P1'", *columns) == pytest.approx(
        (1.2, 0.5, 0.1, 0.2, 4), **CLOSE
    )


def test_enterprise_figures_of_the_shared_parcel(dbt):
    """P1: E1 x 0.75, E2 x 1, E3 x 0.25, E8 x 1/3; the pairs take only firms with both parts."""
    third = 1 / 3
    output = 750 + 500 + 25 + 100 * third
    value_added = 300 - 100 + 7.5 + 10 * third
    tce = (10 * 1.229 + 71.43) * 0.75
    equivalent = (10 * 3.0 + 71.43) * 0.75
    columns = {
        "land_output_cny10k_per_ha": output,
        "land_tax_cny10k_per_ha": 75 + 600 - 1,
        "land_value_added_cny10k_per_ha": value_added,
        "investment_intensity_cny10k_per_ha": 600 + 15 + 10 * third + 500,
        "energy_per_output_tce_per_cny10k": tce / 750,
        "energy_per_output_tce_per_cny10k_equivalent": equivalent / 750,
        "value_added_per_energy_cny10k_per_tce": 300 / tce,
        "value_added_per_energy_cny10k_per_tce_equivalent": 300 / equivalent,
        "labour_productivity_cny10k_per_person": value_added / (30 + 10 + third * 3),
        "rd_staff_ratio": (3 + third) / (30 + 1),
        "rd_intensity": (15 + 6 + third) / (1500 + 600 + 30),
        "new_product_ratio": (150 + 5 * third) / (1500 + 30),
        "land_per_employee_m2_per_person": 10000 / (30 + 10 + 1),
    }
    found = _row(dbt, "fct_parcel_year", "parcel_code = 'P1'", *columns)
    assert dict(zip(columns, found, strict=True)) == pytest.approx(columns, **CLOSE)


@pytest.mark.parametrize(
    ("scale", "unit", "indicator", "expected"),
    [
        ("parcel", "P2", "plot_ratio", (0.0, None)),  # no building row, but its district has some
        ("parcel", "P3", "plot_ratio", (None, "register_not_loaded")),
        ("parcel", "P3", "building_coefficient", (None, "register_not_loaded")),
        ("parcel", "P2", "admin_land_ratio", (0.05, None)),
        ("parcel", "P3", "admin_land_ratio", (None, "register_not_loaded")),
        ("parcel", "P5", "admin_land_ratio", (None, "value_missing")),
        ("parcel", "P2", "green_ratio", (None, "value_missing")),
        ("parcel", "P5", "land_output_cny10k_per_ha", (None, "no_enterprise")),
        ("parcel", "P5", "value_added_per_emission_cny10k_per_t", (None, "register_not_loaded")),  # rejected file
        ("parcel", "P3", "land_tax_cny10k_per_ha", (None, "value_missing")),
        ("parcel", "P3", "energy_per_output_tce_per_cny10k", (None, "zero_denominator")),  # E8 has no energy record
        ("enterprise", "E3", "rd_intensity", (None, "zero_denominator")),
        ("enterprise", "E6", "land_output_cny10k_per_ha", (None, "value_missing")),
        ("enterprise", "E1", "rd_intensity", (0.01, None)),
        ("district", "440113", "plot_ratio", (None, "zero_denominator")),
        ("district", "440112", "plot_ratio", (None, "register_not_loaded")),
        ("industry", "2017:C13", "rd_staff_ratio", (pytest.approx(1 / 3, **CLOSE), None)),
    ],
)
def test_values_and_reasons(dbt, scale, unit, indicator, expected):
    """Register, enterprise, value, denominator: the first that lacks is the reason."""
    assert _reason(dbt, scale, unit, indicator) == expected


def test_only_industrial_parcels_are_evaluated(dbt):
    assert dbt.query("select parcel_code from marts.fct_parcel_year order by 1") == [("P1",), ("P2",), ("P3",), ("P5",)]
    assert len(dbt.query("select 1 from marts.dim_parcel")) == 5


def test_struck_off_enterprises_do_not_count(dbt):
    assert dbt.query("select is_counted from marts.dim_enterprise where uscc = 'E5'") == [(False,)]
    assert dbt.query("select 1 from marts.fct_enterprise_year where uscc = 'E5'") == []


def test_land_of_enterprises(dbt):
    """P1 has floor areas of all occupants (300, 100, 100, 0); P2 has 100 and 0; on P3 E4 has none: halves."""
    found = dict(dbt.query("select uscc, land_area_m2 from marts.fct_enterprise_year"))
    expected = {"E1": 6000 + 20000, "E2": 2000, "E3": 2000 + 3000, "E4": 2500, "E8": 2500}
    assert {k: v for k, v in found.items() if v is not None} == pytest.approx(expected, **CLOSE)
    assert {k for k, v in found.items() if v is None} == {"E6", "E7"}


def test_district_figures_are_sums_with_vacant_land(dbt):
    """440106: P1, P2, P5. Output on P2 is 250 + 100/3; unmatched: E3's three quarters, E7."""
    columns = ("site_area_m2", "output_cny10k", "unmatched_output_cny10k", "land_output_cny10k_per_ha", "plot_ratio")
    on_land = 1275 + 250 + 200 / 3
    expected = (37000, on_land, 75 + 30, on_land / 3.7, 12000 / 37000)
    assert _row(dbt, "fct_district_year", "district_code = '440106'", *columns) == pytest.approx(expected, **CLOSE)


def test_districts_without_parcels_stand_there(dbt):
    found = dbt.query("select district_code, site_area_m2 from marts.fct_district_year order by 1")
    assert found == [("440106", 37000), ("440112", 5000), ("440113", 0)]  # 440116 ended in 2014


def test_output_adds_up(dbt):
    """Parcels + unmatched = counted enterprises, without a remainder."""
    [(parcels,)] = dbt.query("select sum(cast(output_cny10k as decimal(38, 16))) from marts.fct_parcel_year")
    city = _row(dbt, "fct_city_year", "true", "output_cny10k", "unmatched_output_cny10k", "city_code")
    assert float(parcels) == pytest.approx(1800 - 175, abs=1e-12)
    assert city == (1625, 175, "440100")


def test_industries_and_blocks(dbt):
    found = dbt.query("select industry_code, output_cny10k, land_area_m2 from marts.fct_industry_year order by 1")
    assert found == [("C13", 100, 2500), ("C36", 1700, 35500)]
    assert _row(dbt, "fct_block_year", "block_code = 'K1'", "site_area_m2", "plot_ratio") == (30000, 0.4)


def test_quarantine_shows_active_loads_only(dbt):
    found = dbt.query("select file_name, row_no, rule_code, run_id from marts.fct_quarantine order by rule_code")
    assert found == [
        ("occupancy/2023/4.csv", 7, "orphan:parcel_code", "loadrun"),
        ("occupancy/2023/4.csv", 7, "qc:doubtful", "loadrun"),
    ]


def test_suspicious_cases(dbt):
    assert dbt.query("select uscc from marts.qc_tax_above_output") == [("E2",)]
    overlaps = dbt.query("select parcel_code, other_parcel_code, overlap_area_m2 from marts.qc_parcel_overlap")
    assert [row[:2] for row in overlaps] == [("P4", "P5")]
    assert overlaps[0][2] == pytest.approx(512 * 1107, rel=0.01)  # half of 0.01 by 0.01 degrees at 23.1 N


def test_who_is_on_no_parcel_and_what_is_near(dbt):
    """E6 has no position; the point of E7, whose occupancy has ended, lies in P3."""
    found = dbt.query(
        "select uscc, has_point, candidate_parcel_codes, candidate_distances_m "
        "from marts.qc_enterprise_unpaired order by uscc"
    )
    assert found == [("E6", False, None, None), ("E7", True, ["P3"], [0.0])]
    assert dbt.query("select parcel_code, detail from marts.qc_parcel_unpaired") == [("P5", "no candidate")]
    assert dbt.query("select uscc, parcel_code, declared_parcel_codes from marts.qc_enterprise_elsewhere") == [
        ("E2", "P3", "P1")
    ]


def test_calendar(dbt):
    found = dbt.query(
        "select obligation, due_date::varchar, days_left, state, days_late from marts.fct_stage_due "
        "order by due_date, obligation"
    )
    assert found == [
        ("开工", "2021-01-01", -1094, "done", 59),
        ("开竣工评估", "2023-06-01", -213, "overdue", None),
        ("竣工", "2023-06-01", -213, "overdue", None),
        ("投产", "2024-02-01", 32, "due", None),
        ("到期评估", "2043-02-28", 6999, "upcoming", None),
    ]


def test_comment_of_geometry_names_its_crs(dbt):
    [(comment,)] = dbt.query(
        "select comment from duckdb_columns() where table_name = 'dim_parcel' and column_name = 'geometry'"
    )
    assert "EPSG:4490" in comment


def test_every_mart_ends_with_the_run(dbt):
    """The last column is run_id, filled with the run's, but for the ledger tables."""
    last = dbt.query(
        "select table_name, arg_max(column_name, ordinal_position) from information_schema.columns "
        "where table_schema = 'marts' group by table_name"
    )
    assert len(last) > 20 and {name for _, name in last} == {"run_id"}


def test_spatial_joins_are_planned_as_such(dbt):
    """A comparison beside the spatial predicate would make the plan quadratic."""
    alone = ("int_pairing__point_hits", "int_pairing__declared_hits", "int_pairing__near", "int_pairing__in_district")
    for model in (*alone, "int_parcel__touching"):
        path = next((dbt.folder / "target" / "compiled").rglob(f"{model}.sql"))
        import duckdb

        from warehouse.db import extensions

        with duckdb.connect(str(dbt.database), read_only=True) as con:
            extensions(con)
            con.execute(f"attach '{dbt.folder / 'scratch.duckdb'}' as scratch (read_only)")
            plan = con.execute(f"explain {path.read_text(encoding='utf-8')}").fetchall()[0][1]
        assert "SPATIAL_JOIN" in plan, plan
