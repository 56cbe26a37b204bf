"""Limits of bonuses and deductions, and weights of districts: what is counted, and what is kept apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from landgauge.errors import ConfigurationError
from scoring import districts, tables, weighting
from scoring.beside import limited
from scoring.ideal import encode
from scoring.scheme import DistrictWeight, Limit, Rule
from scoring.score import Beside, score_block
from tests.scoring.schemes import make_scheme

BASE = make_scheme([("a", 0.6, 10.0, "positive", 1.0), ("b", 0.4, 1.0, "positive", 1.0)])


def with_points(points, **most):
    """The base with adjustments of these points and limits, such as bonus=3."""
    rules = tuple(Rule(f"r{n}", "", "c", "present", "", "test", True, points=p) for n, p in enumerate(points))
    limits = tuple(Limit(f"{kind}_limit", "", kind, most_points, "test", True) for kind, most_points in most.items())
    return replace(BASE, adjustments=rules, limits=limits)


@pytest.mark.parametrize(
    ("held", "taken_back"),
    [([0, 0, 0, 0], (0, 0)), ([2, 1, 0, 0], (0, 0)), ([2, 1.5, 0, 0], (-0.5, 0)), ([2, 1.5, -4, -3], (-0.5, 2))],
)
def test_a_limit_takes_back_what_lies_above_it(held, taken_back):
    scheme = with_points([2.0, 1.5, -4.0, -3.0], bonus=3.0, deduction=5.0)
    found = limited(scheme, np.array([held], dtype=float))
    assert found[0, :4].tolist() == held
    assert found[0, 4:].tolist() == list(taken_back)
    assert not np.signbit(found[found == 0]).any()


def test_without_a_limit_all_points_count():
    assert limited(with_points([9.0]), np.array([[9.0]])).tolist() == [[9.0]]
    assert limited(BASE, np.zeros((2, 0))).shape == (2, 0)
    assert limited(with_points([9.0], bonus=1.0), np.zeros((0, 1))).shape == (0, 2)


def test_the_capped_part_is_a_component_with_its_source_in_the_weights():
    scheme = with_points([2.0, 2.0], bonus=3.0)
    points = np.array([[2.0, 2.0], [2.0, 0.0], [2.0, 2.0]])
    block = score_block(
        scheme, np.array([[10.0, 1], [5, 1], [np.nan, np.nan]]), np.array([[10.0, 1]] * 3), None, Beside(points=points)
    )
    assert block.score == pytest.approx([103, 72, np.nan], nan_ok=True)
    rows = tables.component_table(scheme, 2024, pa.array(["u", "v", "w"]), block).to_pylist()
    limits = {r["unit_code"]: (r["contribution"], r["weight"]) for r in rows if r["indicator_code"] == "bonus_limit"}
    assert limits == {"u": (-1.0, 0.0), "v": (0.0, 0.0), "w": (None, None)}
    codes = [r["indicator_code"] for r in tables.weight_table((scheme,), 2024).to_pylist()]
    assert codes == ["a", "b", "r0", "r1", "bonus_limit"]


POINTS = st.lists(st.floats(-20, 20, allow_subnormal=False), min_size=0, max_size=6)


@settings(max_examples=60, deadline=None)
@given(POINTS, st.floats(0.5, 30), st.floats(0.5, 30), st.integers(0, 2**32 - 1))
def test_components_add_up_and_no_limit_is_passed(points, bonus, deduction, seed):
    """Whatever holds: the parts add up to the score, bonuses and deductions stay within, more bonus is never less."""
    scheme = with_points(points, bonus=bonus, deduction=deduction)
    rng = np.random.default_rng(seed)
    held = np.array(points, dtype=float) * (rng.random((5, len(points))) < 0.7)
    values, ideals = rng.random((5, 2)) * 10, np.tile([10.0, 1.0], (5, 1))
    block = score_block(scheme, values, ideals, None, Beside(points=held))
    plain = score_block(BASE, values, ideals)
    parts = block.contributions.sum(axis=1) + block.adjustments.sum(axis=1)
    assert parts == pytest.approx(block.score, abs=1e-9)
    counted = block.score - plain.score
    up, down = np.maximum(held, 0).sum(axis=1), np.maximum(-held, 0).sum(axis=1)
    assert counted == pytest.approx(np.minimum(up, bonus) - np.minimum(down, deduction), abs=1e-9)


def in_district(*weights):
    return tuple(DistrictWeight(d, code, w, "local rule", False) for d, code, w in weights)


def test_units_are_scored_with_the_weights_of_their_district():
    """D2 turns the weights round, D9 has no units; without a district the scheme's hold."""
    own = in_district(("D2", "a", 0.4), ("D2", "b", 0.6), ("D9", "a", 1.0), ("D9", "b", 0.0))
    scheme = replace(BASE, district_weights=own)
    values = np.array([[10.0, 0.0]] * 3)
    derived = weighting.derive(
        scheme, {"scheme_weighting": []}, values, {"district_code": encode(pa.array(["D1", "D2", None]))}
    )
    assert derived.score(0, values, np.array([[10.0, 1.0]] * 3)).score == pytest.approx([60, 40, 60])
    assert derived.weights()[:, 0].tolist() == [0.6, 0.4, 0.6]
    rows = derived.table(2024).to_pylist()
    assert [(r["group_code"], r["indicator_code"], r["weight"], r["illustrative"]) for r in rows] == [
        ("enterprise", "a", 0.6, True),
        ("enterprise", "b", 0.4, True),
        ("enterprise:district_code=D2", "a", 0.4, False),
        ("enterprise:district_code=D2", "b", 0.6, False),
        ("enterprise:district_code=D9", "a", 1.0, False),
        ("enterprise:district_code=D9", "b", 0.0, False),
    ]
    assert {r["source"] for r in rows} == {"test", "local rule"}


def test_indicators_that_a_district_does_not_name_keep_their_weight():
    scheme = make_scheme([(code, w, 1.0, "positive", 1.0) for code, w in (("a", 0.5), ("b", 0.3), ("c", 0.2))])
    scheme = replace(scheme, district_weights=in_district(("D", "b", 0.2), ("D", "c", 0.3)))
    assert [i.weight for i in districts.of_district(scheme, "D").indicators] == [0.5, 0.2, 0.3]
    assert [i.weight for i in districts.of_district(scheme, "other").indicators] == [0.5, 0.3, 0.2]
    assert districts.districts(scheme) == ("D",)


def test_derived_weights_and_weights_of_districts_exclude_each_other():
    rule = {"scheme_code": "test", "scheme_version": "1", "scale": "enterprise", "method": "entropy"}
    empty = dict.fromkeys(("judged", "measured", "ahp_method", "random_index", "consistency_limit", "alpha"), "")
    row = rule | empty | {"shift": "0", "missing": "available", "group_by": "", "undefined": "given"}
    seeds = {"scheme_weighting": [row | {"source": "t", "illustrative": "true"}]}
    scheme = replace(BASE, district_weights=in_district(("D", "a", 0.6)))
    with pytest.raises(ConfigurationError, match="weights of districts and a rule to derive weights"):
        weighting.derive(scheme, seeds, np.ones((2, 2)), {})
