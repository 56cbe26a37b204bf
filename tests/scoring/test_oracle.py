"""Weights on random matrices beside pymcdm, and on the matrices on which libraries of this field give NaN."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymcdm import weights as oracle
from pymcdm.weights.subjective import AHP

from landgauge import policy
from scoring.deriving import judgement, objective
from scoring.deriving.refusal import Undefined

QUICK = settings(max_examples=50, deadline=None)
AGREED = 1e-9
INDEX = {int(r["size"]): float(r["value"]) for r in policy.rows("random_index") if r["random_index"] == "saaty_1980"}


@st.composite
def matrices(draw):
    """Values (n, k) of any sign and size, some of them missing, and which columns are better when less."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, k = draw(st.integers(6, 40)), draw(st.integers(2, 8))
    values = rng.normal(0, 1, (n, k)) * np.exp(rng.normal(0, 4, k)) + rng.normal(0, 5, k)
    values[rng.random((n, k)) < draw(st.sampled_from([0.0, 0.05]))] = np.nan
    return values, (rng.random(k) < 0.4).tolist()


def _complete(values):
    return values[~np.isnan(values).any(axis=1)]


@QUICK
@given(matrices())
def test_entropy_and_critic_of_the_complete_rows_agree_with_pymcdm(case):
    values, negative = case
    kept = _complete(values)
    if len(kept) < 3:
        return
    scaled = objective.normalise(kept, negative)
    found = objective.entropy(values, negative, objective.COMPLETE_ROWS, shift=0.01)
    assert found.weights == pytest.approx(oracle.entropy_weights(scaled + 0.01), abs=AGREED)
    found = objective.critic(values, negative, objective.COMPLETE_ROWS)
    assert found.weights == pytest.approx(oracle.critic_weights(scaled), abs=AGREED)


@QUICK
@given(matrices())
def test_variation_is_that_of_its_definition(case):
    """pymcdm has no coefficient of variation; its standard deviation over the mean is one."""
    values = np.abs(_complete(case[0]))
    if len(values) < 3:
        return
    share = values.std(axis=0, ddof=1) / values.mean(axis=0)
    assert objective.variation(values).weights == pytest.approx(share / share.sum(), abs=AGREED)


@pytest.mark.filterwarnings("ignore")  # of the library
@QUICK
@given(matrices(), st.integers(0, 7))
def test_a_constant_column_weighs_nothing_and_leaves_the_others_as_they_were(case, place):
    """The library gives NaN to every column where one does not vary."""
    values = np.insert(_complete(case[0]), min(place, case[0].shape[1]), 7.0, axis=1)
    if len(values) < 3:
        return
    varied = np.ptp(values, axis=0) > 0
    for method in (objective.entropy, objective.critic):
        found = method(values).weights
        assert found[~varied].tolist() == [0.0]
        assert found[varied] == pytest.approx(method(values[:, varied]).weights, abs=AGREED)
    assert np.isnan(oracle.critic_weights(values)).any()


@pytest.mark.parametrize("large", [np.inf, -np.inf, 1.7e308, -1.7e308, 1e200])
@pytest.mark.parametrize("method", sorted(objective.METHODS))
@pytest.mark.filterwarnings("error")
def test_what_no_double_can_hold_is_refused_and_never_becomes_a_weight(method, large):
    values = np.array([[1.0, 2.0], [3.0, large], [4.0, 5.0], [2.0, 1.0]])
    with pytest.raises(Undefined, match="infinite, or greater than 1e"):
        objective.METHODS[method](values)
    other, refused = objective.grouped(values[[0, 2, 3, 1, 0]], np.array([0, 0, 0, 1, 1]), 2, method)
    assert other.weights.sum() == pytest.approx(1.0)
    assert isinstance(refused, Undefined)


@pytest.mark.parametrize("method", sorted(objective.METHODS))
def test_one_unit_and_none_have_no_weights(method):
    for values in (np.ones((1, 3)), np.empty((0, 3)), np.full((4, 2), np.nan)):
        with pytest.raises(Undefined, match="at least 2 units"):
            objective.METHODS[method](values, missing=objective.AVAILABLE)


@QUICK
@given(st.integers(3, 9), st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_ahp_by_eigenvector_agrees_with_pymcdm_and_numpy(size, seed, widest):
    """Judgements of Saaty's scale, the consistent and the contradicting; the library's own random index differs."""
    rng = np.random.default_rng(seed)
    matrix = np.eye(size)
    for i, j in zip(*np.triu_indices(size, 1), strict=True):
        matrix[i, j] = float(rng.integers(1, widest + 1)) ** rng.choice([1, 1, -1])
        matrix[j, i] = 1 / matrix[i, j]
    found = judgement.ahp(matrix, "eigenvector", INDEX, "saaty_1980", None)
    library = AHP(matrix=matrix)
    assert found.weights == pytest.approx(library(), abs=AGREED)
    assert found.consistency_index == pytest.approx(library.get_cr() * AHP.RI_M[size - 1], abs=AGREED)
    assert found.lambda_max == pytest.approx(np.linalg.eigvals(matrix).real.max(), rel=AGREED)
    assert found.consistency_ratio == pytest.approx(found.consistency_index / INDEX[size], abs=AGREED)
    if found.consistency_ratio > 0.1:
        with pytest.raises(Undefined, match="consistency ratio"):
            judgement.ahp(matrix, "eigenvector", INDEX, "saaty_1980", 0.1)
