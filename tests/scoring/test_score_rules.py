"""What must hold of standardised values, weights, scores, ranks and grades."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from schemes import make_scheme

from scoring import weights
from scoring.ideal import encode, ideal_matrix
from scoring.rank import grade_by_bands, grade_by_shares, group_size, rank
from scoring.score import REASONS, group_means, score_block, standardise_block
from scoring.standardise import standardise

NAN = np.nan
ITEMS = [("a", 0.5, 10, "positive", 1.0), ("b", 0.3, 2, "negative", 1.0), ("c", 0.2, 5, "positive", 1.5)]


def score_of(scheme, values, fill=None):
    values = np.asarray(values, dtype=float)
    return score_block(scheme, values, ideal_matrix(scheme, {}, len(values)), fill)


def reasons(block):
    return [REASONS[r] for r in block.reason]


def test_target_ratio_by_direction_with_bounds():
    value, ideal = np.array([5.0, 20, NAN, -3, 0]), np.full(5, 10.0)
    up = standardise(value, ideal, "target_ratio", "positive", 1.0, 0.0)
    down = standardise(value, ideal, "target_ratio", "negative", 1.0, 0.0)
    assert up.tolist()[:2] == [0.5, 1.0] and np.isnan(up[2]) and up.tolist()[3:] == [0, 0]
    assert down.tolist()[:2] == [1.0, 0.5] and np.isnan(down[2]) and down.tolist()[3:] == [1, 1]
    assert standardise(value, ideal, "target_ratio", "positive")[3] == pytest.approx(-0.3)


@pytest.mark.parametrize(
    ("method", "direction"), [("nothing", "positive"), ("target_ratio", "neutral"), ("reverse_linear", "positive")]
)
def test_unknown_methods_and_directions_are_refused(method, direction):
    with pytest.raises(ValueError, match=r"nothing|neutral|reverse_linear"):
        standardise(np.ones(1), np.ones(1), method, direction)


def test_an_ideal_value_of_zero_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        standardise(np.ones(2), np.array([1.0, 0.0]), "target_ratio", "positive")


def test_reweight_shares_the_missing_weight_among_what_is_present():
    block = score_of(make_scheme(ITEMS, minimum=0.5), [[5, NAN, 5], [NAN, 4, NAN], [NAN, NAN, NAN]])
    assert block.weights[0] == pytest.approx([0.5 / 0.7, 0, 0.2 / 0.7])
    assert block.contributions[0] == pytest.approx([100 * 0.25 / 0.7, 0, 100 * 0.2 / 0.7])
    assert block.score[0] == pytest.approx(45 / 0.7)
    assert np.isnan(block.score[1:]).all() and np.isnan(block.contributions[1:]).all() and not block.obstacles[1:].any()
    assert reasons(block) == [None, "present_weight_below_minimum", "no_value"]


def test_the_least_present_weight_is_enough_to_the_last_digit():
    items = [(c, 0.1, 1, "positive", 1.0) for c in "abcdefghij"]
    values = [[1.0] * 3 + [NAN] * 7, [1.0] * 2 + [NAN] * 8]
    assert np.isnan(score_of(make_scheme(items, minimum=0.3), values).score).tolist() == [False, True]


def test_score_0_keeps_the_weight_and_makes_the_gap_an_obstacle():
    block = score_of(make_scheme(ITEMS, missing_rule="score_0"), [[10, NAN, 5], [NAN, NAN, NAN]])
    assert block.score[0] == pytest.approx(70) and block.weights[0].sum() == pytest.approx(1)
    assert np.isnan(block.standardised[0, 1]) and block.contributions[0, 1] == 0
    assert reasons(block) == [None, "no_value"]
    assert block.obstacles[0].tolist() == [0, 1, 0]


def test_not_rated_asks_for_every_value():
    block = score_of(make_scheme(ITEMS, missing_rule="not_rated"), [[10, 2, 5], [10, NAN, 5]])
    assert block.score[0] == 100 and reasons(block) == [None, "value_missing"]


def test_group_mean_fills_a_gap_and_says_so():
    """The rule of Huangyan: a firm without emission data gets the average item score of its group."""
    scheme = make_scheme(ITEMS, missing_rule="group_mean")
    values = np.array([[10, 2, 5], [5, NAN, 5], [10, 4, 5.0]])
    own = standardise_block(scheme, values, ideal_matrix(scheme, {}, 3))
    means = group_means(own, np.zeros(3, dtype=int), 1)
    block = score_of(scheme, values, means[[0, 0, 0]])
    assert block.standardised[1, 1] == pytest.approx(0.75) and block.imputed.tolist()[1] == [False, True, False]
    assert np.isnan(block.values[1, 1])
    assert block.score[1] == pytest.approx(100 * (0.25 + 0.3 * 0.75 + 0.2))


def test_a_value_without_an_ideal_value_is_not_scored_and_says_so():
    scheme = make_scheme(ITEMS, minimum=1.0)
    ideals = ideal_matrix(scheme, {}, 1)
    ideals[0, 2] = NAN
    assert reasons(score_block(scheme, np.array([[1.0, 1, 1]]), ideals)) == ["ideal_value_missing"]


values_strategy = st.lists(
    st.tuples(*[st.one_of(st.just(NAN), st.floats(-5, 50)) for _ in ITEMS]), min_size=1, max_size=30
)


@settings(max_examples=60, deadline=None)
@given(values_strategy, st.sampled_from(["reweight", "score_0", "not_rated"]), st.randoms())
def test_order_and_chunks_do_not_change_a_score(rows, rule, random):
    scheme, values = make_scheme(ITEMS, missing_rule=rule, minimum=0.3), np.array(rows, dtype=float)
    order = list(range(len(values)))
    random.shuffle(order)
    whole, shuffled = score_of(scheme, values), score_of(scheme, values[order])
    single = np.concatenate([score_of(scheme, values[i : i + 1]).score for i in range(len(values))])
    np.testing.assert_array_equal(whole.score[order], shuffled.score)
    np.testing.assert_array_equal(whole.score, single)
    np.testing.assert_array_equal(rank(whole.score)[order], rank(shuffled.score))


@settings(max_examples=60, deadline=None)
@given(values_strategy, st.sampled_from(["reweight", "score_0"]))
def test_components_add_up_and_obstacles_sum_to_one_or_nothing(rows, rule):
    block = score_of(make_scheme(ITEMS, missing_rule=rule, minimum=0.3), rows)
    rated = ~np.isnan(block.score)
    np.testing.assert_allclose(block.contributions[rated].sum(axis=1), block.score[rated], atol=1e-9)
    np.testing.assert_allclose(block.weights[rated].sum(axis=1), 1, atol=1e-12)
    sums = block.obstacles.sum(axis=1)
    assert np.all((sums == 0) | (np.abs(sums - 1) < 1e-12)) and not sums[~rated].any()
    assert ((block.reason == 0) == rated).all()


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.floats(0, 50) for _ in ITEMS]), st.integers(0, 2), st.floats(0, 20))
def test_a_better_value_never_lowers_the_score(row, j, step):
    better = list(row)
    better[j] += -step if ITEMS[j][3] == "negative" else step
    before, after = score_of(make_scheme(ITEMS), [row, better]).score
    assert after >= before


def test_competition_ranks_in_city_and_group():
    score = np.array([70.0, 90, 70, NAN, 50, 90])
    group = np.array([0, 0, 0, 0, 1, -1])
    assert rank(score).tolist() == [3, 1, 3, 0, 5, 1]
    assert rank(score, ties="dense").tolist() == [2, 1, 2, 0, 3, 1]
    assert rank(score, group).tolist() == [2, 1, 2, 0, 1, 0]
    assert group_size(score, group).tolist() == [3, 3, 3, 3, 1, 0]
    assert rank(np.array([])).tolist() == [] and rank(np.array([NAN])).tolist() == [0]


def test_grades_at_their_bounds():
    assert grade_by_bands(np.array([100, 75, 74.999, 0, -1, NAN]), [75, 60, 0]).tolist() == [0, 0, 1, 2, -1, -1]
    assert grade_by_bands(np.array([-9.0]), [75, -np.inf]).tolist() == [1]
    with pytest.raises(ValueError, match="fall"):
        grade_by_bands(np.ones(1), [60, 75])


def test_ties_share_a_grade_and_a_group_of_one_is_graded():
    ranks = rank(np.array([9.0, 9, 9, 1]))
    assert grade_by_shares(ranks, np.full(4, 4), [0.25, 1]).tolist() == [0, 0, 0, 1]
    assert grade_by_shares(np.array([1]), np.array([1]), [0.2, 0.6, 1.0]).tolist() == [2]
    assert grade_by_shares(np.array([0]), np.array([0]), [0.2, 1.0]).tolist() == [-1]


def test_unknown_rules_are_refused():
    with pytest.raises(ValueError, match="guess"):
        weights.effective(np.ones(1), np.ones((1, 1), bool), "guess")
    with pytest.raises(ValueError, match="guess"):
        rank(np.ones(1), ties="guess")


def test_codes_are_sorted_and_a_missing_one_is_negative():
    import pyarrow as pa

    codes = encode(pa.chunked_array([["b", None], ["a"]]))
    assert codes.names == ("a", "b") and codes.index.tolist() == [1, -1, 0]
    assert encode(pa.chunked_array([pa.array([True, False])])).names == ("false", "true")
    assert encode(pa.chunked_array([], pa.string())).index.tolist() == []
