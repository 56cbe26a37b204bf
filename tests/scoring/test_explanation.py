"""Effects add up, a needed change reaches the grade, stability counts what happened, TOPSIS agrees with its oracle."""

from __future__ import annotations

import numpy as np
import pytest
from pymcdm.methods import TOPSIS

from scoring import rank
from scoring.deriving.refusal import Undefined
from scoring.judging import change, next_grade, stability, topsis

RNG = np.random.default_rng(7)


def test_effects_add_up_to_the_change():
    """Random values, ideal values and weights of two years; the three effects are the whole change."""
    values, ideals = RNG.uniform(1, 9, (2, 50, 4)), RNG.uniform(2, 6, (2, 1, 4))
    weights = RNG.dirichlet(np.ones(4), 2)

    def score(data: int, ideal: int, weight: int):
        return 100 * np.minimum(values[data] / ideals[ideal], 1) @ weights[weight]

    found = change.effects(score, 3)
    assert sum(found) == pytest.approx(score(1, 1, 1) - score(0, 0, 0), abs=1e-9)
    assert any(np.abs(effect).max() > 1 for effect in found)


def test_a_factor_that_did_not_change_has_no_effect():
    values = RNG.uniform(1, 9, (2, 20))
    data, weight = change.effects(lambda d, w: values[d] * 0.5, 2)
    assert data == pytest.approx((values[1] - values[0]) * 0.5)
    assert np.abs(weight).max() == 0


def test_effects_are_the_mean_over_all_orders():
    """A product of two: (2, 3) to (4, 5); by hand 1/2 (2 x 3 + 2 x 5) = 8 and 1/2 (2 x 2 + 2 x 4) = 6."""
    one, two = np.array([2.0, 4.0]), np.array([3.0, 5.0])
    first, second = change.effects(lambda a, b: np.array([one[a] * two[b]]), 2)
    assert (first[0], second[0]) == pytest.approx((8.0, 6.0))


def test_the_needed_value_reaches_the_next_band():
    standardised = RNG.uniform(0, 1, (30, 3))
    weights = np.tile([0.5, 0.3, 0.2], (30, 1))
    score = 100 * (weights * standardised).sum(axis=1)
    better, target = next_grade.next_band(score, [75, 50, -np.inf])
    needed = next_grade.needed_standardised(score, target, weights, standardised, 100)
    for j in range(3):
        lifted = standardised.copy()
        lifted[:, j] = needed[:, j]
        reached = 100 * (weights * lifted).sum(axis=1)
        assert reached[better >= 0] == pytest.approx(target[better >= 0])
    assert np.isnan(needed[better < 0]).all()


def test_the_next_band_at_the_bounds():
    better, target = next_grade.next_band(np.array([75.0, 74.9, 50.0, 0.0, np.nan]), [75, 50, -np.inf])
    assert better.tolist() == [-1, 0, 0, 1, -1]
    assert target[1:4].tolist() == [75, 75, 50]


def test_topsis_agrees_with_pymcdm():
    """pymcdm's TOPSIS with vector normalisation as oracle, on random matrices."""
    from pymcdm.normalizations import vector_normalization

    for _ in range(20):
        values, weights = RNG.uniform(0.1, 9, (12, 5)), RNG.dirichlet(np.ones(5))
        positive = RNG.random(5) > 0.4
        ours = topsis.closeness(values, weights, positive)
        # the oracle reverses costs by normalisation; positive indicators only, so that both do the same
        shares = weights[positive] / weights[positive].sum()
        theirs = TOPSIS(vector_normalization)(values[:, positive], shares, np.ones(positive.sum()), validation=False)
        assert topsis.closeness(values[:, positive], weights[positive], positive[positive]) == pytest.approx(theirs)
        assert ((ours >= 0) & (ours <= 1)).all()


def test_topsis_leaves_incomplete_units_out():
    values = np.array([[1.0, 2], [2, 1], [np.nan, 5], [3, 3]])
    found = topsis.closeness(values, np.array([0.5, 0.5]), np.array([True, True]))
    assert np.isnan(found[2])
    assert found[[0, 1, 3]] == pytest.approx(topsis.closeness(values[[0, 1, 3]], np.ones(2), np.array([True, True])))
    with pytest.raises(Undefined, match="at least 2 units"):
        topsis.closeness(values[:1], np.ones(2), np.array([True, True]))


def _judge(score):
    ranks = rank.rank(score)
    return ranks, rank.grade_by_shares(ranks, np.full(len(score), (~np.isnan(score)).sum()), [0.5, 1.0])


def test_the_same_weights_always_give_the_published_rank():
    standardised = RNG.uniform(0, 1, (40, 3))
    weights = np.array([0.5, 0.3, 0.2])
    ranks, grade = _judge(standardised @ weights)
    found = stability.under_weights(standardised, np.tile(weights, (9, 1)), grade, _judge, True, 0.05, 0.95)
    assert (found.rank_low == ranks).all() and (found.rank_high == ranks).all()
    assert (found.grade_probability == 1).all()


def test_draws_are_around_the_weights_and_repeat():
    weights = np.array([0.6, 0.4, 0.0])
    draws = stability.draws_of_weights(weights, 50, 4000, seed=3)
    assert draws.sum(axis=1) == pytest.approx(1.0)
    assert draws.mean(axis=0) == pytest.approx(weights, abs=0.01)
    assert draws.var(axis=0)[0] == pytest.approx(0.24 / 51, rel=0.1)
    assert (draws == stability.draws_of_weights(weights, 50, 4000, seed=3)).all()


def test_a_unit_that_is_best_everywhere_is_always_first():
    standardised = np.vstack([np.ones(3), RNG.uniform(0, 0.99, (20, 3)), np.full(3, np.nan)])
    draws = stability.draws_of_weights(np.ones(3) / 3, 10, 200, seed=1)
    _, grade = _judge(standardised @ (np.ones(3) / 3))
    found = stability.under_weights(standardised, draws, grade, _judge, True, 0.05, 0.95)
    assert (found.rank_low[0], found.rank_high[0], found.grade_probability[0]) == (1, 1, 1.0)
    assert (found.rank_low[-1], found.rank_high[-1]) == (0, 0)
    assert np.isnan(found.grade_probability[-1])
    assert (found.rank_low <= found.rank_high).all()


def test_bounds_by_missing_data():
    standardised = np.array([[0.5, np.nan], [0.2, 0.4]])
    low, high = stability.bounds_by_missing(standardised, np.array([0.6, 0.4]), np.zeros(2), np.array([1, 1.5]))
    assert low == pytest.approx([0.3, 0.28])
    assert high == pytest.approx([0.9, 0.28])


def test_leaving_one_indicator_out():
    found = stability.leave_one_out(np.array([[0.5, 1.0, np.nan], [0.3, np.nan, np.nan]]), np.array([0.5, 0.3, 0.2]))
    assert found[0] == pytest.approx([1.0, 0.5, 0.55 / 0.8])
    assert np.isnan(found[1, 0]) and found[1, 1:] == pytest.approx([0.3, 0.3])
