"""Activity: methods on many series at once, back-test, combination, intervals and what adds up."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks.forecast import covered, shipped
from landgauge import policy
from scoring.forecast import activity_tables, combination, conformal, reconcile, rules
from scoring.forecast.activity import Hierarchy, activity, reasons
from scoring.forecast.backtest import BackTest, backtest
from scoring.forecast.methods import METHODS, REASONS, Limits, forecast, run_lengths
from scoring.forecast.panel import Panel, after_breaks, panel, suspected_break
from scoring.forecast.policy import PolicyError

SEEDS = {name: policy.rows(name) for name in rules.SEEDS}
RULES = rules.read(SEEDS)
NAN = np.nan
GRADES = RULES.methods[0].limits.grades


@pytest.fixture(autouse=True)
def _no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def made(values, measure="output_cny10k", last=2024, district=None, industry="00"):
    values = np.atleast_2d(np.array(values, dtype=float))
    count, years = values.shape
    names = np.array([f"D{i:04d}" for i in range(count)] if district is None else district, dtype=object)
    same = [np.full(count, text, dtype=object) for text in (measure, industry)]
    return Panel(same[0], names, same[1], np.arange(last - years + 1, last + 1), values)


def growing(count, years, seed=1, spread=0.05):
    rng = np.random.default_rng(seed)
    return 1000 * np.exp(np.cumsum(rng.normal(0.05, spread, (count, years)), axis=1))


def run(name, x, steps=3, limits=None, driver=None):
    x = np.atleast_2d(np.array(x, dtype=float))
    driver = None if driver is None else np.atleast_2d(np.array(driver, dtype=float))
    return forecast(name, x, run_lengths(x, 25)[-1], steps, limits or Limits(min_points=1, grades=GRADES), driver)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("naive", [3, 9, 5], [5, 5, 5]),
        ("drift", [3, 9, 5], [6, 7, 8]),
        ("trend", [1, 2, 6], [8, 10.5, 13]),
        ("log_linear", [1, 2, 4], [8, 16, 32]),
        ("damped_holt", [7, 7, 7, 7], [7, 7, 7]),
        ("gm11", [100, 120, 145, 175, 210], [251.9713, 303.3663, 365.2444]),
    ],
)
def test_methods_against_figures_by_hand_whatever_stands_beside(name, x, expected):
    """The row is worked on together with others: one of another length, one with a gap, one that is empty."""
    width = len(x)
    table = np.full((4, width), NAN)
    table[0], table[1, -2:], table[2, [0, -1]] = x, [4, 5], [8, 9]
    found = run(name, table)
    assert found.values[0] == pytest.approx(expected, rel=1e-6)
    assert REASONS[found.reason[3]] == "no_value_in_base_year" and np.isnan(found.values[3]).all()
    fewest = METHODS[name].fewest
    assert REASONS[found.reason[1]] == ("" if fewest <= 2 else "too_few_points")
    assert REASONS[found.reason[2]] == ("" if fewest <= 1 else "too_few_points")


def test_a_damped_trend_flattens_out():
    found = run("damped_holt", 10 + 3.0 * np.arange(10), steps=8).values[0]
    steps = np.diff(found)
    assert (steps > 0).all() and (np.diff(steps) < 0).all() and found[0] <= 40.0 + 1e-9


def test_driven_methods_follow_their_driver():
    driver = 100 * 1.1 ** np.arange(6)
    linear = run("regression", 5 + 2 * driver, driver=driver)
    assert linear.values[0] == pytest.approx(5 + 2 * 100 * 1.1 ** np.arange(6, 9))
    power = run("elasticity", driver**0.5, driver=driver)
    assert power.values[0] == pytest.approx(driver[-1] ** 0.5 * 1.1 ** (0.5 * np.arange(1, 4)))
    for method in ("regression", "elasticity"):
        assert [REASONS[r] for r in run(method, driver).reason] == ["driver_missing"]
        assert REASONS[run(method, driver, driver=[NAN, *driver[1:]]).reason[0]] == "driver_missing"
        assert REASONS[run(method, driver, driver=np.full(6, 7.0)).reason[0]] == "driver_without_change"
        assert REASONS[run(method, driver, driver=[0, *driver[1:]]).reason[0]] == "value_not_positive"


HOSTILE = {
    "gap": [1, 2, NAN, 4, 5, 6, 7],
    "zeros": [0.0] * 7,
    "one point": [NAN] * 6 + [5],
    "no base": [1, 2, 3, 4, 5, 6, NAN],
    "nothing": [NAN] * 7,
    "falling": [700, 600, 480, 300, 150, 60, 5],
    "negative": [-5, -4, -6, -3, -5, -4, -6],
    "to zero": [5, 4, 3, 2, 1, 0, 0],
    "huge": [1e14, 9e14, 1e12, 5e14, 9e14, 9.9e14, 1e-9],
    "tiny": [1e-300, 2e-300, 1e-310, 3e-300, 2e-300, 1e-300, 2e-300],
    "jump": [1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 1e-9, 9.9e14],
    "flat": [5.0] * 7,
}


@pytest.mark.parametrize("name", METHODS)
def test_bad_series_end_in_a_number_or_a_reason(name):
    values = np.array(list(HOSTILE.values()), dtype=float)
    driver = values[::-1]
    found = run(name, values, steps=10, driver=driver)
    passed = found.reason == 0
    assert (np.abs(found.values[passed]) < 1e18).all() and np.isnan(found.values[~passed]).all()
    never_negative = np.nanmin(np.where(np.isnan(values), np.inf, values), axis=1) >= 0
    assert (found.values[passed & never_negative] >= 0).all()
    assert not passed[list(HOSTILE).index("nothing")] and not passed[list(HOSTILE).index("no base")]


@pytest.mark.parametrize("years", [1, 2, 5, 25])
def test_activity_of_bad_series_of_any_length(years):
    rows = [(v * 4)[-years:] for v in HOSTILE.values()]
    found = activity(made(rows), 2024, RULES).measures["output_cny10k"]
    known = np.isfinite(found.panel.values[:, -1])
    assert (np.isfinite(found.combination).all(axis=1) == known).all()
    assert not np.isinf(found.forecast).any() and not np.isinf(found.high).any()
    assert set(reasons(found.reason)[:, list(HOSTILE).index("nothing")].ravel()) == {"no_value_in_base_year"}


def test_runs_end_at_gaps_and_at_the_longest_that_is_fitted():
    values = np.array([[1, 2, NAN, 4, 5], [NAN, 1, 1, 1, 1]], dtype=float)
    assert run_lengths(values, 3).T.tolist() == [[1, 2, 0, 1, 2], [0, 1, 2, 3, 3]]


def test_a_back_test_sees_only_the_past():
    """Changing the last year changes the actual values of earlier origins and none of their forecasts."""
    values = growing(20, 12)
    other = values.copy()
    other[:, -1] *= 3
    before, after = (backtest(v, {}, shipped()) for v in (values, other))
    assert np.array_equal(before.forecast[:, :-1], after.forecast[:, :-1], equal_nan=True)
    assert np.array_equal(before.scale[:-1], after.scale[:-1], equal_nan=True)
    weights = [combination.origin_weights(t, t.errors(), np.ones(len(t.methods)), shipped()) for t in (before, after)]
    assert np.array_equal(weights[0][:-1], weights[1][:-1]) and not np.array_equal(weights[0][-1], weights[1][-1])


def test_errors_are_in_units_of_the_mean_change_known_at_the_origin():
    test = backtest(np.array([[10.0, 12, 11, 14, 15, 18, 30]]), {}, replace(shipped(), backtest_min_points=5))
    naive = test.errors()[test.methods.index("naive"), :, 0]
    assert test.scale[4, 0] == pytest.approx((2 + 1 + 3 + 1) / 4)
    assert naive[4, :2] == pytest.approx([3 / 1.75, 15 / 1.75]) and np.isnan(naive[3]).all()
    assert np.isnan(naive[4, 2:]).all() and np.isnan(naive[6]).all()


def test_weights_follow_the_errors_and_a_method_worse_than_naive_has_none():
    own = replace(shipped(), shrink_origins=0)
    line = 100 + 7.0 * np.arange(16) + np.random.default_rng(2).normal(0, 0.1, (40, 16))
    found = activity(made(line), 2024, own).measures["output_cny10k"]
    weight = dict(zip(found.methods, found.weight[:, 0, 0], strict=True))
    assert weight["drift"] > 100 * weight["naive"] > 0 and sum(weight.values()) == pytest.approx(1)
    still = 100 * np.exp(np.random.default_rng(3).normal(0, 0.05, (60, 16)).cumsum(axis=1))
    walk = activity(made(still), 2024, own).measures["output_cny10k"]
    place = walk.methods.index("trend")
    assert (walk.weight[place] == 0).all() and set(reasons(walk.reason)[place].ravel()) == {"worse_than_naive"}


def test_few_errors_mean_equal_weights_and_no_interval():
    found = activity(made(growing(1, 7)), 2024, shipped()).measures["output_cny10k"]
    used = found.weight[:, 0, 0][found.weight[:, 0, 0] > 0]
    assert used == pytest.approx(np.full(len(used), 1 / len(used))) and np.isnan(found.low).all()
    table = activity_tables.forecast_table(activity(made(growing(1, 7)), 2024, shipped())).to_pandas()
    assert set(table.loc[table["forecast"].notna(), "interval_reason"]) == {"too_few_errors"}


def test_an_interval_is_the_conformal_quantile_of_the_newest_scores():
    own = replace(RULES, coverage=0.8, min_scores=4, interval_scores=4)
    scores = np.full((6, 4, 2), NAN)
    scores[0, :, 0], scores[2, :, 0], scores[2, :, 1] = 9.0, [1, 4, 2, 3], [1, 1, 2, 2]
    found = conformal.widths(scores, own)
    assert found[1, 0] == 9 and found[3, 0] == 4 and np.isnan(found[0]).all()
    assert np.isnan(found[3, 1]) and found[4].tolist() == [4, 4]


def test_what_can_run_away_has_no_weight_before_it_has_shown_itself():
    found = activity(made(growing(3, 8)), 2024, replace(shipped(), min_scores=1000)).measures["output_cny10k"]
    weight = dict(zip(found.methods, found.weight[:, 0, 0], strict=True))
    assert weight["log_linear"] == weight["gm11"] == 0 and weight["naive"] == weight["drift"] == weight["trend"] > 0
    assert set(reasons(found.reason)[found.methods.index("log_linear")].ravel()) == {"too_few_errors"}


def test_weights_are_those_of_the_horizon_and_what_was_worse_there_has_none():
    """A method that is near at one year and far off at two: it counts at one year only."""
    errors = np.full((2, 5, 3, 2), NAN)
    errors[:, :4, :, 0], errors[:, :3, :, 1] = np.array([2.0, 1.0])[:, None, None], np.array([2.0, 9.0])[:, None, None]
    test = BackTest(("naive", "other"), errors, errors[0], np.ones((5, 3)))
    own = replace(RULES, min_scores=3, shrink_origins=1.0)
    found = combination.origin_weights(test, errors, np.array([1.0, 1.0]), own)
    assert found[0].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert found[1, :, 0] == pytest.approx([0.5 * 0.2 + 0.5 * 0.5, 0.5 * 0.8 + 0.5 * 0.5])
    assert found[1, :, 1] == pytest.approx(found[1, :, 0]) and found[2, :, 1].tolist() == [1.0, 0.0]
    assert (found.sum(axis=1) == pytest.approx(1)) and found[4, 1, 0] > found[1, 1, 0]


def test_a_level_has_its_own_widths_where_it_has_enough_scores():
    district = np.array(["X", *"ABCDEFGHIJ", *"ABCDEFGHIJ"], dtype=object)
    industry = np.array(["00"] * 11 + ["13"] * 10, dtype=object)
    of = conformal.levels(district, industry, "X")
    scores = np.full((3, 21, 1), NAN)
    scores[0, 0], scores[0, 1:11], scores[0, 11:] = 1.0, 2.0, 5.0
    found = conformal.level_widths(scores, of, RULES)[2, of.of, 0]
    assert found.tolist() == [2.0] * 11 + [5.0] * 10
    scores[0, 5:] = NAN
    assert np.isnan(conformal.level_widths(scores, of, RULES)).all()


def test_of_divisions_only_some_methods_are_published_trial_by_trial():
    done = activity(city(0.05), 2024, RULES, Hierarchy("X", PARENTS))
    table = activity_tables.backtest_table(done, RULES).to_pandas()
    of = {name: set(rows["method"]) for name, rows in table.groupby("series")}
    assert of["value_added_cny10k:A:13"] == {"naive", "drift", "combination"}
    assert of["value_added_cny10k:A:C"] == of["value_added_cny10k:X:13"] > of["value_added_cny10k:A:13"]
    figures = activity_tables.accuracy_table(done, RULES).to_pandas().query("method == 'trend' and horizon == 1")
    assert figures["series_count"].tolist() == [len(done.measures["value_added_cny10k"].panel)]


def test_declared_breaks_begin_a_series_anew_and_suspected_ones_are_only_told():
    values = growing(3, 14, spread=0.02)
    values[1, 9:] *= 5
    series = made(values)
    row = {"measure": "", "district_code": "D0001", "industry_code": "", "first_year": "2020", "reason": "rebased"}
    cut = after_breaks(series, [row])
    assert np.isnan(cut.values[1, :9]).all() and np.isfinite(cut.values[[0, 2]]).all()
    assert suspected_break(series, 8).tolist() == [0, 2020, 0] and suspected_break(cut, 8).tolist() == [0, 0, 0]
    own = activity(series, 2024, replace(RULES, breaks=(row,))).measures["output_cny10k"]
    assert reasons(own.reason)[own.methods.index("damped_holt"), 1, 0] == "too_few_points"


def test_rows_become_an_unbroken_grid():
    rows = pd.DataFrame(
        [
            ("m", "d", "00", 2020, 1.0),
            ("m", "d", "00", 2023, 4.0),
            ("m", "c", "00", 2022, np.inf),
            ("m", "d", "00", 1, 7),
        ],
        columns=["measure", "district_code", "industry_code", "year", "value"],
    )
    found = panel(rows, 2024)
    assert found.years.tolist() == [2020, 2021, 2022, 2023, 2024] and found.names == ["m:d:00"]
    assert np.array_equal(found.values, [[1, NAN, NAN, 4, NAN]], equal_nan=True)
    assert found.until(2021).values.shape == (1, 2) and len(panel(rows[:0], 2024)) == 0
    assert activity(panel(rows[:0], 2024), 2024, RULES).measures == {}


def city(noise=0.0):
    """A city of three districts and a section of two divisions; a tenth of every district is not allocated."""
    rng = np.random.default_rng(4)
    cells = {(d, i): 100 * growing(1, 15, seed)[0] / 1000 for seed, (d, i) in enumerate(CELLS)}
    rows = dict(cells)
    for d in "ABC":
        rows[d, "C"] = cells[d, "13"] + cells[d, "26"]
        rows[d, "00"] = rows[d, "C"] / 0.9
    for i in ("13", "26", "C", "00"):
        rows["X", i] = sum(rows[d, i] for d in "ABC") * np.exp(rng.normal(0, noise, 15))
    keys = sorted(rows)
    district, industry = (np.array([k[n] for k in keys], dtype=object) for n in (0, 1))
    measure = np.full(len(keys), "value_added_cny10k", dtype=object)
    return Panel(measure, district, industry, np.arange(2010, 2025), np.array([rows[k] for k in keys]))


CELLS = [(d, i) for d in "ABC" for i in ("13", "26")]
PARENTS = {"13": "C", "26": "C", "C": ""}


@pytest.mark.parametrize("noise", [0.0, 0.1])
def test_city_districts_and_industries_add_up_and_the_remainder_stays(noise):
    done = activity(city(noise), 2024, RULES, Hierarchy("X", PARENTS))
    found = done.measures["value_added_cny10k"]
    for total in ("A", "B", "C"):
        assert sum(found.path(total, i) for i in ("13", "26")) == pytest.approx(found.path(total, "C"), rel=1e-9)
    base = dict(zip(found.panel.names, found.panel.values[:, -1], strict=True))
    for i in ("13", "C", "00"):
        known = sum(base[f"value_added_cny10k:{d}:{i}"] for d in "ABC") / base[f"value_added_cny10k:X:{i}"]
        assert sum(found.path(d, i) for d in "ABC") == pytest.approx(found.path("X", i) * known, rel=1e-9)
    table = activity_tables.forecast_table(done).to_pandas()
    rest = table[table["method"] == "not_allocated"].set_index(["district_code", "industry_code", "year"])["reconciled"]
    first = rest.xs(2025, level="year")
    assert first["A", "not_allocated"] == pytest.approx(0.1 * found.path("A", "00")[0], rel=1e-9)
    districts = sum(found.path(d, "00") for d in "ABC")
    assert districts[0] + first["not_allocated", "00"] == pytest.approx(found.path("X", "00")[0], rel=1e-9)
    assert first["X", "not_allocated"] + found.path("X", "C")[0] == pytest.approx(found.path("X", "00")[0], rel=1e-9)
    assert not np.allclose(found.reconciled, found.combination) and (found.reconciled > 0).all()


def test_what_is_far_below_its_parts_is_no_total():
    district, industry = ["X", "A", "B"], ["00", "00", "00"]
    for total, links in ((5.0, 0), (50.0, 1), (0.0, 0), (NAN, 0)):
        found = reconcile.links(district, industry, np.array([total, 40.0, 30.0]), "X", {})
        assert len(found) == links
    assert found == [] and reconcile.links(district, industry, np.array([9.0, 0, 0]), "X", {}) == []


def test_reconciled_values_are_never_below_zero_and_the_sure_give_way_least():
    chain = [reconcile.Link(0, (1, 2), "district", 0.0)]
    values = np.array([[10.0, 1.0], [1.0, 2.0], [8.0, 9.0]])
    done = reconcile.reconcile(values, np.array([1e-6, 1.0, 1.0]), chain, np.zeros(3, dtype=bool))
    assert done[0] == pytest.approx(done[1] + done[2], abs=1e-9) and (done >= 0).all()
    assert done[:, 0] == pytest.approx([10, 1.5, 8.5], abs=1e-4) and done[1, 1] == 0


def test_tables_have_their_keys_once_and_coverage_beside_nominal():
    done = activity(city(0.05), 2024, RULES, Hierarchy("X", PARENTS))
    forecasts = activity_tables.forecast_table(done).to_pandas()
    assert not forecasts.duplicated(["year", "district_code", "industry_code", "measure", "method"]).any()
    tests = activity_tables.backtest_table(done, RULES).to_pandas()
    assert not tests.duplicated(["series", "method", "origin_year", "horizon"]).any()
    told = tests["covered"].notna()
    inside = (tests["actual"] >= tests["low"]) & (tests["actual"] <= tests["high"])
    assert told.any() and (tests.loc[told, "covered"].astype(bool) == inside[told]).all()
    figures = activity_tables.accuracy_table(done, RULES).to_pandas()
    one = figures[(figures["method"] == "combination") & (figures["horizon"] == 1)].iloc[0]
    own = tests[(tests["method"] == "combination") & (tests["horizon"] == 1)]
    assert one["coverage_ratio"] == pytest.approx(own["covered"].dropna().astype(float).mean())
    assert one["mase_ratio"] == pytest.approx(((own["actual"] - own["forecast"]).abs() / own["scale_value"]).mean())
    assert one["trials"] == len(own) and one["nominal_ratio"] == 0.9


@pytest.mark.parametrize("generator", ["smooth", "noisy"])
def test_intervals_cover_what_they_say(generator):
    share, given = covered(generator, 1500, 18, 11, shipped())
    assert given == 1500 and (share > 0.86).all() and (share < 0.94).all()


@pytest.mark.parametrize(
    ("seed", "column", "value"),
    [
        ("forecast_setting", "value", "viele"),
        ("forecast_setting", "setting", "other"),
        ("forecast_setting", "value", "0"),
        ("forecast_method", "method", "oracle"),
        ("forecast_method", "min_points", "nan"),
        ("forecast_method", "start_weight", "-1"),
        ("forecast_grade", "max_posterior_ratio", ""),
    ],
)
def test_a_seed_that_cannot_be_read_is_named(seed, column, value):
    with pytest.raises(PolicyError, match=seed):
        rules.read(SEEDS | {seed: [dict(SEEDS[seed][0], **{column: value}), *SEEDS[seed][1:]]})
