"""What must hold of every score and weight, whatever the input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import score as scoring
from scoring import weights as weighting
from scoring.deriving import objective
from scoring.deriving.refusal import Undefined
from tests.scoring.schemes import make_scheme

QUICK = settings(max_examples=60, deadline=None)
CHECKED = 1e-9
# both ratios and both bounds; a cap is needed where less is better
KINDS = [("positive", 1.0), ("positive", None), ("negative", 1.0), ("negative", 1.2)]
RULES = [rule for rule in weighting.RULES if rule != weighting.GROUP_MEAN]


@st.composite
def cases(draw):
    """A scheme of k indicators, and n units with values above 0, some missing."""
    k, n = draw(st.integers(1, 5)), draw(st.integers(2, 12))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    raw = rng.dirichlet(np.ones(k))
    kinds = [draw(st.sampled_from(KINDS)) for _ in range(k)]
    items = [(f"i{j}", raw[j], rng.uniform(0.1, 10), *kinds[j]) for j in range(k)]
    scheme = make_scheme(items, missing_rule=draw(st.sampled_from(RULES)), minimum=draw(st.sampled_from([0.0, 0.6])))
    values = np.exp(rng.normal(0, 1.5, (n, k)))
    values[rng.random((n, k)) < draw(st.sampled_from([0.0, 0.3]))] = np.nan
    return scheme, values, np.tile([i[2] for i in items], (n, 1)), rng


def _close(one, other):
    assert np.allclose(one, other, rtol=0, atol=CHECKED, equal_nan=True)


@QUICK
@given(cases(), st.floats(1.0, 100.0))
def test_better_input_never_lowers_a_score(case, factor):
    scheme, values, ideals, rng = case
    before = scoring.score_block(scheme, values, ideals).score
    column = int(rng.integers(values.shape[1]))
    better = values.copy()
    better[:, column] *= factor if scheme.indicators[column].direction == "positive" else 1 / factor
    after = scoring.score_block(scheme, better, ideals).score
    assert np.array_equal(np.isnan(before), np.isnan(after))
    assert (np.nan_to_num(after) >= np.nan_to_num(before) - CHECKED).all()


@QUICK
@given(cases())
def test_the_order_of_units_and_indicators_changes_nothing(case):
    scheme, values, ideals, rng = case
    block = scoring.score_block(scheme, values, ideals)
    rows, columns = rng.permutation(len(values)), rng.permutation(values.shape[1])
    assert np.array_equal(
        scoring.score_block(scheme, values[rows], ideals[rows]).score, block.score[rows], equal_nan=True
    )
    turned = replace(scheme, indicators=tuple(scheme.indicators[j] for j in columns))
    other = scoring.score_block(turned, values[:, columns], ideals[:, columns])
    _close(other.score, block.score)
    _close(other.contributions, block.contributions[:, columns])
    _close(other.obstacles, block.obstacles[:, columns])


@QUICK
@given(cases(), st.floats(1e-6, 1e6))
def test_the_unit_of_measure_changes_nothing(case, factor):
    scheme, values, ideals, rng = case
    column = int(rng.integers(values.shape[1]))
    scaled = np.ones(values.shape[1])
    scaled[column] = factor
    block, other = (scoring.score_block(scheme, values * f, ideals * f) for f in (1.0, scaled))
    assert np.allclose(other.score, block.score, rtol=1e-12, atol=CHECKED, equal_nan=True)


@QUICK
@given(cases())
def test_components_add_up_to_the_score(case):
    scheme, values, ideals, _ = case
    block = scoring.score_block(scheme, values, ideals)
    rated = ~np.isnan(block.score)
    assert np.allclose(block.contributions[rated].sum(axis=1), block.score[rated], rtol=1e-12, atol=CHECKED)


@QUICK
@given(cases(), st.sampled_from(sorted(objective.METHODS)))
def test_weights_from_data_do_not_depend_on_order_unit_or_other_groups(case, method):
    _, values, _, rng = case
    group = rng.integers(0, 2, len(values))
    options = {"missing": objective.AVAILABLE}

    def found(data, groups):
        return _found(objective.grouped(data, groups, 2, method, **options)[0])

    base = found(values, group)
    rows, columns = rng.permutation(len(values)), rng.permutation(values.shape[1])
    _same(found(values[rows], group[rows]), base)
    _same(found(values[:, columns], group), base if base is None else base[columns])
    _same(found(values * np.exp(rng.normal(0, 3, values.shape[1])), group), base)
    another = np.vstack([values, np.exp(rng.normal(0, 3, (1, values.shape[1])))])
    assert _equal(found(another, np.append(group, 1)), base)


@QUICK
@given(cases())
def test_a_unit_of_another_group_does_not_change_the_means_of_a_group(case):
    scheme, values, ideals, rng = case
    own = scoring.standardise_block(scheme, values, ideals)
    group = rng.integers(0, 2, len(values))
    before = scoring.group_means(own, group, 2)[0]
    after = scoring.group_means(np.vstack([own, own[:1] + 1]), np.append(group, 1), 2)[0]
    assert np.array_equal(before, after, equal_nan=True)


def _found(result):
    return None if isinstance(result, Undefined) else result.weights


def _equal(one, other):
    return one is other if one is None or other is None else np.array_equal(one, other)


def _same(one, other):
    assert (one is None) == (other is None)
    if one is not None:
        assert one == pytest.approx(other, abs=1e-7)
