"""Regional indicators, history, coupling and types of the hand-made series, against numbers computed here."""

from __future__ import annotations

import re

import duckdb
import pytest

from scoring.coupling import FORMS, coupling_coordination

CLOSE = {"rel": 1e-12, "abs": 1e-12}
# published_examples 16: subsystem scores, then C and D of the standard and D of the corrected form (weights .4 .3 .3)
PUBLISHED = {
    "A": ((0.0162, 0.2720, 0.2655), 0.570904, 0.324607, 0.273880),
    "B": ((0.1782, 0.6824, 0.3721), 0.867227, 0.596945, 0.440469),
    "C": ((0.5490, 0.0593, 0.5729), 0.673545, 0.514973, 0.431568),
    "D": ((0.6730, 0.4812, 0.9082), 0.967362, 0.815493, 0.677708),
    "E": ((0.0207, 0.8891, 0.2017), 0.417914, 0.393494, 0.242267),
    "F": ((0.9875, 0.5573, 0.8984), 0.970944, 0.889234, 0.771080),
}
SYSTEMS, WEIGHTS = ("economic", "social", "ecological"), (0.4, 0.3, 0.3)


def _values(dbt, scale: str, unit: str) -> dict[str, tuple]:
    found = dbt.query(
        "select indicator_code, value, null_reason, numerator, denominator from marts.fct_indicator_value "
        f"where scale = '{scale}' and unit_code = '{unit}'"
    )
    return {row[0]: row[1:] for row in found}


def test_a_merged_district_is_compared_with_the_sum_of_its_predecessors(dbt):
    """440112 took in 440199 at the end of 2022: people 340 + 110, GDP 2300 + 1100, land 155 + 55 and 185 + 75 ha."""
    found = _values(dbt, "district", "440112")
    expected = {
        "urban_rural_population_density_person_per_km2": 495 / 2.31,
        "construction_land_investment_cny10k_per_km2": 600 / 2.86,
        "construction_land_gdp_cny10k_per_km2": 4080 / 2.86,
        "urban_plot_ratio": 250 / 231,
        "urban_rural_land_per_population_growth_m2_per_person": 21 * 10000 / 45,
        "gdp_land_use_decline_ratio": (260 / 3400 - 286 / 4080) / (260 / 3400),
        "new_land_per_gdp_growth_m2_per_cny10k": 14 * 10000 / 680,
        "new_land_per_investment_m2_per_cny10k": 14 * 10000 / 600,
        "population_land_elasticity_ratio": (45 / 450) / (21 / 210),
        "gdp_land_elasticity_ratio": (680 / 3400) / (26 / 260),
        "population_land_contribution_ratio": (45 / 100) / (21 / 31),
        "gdp_land_contribution_ratio": (680 / 2000) / (26 / 41),
        "stock_supply_ratio": 1.0,
        "batch_supply_ratio": 0.75,
    }
    assert {code: found[code][0] for code in expected} == pytest.approx(expected, **CLOSE)
    assert found["gdp_land_elasticity_ratio"][2:] == pytest.approx((0.2, 0.1), **CLOSE)


def test_the_city_is_not_compared_with_itself(dbt):
    found = _values(dbt, "city", "440100")
    assert found["gdp_land_elasticity_ratio"][0] == pytest.approx((2000 / 10000) / (41 / 410), **CLOSE)
    assert not [code for code in found if "contribution" in code]


@pytest.mark.parametrize(
    ("unit", "indicator", "expected"),
    [
        ("440106", "population_land_elasticity_ratio", (None, "zero_denominator")),  # its land did not change
        ("440106", "gdp_land_contribution_ratio", (None, "zero_denominator")),
        ("440106", "urban_rural_land_per_population_growth_m2_per_person", (0.0, None)),
        ("440106", "batch_supply_ratio", (None, "zero_denominator")),
        ("440113", "urban_plot_ratio", (None, "value_missing")),  # the series has no row of it
    ],
)
def test_regional_reasons(dbt, unit, indicator, expected):
    assert _values(dbt, "district", unit)[indicator][:2] == expected


def test_types_stand_beside_the_elasticities(dbt):
    """Land unchanged while people and GDP grow has a type although the ratio has none."""
    columns = "population_land_elasticity_type, gdp_land_elasticity_type"
    found = dbt.query(f"select district_code, {columns} from marts.fct_district_year order by 1")
    assert found == [("440106", "内涵挖潜", "内涵挖潜"), ("440112", "相对稳定", "集约趋势"), ("440113", None, None)]
    assert dbt.query(f"select {columns} from marts.fct_city_year") == [("相对稳定", "集约趋势")]


def test_history_follows_the_merger(dbt):
    """2021 stands for 2023 as 300 + 100 people; PM2.5 cannot be summed; 2022 still is in the boundaries of 2022."""
    found = dbt.query(
        "select year, measure_code, value, previous_value, growth_ratio, growth_null_reason, base_year, index_to_base "
        "from marts.fct_region_history where unit_code = '440112' and measure_code in ('population', 'pm25_ug_per_m3') "
        "order by measure_code desc, year"
    )
    assert found == [
        (2021, "population", 300, None, None, "no_previous_year", 2021, 100),
        (2022, "population", 340, 300, pytest.approx(40 / 300), None, 2021, pytest.approx(340 / 3)),
        (2023, "population", 495, 450, pytest.approx(0.1), None, 2021, pytest.approx(123.75)),
        (2021, "pm25_ug_per_m3", 38, None, None, "no_previous_year", 2021, 100),
        (2022, "pm25_ug_per_m3", 34, 38, pytest.approx(-4 / 38), None, 2021, pytest.approx(3400 / 38)),
        (2023, "pm25_ug_per_m3", 29, None, None, "not_additive", 2023, 100),
    ]


def test_history_and_the_indicators_of_the_year_agree(dbt):
    """The long table and the history say the same of the evaluated year, both from the same specs."""
    different = dbt.query(
        "select unit_code, measure_code from marts.fct_region_history as history "
        "inner join marts.fct_indicator_value as values_ using (scale, unit_code, year) "
        "where measure_code = indicator_code and (history.value is distinct from values_.value "
        "or history.null_reason is distinct from values_.null_reason)"
    )
    assert different == []
    [(compared,)] = dbt.query(
        "select count(*) from marts.fct_region_history semi join marts.fct_indicator_value "
        "on measure_code = indicator_code and is_indicator and fct_region_history.year = fct_indicator_value.year"
    )
    assert compared == 3 * 7


def test_the_six_published_rows_of_coupling_come_out_of_the_sql(dbt):
    """published_examples 16, by the compiled model on the published subsystem scores; the Python twin agrees."""
    compiled = next(dbt.folder.rglob("compiled/**/int_region__coupling.sql")).read_text(encoding="utf-8")
    compiled = re.sub(r'[\w".]*"int_region__benefit"', "benefit", compiled)
    with duckdb.connect() as con:
        con.execute(
            "create table benefit (scale varchar, unit_code varchar, year integer, system varchar, "
            "system_weight double, illustrative boolean, benefit_index double)"
        )
        for unit, (scores, *_) in PUBLISHED.items():
            for system, weight, score in zip(SYSTEMS, WEIGHTS, scores, strict=True):
                row = ["district", unit, 2023, system, weight, False, score]
                con.execute("insert into benefit values (?, ?, ?, ?, ?, ?, ?)", row)
        found = con.execute(f"select unit_code, form, coupling, coordination from ({compiled})").fetchall()
    by_key = {(unit, form): (c, d) for unit, form, c, d in found}
    for unit, (_, c, d, d_corrected) in PUBLISHED.items():
        assert by_key[unit, "standard"] == pytest.approx((c, d), abs=5e-7)
        assert by_key[unit, "corrected"][1] == pytest.approx(d_corrected, abs=5e-7)
    for form in FORMS:
        weights = None if form == "standard" else WEIGHTS
        twin = coupling_coordination([scores for scores, *_ in PUBLISHED.values()], form, weights)
        assert [by_key[unit, form][1] for unit in PUBLISHED] == pytest.approx(list(twin.coordination), rel=1e-12)


def test_benefit_of_the_best_district_is_full(dbt):
    """440106 in 2023 is best in every economic indicator; 440199 is worst in both social ones."""
    found = dbt.query(
        "select unit_code, year, economic_benefit_index, social_benefit_index, coupling_level, illustrative "
        "from marts.fct_coupling_coordination where form = 'standard' "
        "and (unit_code = '440106' and year = 2023 or unit_code = '440199' and year = 2022) order by 1"
    )
    assert found[0] == ("440106", 2023, 1.0, 1.0, "高水平耦合", True)
    assert found[1][:2] + found[1][3:] == ("440199", 2022, 0.0, "低水平耦合", True)


def test_policy_without_years_before_says_so(dbt):
    """The series begins in 2021; the shipped policy is of 2020 and touches all."""
    found = dbt.query("select distinct unit_group, unit_count, null_reason, illustrative from marts.fct_policy_effect")
    assert sorted(found) == [("touched", 2, "no_years", True), ("untouched", 0, "no_unit", True)]
