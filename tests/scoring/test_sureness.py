"""How sure: drawn errors of figures, consequences, scores without an indicator, bounds, and the second opinion."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pyarrow as pa
import pytest
from pymcdm.correlations import spearman
from schemes import make_scheme
from test_judge import SETTINGS, grades_of, nominal_of, random_scheme, random_units, scored

from landgauge import policy
from scoring import rank, score
from scoring.judging import measuring, stability, sure_tables, sureness, topsis, uncertainty
from scoring.judging.measuring import Accuracy, DataDraws

GRADES = (("A", "", 75.0, 1.0), ("B", "", 60.0, 1.0), ("C", "", 45.0, 1.0), ("D", "", -np.inf, 1.0))
ITEMS = [("a", 0.4, 5.0, "positive", 1.0), ("b", 0.3, 3.0, "negative", 1.2), ("c", 0.3, 4.0, "positive", None)]
EXACT = Accuracy({"unspecified": 0.0}, {})
ONE_GROUP = np.zeros(30, dtype=np.int64)


def accuracy(**errors):
    return Accuracy({"unspecified": 0.0, **errors}, {c: (c, "area") for c in "abcd"})


def sure(scheme, units, errors, settings=SETTINGS, consequence=None, worsts=None):
    draws = DataDraws(scheme, units, worsts, errors, settings.seed)
    index = np.zeros(len(units.score), dtype=np.int64)
    return uncertainty.sureness(scheme, units, nominal_of(scheme, 1), index, settings, draws, consequence)


@pytest.mark.parametrize("rule", ["reweight", "score_0", "not_rated"])
@pytest.mark.parametrize("grade_rule", ["bands", "shares_in_city"])
def test_without_errors_every_draw_gives_the_published_result(rule, grade_rule):
    """All standardisations, missing values and ties: rank and grade are the published ones, and so is the score."""
    rng = np.random.default_rng(5)
    scheme = random_scheme(rng, rule, grade_rule)
    units = scored(scheme, *random_units(rng, scheme))
    rated = ~np.isnan(units.score)
    found = sure(scheme, units, EXACT).data
    assert (found.grade_probability[rated] == 1).all() and np.isnan(found.grade_probability[~rated]).all()
    assert found.mean_low[rated] == pytest.approx(units.score[rated], abs=1e-9)
    ranks = rank.rank(units.score)
    assert (found.rank_low == ranks).all() and (found.rank_high == ranks).all()


def test_the_result_does_not_depend_on_threads(monkeypatch):
    rng = np.random.default_rng(7)
    scheme = random_scheme(rng, "reweight", "shares_in_city")
    units = scored(scheme, *random_units(rng, scheme))
    draws = DataDraws(scheme, units, None, accuracy(unspecified=0.2), SETTINGS.seed)
    monkeypatch.setattr(stability, "BLOCK", 8)  # of 30 units, so that there is something to hand over
    one, other = (
        uncertainty.sureness(scheme, units, nominal_of(scheme, 1), ONE_GROUP, SETTINGS, draws, threads=threads)
        for threads in (1, 3)
    )
    for name in ("weights", "data", "joint"):
        for left, right in zip(astuple(getattr(one, name)), astuple(getattr(other, name)), strict=True):
            assert np.array_equal(left, right, equal_nan=True)


def test_work_on_several_threads_comes_in_order_and_little_of_it_waits():
    begun = []

    def work(number):
        begun.append(number)
        return number

    for expected, found in enumerate(stability.in_order(work, 40, 3)):
        assert found == expected
        assert len(begun) <= expected + 5  # three that wait, and one that is being handed over


def test_full_marks_stay_full_marks_whatever_the_weights():
    """Seven limits, all met, and a band at 100: no draw of weights may leave a unit short by rounding."""
    items = [(f"i{j}", 1 / 7, 1.0, "positive", 1.0, "limit") for j in range(7)]
    scheme = make_scheme(items, grades=(("met", "", 100.0, 1.0), ("not_met", "", -np.inf, 1.0)))
    units = scored(scheme, np.full((2, 7), 2.0), np.ones((2, 7)))
    assert (units.grade == 0).all()
    assert (sure(scheme, units, EXACT).joint.grade_probability == 1).all()


def test_one_figure_alone_gives_the_spread_of_its_lognormal_error():
    """a / 10 uncapped, error 20 %: quantiles of the score are 50 exp(±1.645 σ), the mean error of both signs."""
    scheme = make_scheme([("a", 1.0, 10.0, "positive", None)], grades=GRADES)
    units = scored(scheme, np.full((40, 1), 5.0), np.full((40, 1), 10.0))
    found = sure(scheme, units, accuracy(a=0.2, area=0.0), replace(SETTINGS, data_draws=1000)).data
    sigma = np.sqrt(np.log(1 + 0.2**2))
    assert found.mean_low.mean() == pytest.approx(50 * np.exp(-1.645 * sigma), rel=0.01)
    assert found.mean_high.mean() == pytest.approx(50 * np.exp(1.645 * sigma), rel=0.01)
    assert found.grade_probability.mean() == pytest.approx(0.524, abs=0.02)  # from 45 to 60: Φ(0.92) - Φ(-0.53)


def test_the_same_figure_errs_once_in_all_indicators():
    """One figure in two indicators spreads the score more than two do; divided by itself it has no error at all."""
    items = [("a", 0.5, 1.0, "positive", None), ("b", 0.5, 1.0, "positive", None)]
    scheme = make_scheme(items, grades=GRADES)
    units = scored(scheme, np.full((3, 2), 0.7), np.ones((3, 2)))
    errors = {"unspecified": 0.0, "x": 0.1, "y": 0.1}
    together = sure(scheme, units, Accuracy(errors, {"a": ("x", ""), "b": ("x", "")})).data
    apart = sure(scheme, units, Accuracy(errors, {"a": ("x", ""), "b": ("y", "")})).data
    same = sure(scheme, units, Accuracy(errors, {"a": ("x", "x"), "b": ("", "")})).data
    assert (together.mean_high - together.mean_low).mean() > 1.2 * (apart.mean_high - apart.mean_low).mean()
    assert same.mean_low == pytest.approx([70] * 3) and same.mean_high == pytest.approx([70] * 3)


def test_another_unit_or_another_order_changes_no_errors():
    """Scores of each draw hang on code, quantity and seed alone; another seed gives other errors."""
    rng = np.random.default_rng(3)
    scheme = make_scheme(ITEMS, grades=GRADES)
    values, ideals = rng.uniform(1, 9, (30, 3)), np.tile([5.0, 3.0, 4.0], (30, 1))
    units = scored(scheme, values, ideals)
    few = replace(units.part(slice(10, 20)), codes=units.codes.slice(10, 10))
    errors = accuracy(a=0.1, b=0.2, c=0.1, area=0.05)
    whole, part = sure(scheme, units, errors).data, sure(scheme, few, errors).data
    assert (whole.mean_low[10:20] == part.mean_low).all() and (whole.mean_high[10:20] == part.mean_high).all()
    other = sure(scheme, few, errors, replace(SETTINGS, seed=6)).data
    assert (other.mean_low != part.mean_low).any()
    turned = make_scheme(ITEMS[::-1], grades=GRADES)
    back = sure(turned, scored(turned, values[:, ::-1], ideals[:, ::-1]), errors).data
    assert back.mean_low == pytest.approx(whole.mean_low)


def test_missing_filled_zero_and_negative_values_stay_what_they_are():
    scheme = make_scheme(ITEMS, missing_rule="group_mean", grades=GRADES)
    values = np.array([[np.nan, 3.0, 4.0], [0.0, 3.0, np.nan], [-5.0, np.nan, np.nan]])
    block = score.score_block(scheme, values, np.tile([5.0, 3.0, 4.0], (3, 1)), np.full((3, 3), 0.5))
    units = scored(scheme, values, np.tile([5.0, 3.0, 4.0], (3, 1)), block=block)
    draws = DataDraws(scheme, units, None, accuracy(a=0.3, b=0.3, c=0.3, area=0.1), 1)
    drawn = np.stack([draws.columns(i)(slice(0, 3)) for i in range(50)])
    assert (drawn[:, units.imputed.T] == 0.5).all() and (drawn[:, 0, 1] == 0).all()
    assert (drawn[:, 0, 2] == 0).all()  # held at the floor of 0
    assert drawn[:, 2, 0].std() > 0.1 and np.isfinite(drawn).all()


def test_min_max_moves_between_its_ends():
    rule = replace(make_scheme([("a", 1.0, 8.0, "positive", 1.0, "min_max")], grades=GRADES).indicators[0], low=2.0)
    scheme = replace(make_scheme([], grades=GRADES), indicators=(replace(rule, high=8.0, floor_share=0.2),))
    values, worsts = np.array([[5.0], [8.0], [2.0]]), np.full((3, 1), 2.0)
    block = score.score_block(scheme, values, np.full((3, 1), 8.0), None, score.Beside(worsts=worsts))
    units = scored(scheme, values, np.full((3, 1), 8.0), block=block)
    found = sure(scheme, units, accuracy(a=0.1, area=0.0), worsts=worsts).data
    assert found.mean_low[0] < 60 < found.mean_high[0]
    assert (found.mean_high[1], found.mean_low[2]) == (100, pytest.approx(20))


@pytest.mark.parametrize("error", ["-0.1", "inf", "nan"])
def test_an_error_that_is_none_is_refused(error):
    with pytest.raises(ValueError, match="site_area"):
        Accuracy.of([{"quantity_code": "site_area", "relative_standard_error": error}], [])


def test_a_quantity_that_is_not_there_is_named():
    rows = [{"quantity_code": measuring.UNSPECIFIED, "relative_standard_error": "0.1"}]
    with pytest.raises(KeyError, match="area"):
        Accuracy.of(rows, [{"indicator_code": "x", "numerator_code": "", "denominator_code": "area"}])


def test_every_shipped_indicator_names_its_figures():
    named = {r["indicator_code"] for r in policy.rows("indicator_quantity")}
    known = {r["indicator_code"] for seed in ("indicator", "scheme_ratio") for r in policy.rows(seed)}
    assert named <= known
    assert {r["indicator_code"] for r in policy.rows("scheme_indicator")} <= named
    _, shipped, illustrative = sureness.settings({name: policy.rows(name) for name in sureness.SEEDS})
    assert illustrative and all(error >= 0 for error in shipped.errors.values())


def test_grades_of_equal_measures_are_one_consequence():
    """A unit that swings between B and C is flagged only where their measures differ."""
    scheme = make_scheme([("a", 1.0, 10.0, "positive", None)], grades=GRADES)
    measure = {"scheme_code": "test", "scheme_version": "1", "scale": "enterprise", "name_zh": "", "department": ""}
    rows = [measure | {"grade": g, "measure_code": m} for g, m in (("A", "x"), ("B", "y"), ("C", "y"), ("D", "y"))]
    rows += [measure | {"grade": "D", "measure_code": "leave"}, measure | {"scale": "zone", "grade": "C"}]
    classes = sureness.consequences(scheme, rows)
    assert classes.tolist() == [0, 1, 1, 3, 4]
    assert sureness.consequences(scheme, []).tolist() == [0] * 5
    values = np.array([[6.0], [4.5], [9.0], [np.nan]])  # at the border of B and C, at that of C and D, well in A
    units = scored(scheme, values, np.full((4, 1), 10.0))
    found = sure(scheme, units, accuracy(a=0.05, area=0.0), consequence=classes)
    assert (found.data.grade_probability[:2] < 0.8).all() and found.data.same_consequence[0] == 1
    hangs = sure_tables.hangs_on(found, SETTINGS.flag_below)
    assert [sure_tables.HANGS_ON[h] if h >= 0 else None for h in hangs] == [None, "data", None, None]


def test_a_veto_hangs_on_nothing():
    scheme = make_scheme(ITEMS, grades=GRADES)
    units = scored(scheme, np.array([[3.0, 4.0, 2.0]]), np.array([[5.0, 3.0, 4.0]]), vetoed=np.array([True]))
    found = sure(scheme, replace(units, grade=np.array([3])), accuracy(a=0.3, b=0.3, c=0.3, area=0.1))
    assert found.joint.grade_probability.tolist() == [1]


@pytest.mark.parametrize("grade_rule", ["bands", "shares_in_city"])
@pytest.mark.parametrize("rule", ["reweight", "score_0", "not_rated"])
def test_without_an_indicator_it_is_the_scheme_that_never_had_it(rule, grade_rule):
    rng = np.random.default_rng(9)
    scheme = random_scheme(rng, rule, grade_rule)
    values, ideals = random_units(rng, scheme)
    units = scored(scheme, values, ideals)
    without = uncertainty.left_out(scheme, units, nominal_of(scheme, 30))
    for left, (got, ranks, grade) in enumerate(zip(without.score.T, without.rank.T, without.grade.T, strict=True)):
        keep = [j for j in range(4) if j != left]
        smaller = replace(scheme, indicators=tuple(scheme.indicators[j] for j in keep), missing_rule="reweight")
        smaller = replace(smaller, missing_rule="score_0" if rule == "score_0" else "reweight")
        expected = score.score_block(smaller, values[:, keep], ideals[:, keep]).score
        if rule == "score_0":  # with nothing of the rest there, the rest earns nothing
            expected = np.where(np.isnan(expected), 0.0, expected)
        expected = np.where(np.isnan(units.score), np.nan, expected)
        assert got == pytest.approx(expected, abs=1e-9, nan_ok=True)
        assert (ranks == rank.rank(expected)).all() and (grade == grades_of(scheme, expected)).all()


def test_the_only_indicator_left_out_leaves_no_score():
    scheme = make_scheme(ITEMS, grades=GRADES)
    units = scored(scheme, np.array([[3.0, np.nan, np.nan], [3.0, 3.0, 3.0]]), np.tile([5.0, 3.0, 4.0], (2, 1)))
    without = uncertainty.left_out(scheme, units, nominal_of(scheme, 2))
    rows = sure_tables.left_out_table(scheme, 2024, units, without, np.arange(5)).to_pylist()
    first = scheme.indicators[0].code
    alone, whole = (row for row in rows if row["indicator_code"] == first)
    assert (alone["no_score_reason"], whole["no_score_reason"]) == ("nothing_else", None)
    assert [alone[c] for c in ("score_without", "rank_without", "grade_changes")] == [None] * 3
    assert whole["rank_without"] == 1
    assert [(row["unit_code"], row["indicator_code"]) for row in rows] == sorted(
        (code, i.code) for code in units.codes.to_pylist() for i in scheme.indicators
    )


@pytest.mark.parametrize("floors", [0.0, None])
@pytest.mark.parametrize("rule", ["reweight", "score_0", "group_mean"])
def test_the_bounds_hold_the_score_and_what_any_value_would_give(rule, floors):
    """Random values in place of the missing ones; the published score too, also where the rule for gaps is generous."""
    rng = np.random.default_rng(8)
    for _ in range(5):
        scheme = random_scheme(rng, "reweight", "bands")
        kept = tuple(replace(i, floor=floors) for i in scheme.indicators)
        scheme = replace(scheme, indicators=kept, missing_rule=rule)
        values, ideals = random_units(rng, scheme)
        own = score.standardise_block(scheme, values, ideals)
        fill = np.tile(score.group_means(own, np.zeros(30, dtype=np.int64), 1), (30, 1))
        units = scored(scheme, values, ideals, block=score.score_block(scheme, values, ideals, fill))
        found = uncertainty.bounds(scheme, units, nominal_of(scheme, 30))
        rated = ~np.isnan(units.score)
        assert (found.low[rated] <= units.score[rated]).all() and (found.high[rated] >= units.score[rated]).all()
        for _ in range(10):
            filled = np.where(np.isnan(values), rng.permuted(np.nan_to_num(values, nan=2.0), axis=0), values)
            got = score.score_block(scheme, filled, ideals).score[rated]
            assert (got >= found.low[rated] - 1e-9).all() and (got <= found.high[rated] + 1e-9).all()
        assert (found.grade_low >= found.grade_high).all()


@pytest.mark.parametrize("ties", ["min", "dense"])
def test_the_grade_at_a_bound_is_that_of_the_unit_put_there_alone(ties):
    """Shares of ranks in two groups with ties: each unit's score is changed alone and all are ranked again."""
    rng = np.random.default_rng(1)
    shares = (("A", "", -np.inf, 0.2), ("B", "", -np.inf, 0.6), ("C", "", -np.inf, 1.0))
    scheme = make_scheme([("a", 1.0, 1.0, "positive", None)], grade_rule="shares_in_group", grades=shares)
    scheme = replace(scheme, ties=ties)
    units = scored(scheme, np.round(rng.uniform(0, 1, (24, 1)), 1), np.ones((24, 1)))
    units = replace(units, group=rng.integers(-1, 2, 24))
    other = np.round(rng.uniform(0, 100, 24), -1)
    got = uncertainty.grade_alone(scheme, units, other)
    for i in range(24):
        changed = units.score.copy()
        changed[i] = other[i]
        ranks = rank.rank(changed, units.group, ties)
        assert got[i] == rank.grade_by_shares(ranks, rank.group_size(changed, units.group), [0.2, 0.6, 1.0])[i]


def test_the_second_opinion_and_its_agreement_with_the_score():
    """Closeness is that of the complete units; Spearman's correlation that of pymcdm on the two orders."""
    rng = np.random.default_rng(4)
    scheme = make_scheme([*ITEMS, ("d", 0.0, 1.0, "positive", 1.0)], grades=GRADES)
    values = np.column_stack([rng.uniform(1, 9, (12, 3)), np.full(12, np.nan)])
    values[3, 1] = np.nan
    units = scored(scheme, values, np.tile([5.0, 3.0, 4.0, 1.0], (12, 1)))
    found = topsis.opinion(scheme, units)
    there = np.arange(12) != 3
    expected = topsis.closeness(values[there, :3], np.array([0.4, 0.3, 0.3]), np.array([True, False, True]))
    assert found.closeness[there] == pytest.approx(expected) and found.indicators == 3
    assert topsis.NO_OPINION_REASONS[found.reason[3] - 1] == "value_missing"
    ranks = rank.rank(expected), rank.rank(units.score[there])
    assert found.agreement == pytest.approx(spearman(*(r.astype(float) for r in ranks)))
    rows = sure_tables.opinion_table(scheme, 2024, units, found).to_pylist()
    assert all(r["rank_difference"] == r["closeness_rank"] - r["score_rank"] for r in rows if r["closeness"])
    assert sure_tables.agreement_table(scheme, 2024, found).to_pylist()[0]["units_compared"] == 11


@pytest.mark.parametrize(
    ("values", "reasons", "why"),
    [
        ([[1.0, 2.0, 3.0]], ["too_few_units"], "too_few_units"),
        ([[1.0, 2.0, 3.0]] * 3, ["no_difference"] * 3, "too_few_units"),
        ([[np.nan] * 3, [1.0, 2.0, np.nan]], ["not_rated", "too_few_units"], "too_few_units"),
        ([[np.nan] * 3] * 2, ["not_rated"] * 2, "too_few_units"),
        (np.empty((0, 3)), [], "too_few_units"),
        ([[10.0, 1.0, 4.0], [11.0, 1.0, 4.0]], [None, None], "no_difference"),
    ],
)
def test_why_there_is_no_second_opinion(values, reasons, why):
    """One unit, equal units, no unit, no value, and two that the cap makes equal in score."""
    scheme = make_scheme(ITEMS, grades=GRADES)
    values = np.array(values, dtype=float)
    found = topsis.opinion(scheme, scored(scheme, values, np.tile([5.0, 3.0, 4.0], (len(values), 1))))
    assert [topsis.NO_OPINION_REASONS[r - 1] if r else None for r in found.reason] == reasons
    assert np.isnan(found.agreement) and topsis.NO_OPINION_REASONS[found.no_agreement - 1] == why


def test_no_units_at_all():
    scheme = make_scheme(ITEMS, grades=GRADES)
    units = scored(scheme, np.empty((0, 3)), np.empty((0, 3)))
    units = replace(units, codes=pa.array([], pa.string()))
    found = sure(scheme, units, accuracy(a=0.1, area=0.1))
    bounds = uncertainty.bounds(scheme, units, nominal_of(scheme, 0))
    assert sure_tables.stability_table(scheme, 2024, units, found, bounds, SETTINGS, True).num_rows == 0
