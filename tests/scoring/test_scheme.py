"""Schemes as data: what is shipped, which version holds, and what is refused."""

import copy

import numpy as np
import pyarrow as pa
import pytest

from landgauge import policy
from scoring import scheme_reading, scheme_versions
from scoring.ideal import encode, ideal_matrix
from scoring.scheme_cells import SchemeError
from scoring.scheme_columns import SEEDS as NAMES

SEEDS = {name: policy.rows(name) for name in NAMES}
DIRECTIONS = {row["indicator_code"]: row["direction"] for row in policy.rows("indicator")}


def select(seeds, code, year=2024):
    return scheme_reading.select(seeds, [code], year, DIRECTIONS)


@pytest.fixture
def seeds():
    return copy.deepcopy(SEEDS)


def change(rows, column, value, **where):
    hit = [row for row in rows if all(row[k] == v for k, v in where.items())]
    assert hit
    for row in hit:
        row[column] = value


SHIPPED = {
    *("gz_performance", "built_form", "huangyan_above", "huangyan_below", "huaian", "jingde", "pollutant_item"),
    *("dev_zone_industrial", "dev_zone_mixed", "regional", "area_benefit", "national_control"),
}


def test_shipped_schemes_can_be_read():
    shipped = {row["scheme_code"] for row in SEEDS["scheme"]}
    assert shipped >= SHIPPED
    for code in shipped:
        for scheme in select(SEEDS, code):
            assert sum(i.weight for i in scheme.indicators) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("seed", [s for s in NAMES if s not in ("scheme", "scheme_scale", "scheme_ratio")])
def test_what_is_not_illustrative_has_a_source_with_an_address_or_a_seed(seed):
    column = "weight_source" if seed == "scheme_indicator" else "source"
    stated = [row for row in SEEDS[seed] if row["illustrative"] == "false"]
    assert all("http" in row[column] or "seed " in row[column] for row in stated)
    assert all(row["illustrative"] == "true" for row in SEEDS[seed] if "示意值" in row[column])


def test_every_scheme_is_labelled_illustrative_and_says_what_is():
    assert all(row["illustrative"] == "true" and row["note"] for row in SEEDS["scheme"])


def test_published_weights_are_divided_by_their_sum_within_their_last_digits(seeds):
    """The weights of hanspub 4-1151461 sum to 1.0001; a tree of given weights must sum to 1 within 1e-9."""
    at = {"scheme_code": "huaian", "indicator_code": "land_tax_cny10k_per_ha"}
    change(seeds["scheme_indicator"], "weight", "0.4501", **at)
    assert select(seeds, "huaian")[0].indicators[0].weight == pytest.approx(0.4501 / 1.0001, abs=1e-15)
    change(seeds["scheme_indicator"], "weight", "0.452", **at)
    with pytest.raises(SchemeError, match=r"weights sum to 1\.002"):
        select(seeds, "huaian")
    change(seeds["scheme_indicator"], "weight", "0.4501", **at)
    change(seeds["scheme_indicator"], "weight_method", "given", scheme_code="huaian")
    with pytest.raises(SchemeError, match=r"weights sum to 1\.0001"):
        select(seeds, "huaian")


def test_versions_that_hold_in_the_same_year_are_refused(seeds):
    change(seeds["scheme"], "valid_to_year", "2022", scheme_code="huangyan_above", scheme_version="2021")
    with pytest.raises(SchemeError, match=r"huangyan_above: versions overlap .*scheme\.csv line \d+ and .*line \d+"):
        select(seeds, "huangyan_above")
    assert select(seeds, "huaian")


def test_a_fault_names_the_line(seeds):
    change(seeds["scheme_indicator"], "weight", "much", scheme_code="built_form", indicator_code="plot_ratio")
    line = 2 + next(n for n, r in enumerate(seeds["scheme_indicator"]) if r["weight"] == "much")
    with pytest.raises(SchemeError, match=rf"scheme_indicator\.csv line {line}: .*'much'"):
        select(seeds, "built_form")


def test_the_guangzhou_measure_has_the_indicators_of_its_annex_at_both_scales():
    by_scale = {s.scale: {i.code for i in s.indicators} for s in select(SEEDS, "gz_performance")}
    assert len(by_scale["parcel"]) == 16 and len(by_scale["enterprise"]) == 7
    assert by_scale["enterprise"] < by_scale["parcel"]


def test_a_parcel_without_enterprise_data_is_below_the_least_present_weight():
    parcel = next(s for s in select(SEEDS, "gz_performance") if s.scale == "parcel")
    built = {"plot_ratio", "building_coefficient", "green_ratio", "admin_land_ratio"}
    assert sum(i.weight for i in parcel.indicators if i.code in built) < parcel.min_present_weight


def test_unknown_scheme_names_the_code_and_what_is_shipped(seeds):
    with pytest.raises(SchemeError, match=r"'nonsense'.*built_form, .*gz_performance, .*regional"):
        select(seeds, "nonsense")


def test_the_version_of_the_year_is_taken(seeds):
    first = dict(
        seeds["scheme"][0], scheme_version="2017", valid_from_year="2017", valid_to_year="2019", applied_back_to_year=""
    )
    seeds["scheme"].append(first)
    version = lambda year: scheme_versions.version_of(seeds["scheme"], "gz_performance", year)["scheme_version"]  # noqa: E731
    assert [version(y) for y in (2010, 2017, 2019, 2020, 2031)] == ["2020", "2017", "2017", "2020", "2020"]


def test_a_year_without_a_version_is_refused(seeds):
    change(seeds["scheme"], "applied_back_to_year", "", scheme_code="gz_performance")
    assert select(seeds, "gz_performance", 2020)
    with pytest.raises(SchemeError, match=r"gz_performance.*2019.*2020"):
        select(seeds, "gz_performance", 2019)
    change(seeds["scheme"], "valid_to_year", "2022", scheme_code="gz_performance")
    with pytest.raises(SchemeError, match="2023"):
        select(seeds, "gz_performance", 2023)


@pytest.mark.parametrize(
    ("seed", "column", "value", "message"),
    [
        ("scheme_indicator", "weight", "0.13", r"gz_performance 2020, scale parcel: weights sum to 1\.01"),
        ("scheme_indicator", "weight", "viel", "weight must be a number, found 'viel'"),
        ("scheme_indicator", "standardisation", "guess", "standardisation must be one of"),
        ("scheme_indicator", "floor", "2", "floor 2.0 is above cap 1.0"),
        ("scheme_ideal_value", "ideal_value", "0", "needs an ideal value above 0"),
        ("scheme_ideal_value", "ideal_value", "nan", "must be a number"),
        ("scheme_ideal_value", "indicator_code", "plot_ratio", "needs an ideal value"),
    ],
)
def test_a_scheme_that_does_not_add_up_names_itself(seeds, seed, column, value, message):
    change(
        seeds[seed],
        column,
        value,
        scheme_code="gz_performance",
        scale="parcel",
        indicator_code="investment_intensity_cny10k_per_ha",
    )
    with pytest.raises(SchemeError, match=message):
        select(seeds, "gz_performance")


def test_less_is_better_needs_a_cap(seeds):
    change(seeds["scheme_indicator"], "cap", "", indicator_code="green_ratio")
    with pytest.raises(SchemeError, match=r"green_ratio.*cap"):
        select(seeds, "gz_performance")


def test_a_neutral_indicator_needs_a_direction_of_the_scheme():
    with pytest.raises(SchemeError, match="direction must be one of positive, negative"):
        scheme_reading.select(
            SEEDS, ["built_form"], 2024, {"plot_ratio": "neutral", "building_coefficient": "positive"}
        )


def test_grades_must_stand_best_first(seeds):
    change(seeds["scheme_grade"], "min_score", "99", scheme_code="built_form", grade="B")
    with pytest.raises(SchemeError, match="best first"):
        select(seeds, "built_form")


def test_an_ideal_value_of_a_narrower_scope_goes_first():
    parcel = next(s for s in select(SEEDS, "gz_performance") if s.scale == "parcel")
    j = [i.code for i in parcel.indicators].index("plot_ratio")
    codes = {a: encode(pa.array(["M0", "M1", None])) for a in parcel.attributes}
    narrow = next(i.value for i in parcel.ideals if i.scope_code == "M0")
    wide = next(i.value for i in parcel.ideals if i.indicator_code == "plot_ratio" and not i.scope_column)
    ideals = ideal_matrix(parcel, codes, 3)
    assert ideals[:, j].tolist() == [narrow, wide, wide] and not np.isnan(ideals).any()


def test_a_column_that_is_not_there_is_refused(seeds):
    for row in seeds["scheme_indicator"]:
        del row["cap"], row["layer"]
    with pytest.raises(SchemeError, match=r"scheme_indicator\.csv line 1: its header has no column 'layer'"):
        select(seeds, "built_form")
