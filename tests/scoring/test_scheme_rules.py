"""Ends and means from the data, limits, conditions, adjustments, vetoes and not-rated classes at their boundaries."""

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from schemes import make_scheme

from scoring import condition, tables
from scoring.ideal import ends, ideal_matrix, one_group
from scoring.scheme import Rule
from scoring.score import Beside, score_block
from scoring.standardise import limit, min_max

NAN = np.nan
GROUP = np.array([0, 0, 1, -1])


def only(column, **given):
    """A scheme of one indicator under min_max."""
    scheme = make_scheme([("a", 1.0, 1.0, given.pop("direction", "positive"), None, "min_max")])
    rule = replace(scheme.indicators[0], floor=None, **given)
    scheme = replace(scheme, indicators=(rule,), ideals=())
    values = np.array(column, dtype=float)[:, None]
    ideals, worsts = ends(scheme, values, GROUP, 2).apply(ideal_matrix(scheme, {}, len(values)), GROUP)
    return score_block(scheme, values, ideals, None, Beside(worsts=worsts)).score


def test_min_max_takes_the_ends_of_the_group():
    """A group of one has equal ends, so its unit earns everything; a unit without a group has no ends."""
    assert only([2, 6, 4, 5]) == pytest.approx([0, 100, 100, NAN], nan_ok=True)
    assert only([2, 6, NAN, 5], direction="negative", floor_share=0.2) == pytest.approx(
        [100, 20, NAN, NAN], nan_ok=True
    )


def test_min_max_with_given_ends_holds_what_lies_beyond_them():
    assert only([-1, 0.25, 7, 1], low=0.0, high=1.0) == pytest.approx([0, 25, 100, 100])
    assert only([0.1, 1, 0, 1], low=0.0, high=1.0, direction="negative") == pytest.approx([90, 0, 100, 0])


def test_min_max_of_equal_ends_and_nothing():
    five = np.full(2, 5.0)
    assert min_max(np.array([5.0, NAN]), five, five, 0.2) == pytest.approx([1, NAN], nan_ok=True)
    assert np.isnan(min_max(np.array([5.0]), np.array([NAN]), np.array([NAN])))[0]


def test_a_mean_that_is_not_above_0_is_no_ideal_value():
    scheme = make_scheme([("a", 1.0, NAN, "positive", None)])
    values = np.array([[1.0], [3.0], [-2.0], [9.0]])
    assert ends(scheme, values, GROUP, 2).best[:, 0] == pytest.approx([2, NAN, NAN], nan_ok=True)


def test_no_units_and_no_groups_give_no_ends():
    both = make_scheme([("a", 0.5, NAN, "positive", None), ("b", 0.5, 1.0, "positive", None, "min_max")])
    found = ends(replace(both, ideals=both.ideals[:1]), np.empty((0, 2)), np.empty(0, dtype=np.int64), 0)
    assert found.best.shape == (1, 2) and np.isnan(found.best).all() and np.isnan(found.worst).all()


def test_a_limit_is_met_at_its_value():
    three = np.full(4, 0.3)
    value = np.array([0.3, 0.29, 0.31, NAN])
    assert limit(value, three, "positive") == pytest.approx([1, 0, 1, NAN], nan_ok=True)
    assert limit(value, three, "negative") == pytest.approx([1, 1, 0, NAN], nan_ok=True)
    with pytest.raises(ValueError, match="neutral"):
        limit(value, three, "neutral")


@pytest.mark.parametrize(
    ("cells", "operator", "threshold", "held"),
    [
        (["a", "b", None], "equals", "a", "100"),
        (["a", "b", None], "not_equals", "a", "010"),
        (["a", "b", None], "in", "a|b", "110"),
        (["a", "b", None], "not_in", "a|c", "010"),
        ([True, False, None], "equals", "true", "100"),
        ([1.0, 2.0, None], "below", "2", "100"),
        ([1.0, 2.0, None], "at_most", "1", "100"),
        ([1, 2, None], "at_least", "2", "010"),
        ([1, 2, None], "above", "1.5", "010"),
        (["a", None, "b"], "missing", "", "010"),
        (["a", None, "b"], "present", "", "101"),
        ([date(2023, 1, 1), date(2022, 12, 31), None], "years_below", "2", "100"),
        ([2023, 2022, None], "years_below", "2", "100"),
    ],
)
def test_conditions(cells, operator, threshold, held):
    assert condition.holds(pa.array(cells), operator, threshold, 2024).tolist() == [h == "1" for h in held]


def test_conditions_on_nothing_and_refused_ones():
    assert condition.holds(pa.chunked_array([], pa.float64()), "below", "1", 2024).tolist() == []
    assert condition.holds(pa.nulls(1), "equals", "a", 2024).tolist() == [False]
    for operator, threshold in (("like", "a"), ("below", "nan"), ("missing", "1"), ("equals", "")):
        with pytest.raises(ValueError, match="operator"):
            condition.holds(pa.array([1.0]), operator, threshold, 2024)


def rule(code, **given):
    return Rule(code, code, "column", "equals", "x", "test", True, **given)


@pytest.fixture
def ruled():
    scheme = make_scheme([("a", 1.0, 10.0, "positive", 1.0)], grades=[("A", "好", 75, 1.0), ("B", "差", -np.inf, 1.0)])
    return replace(
        scheme,
        adjustments=(rule("bonus", points=2.0), rule("malus", points=-3.0)),
        vetoes=(rule("idle", grade="B"),),
        not_rated=(rule("young"),),
    )


def test_adjustments_are_components_and_part_of_the_score(ruled):
    beside = Beside(excluded=np.array([0, 0, 1], np.int8), points=np.array([[2.0, 0], [2, -3], [2, 0]]))
    values = np.array([[10.0], [5.0], [10.0]])
    block = score_block(ruled, values, np.full((3, 1), 10.0), None, beside)
    assert block.score == pytest.approx([102, 49, NAN], nan_ok=True)
    rows = tables.component_table(ruled, 2024, pa.array(["u", "v", "w"]), block).to_pylist()
    assert [(r["unit_code"], r["indicator_code"], r["contribution"], r["weight"]) for r in rows[3:7]] == [
        ("u", "bonus", 2.0, 0.0),
        ("u", "malus", 0.0, 0.0),
        ("v", "bonus", 2.0, 0.0),
        ("v", "malus", -3.0, 0.0),
    ]
    assert rows[-1]["contribution"] is None and rows[-1]["obstacle_degree"] == 0
    weights = tables.weight_table((ruled,), 2024).to_pylist()
    assert [(r["indicator_code"], r["weight"]) for r in weights] == [("a", 1.0), ("bonus", 0.0), ("malus", 0.0)]


def test_a_veto_changes_the_grade_alone_and_only_of_rated_units(ruled):
    score, reason = np.array([90.0, 80, NAN]), np.array([0, 0, 5], np.int8)
    group = one_group(3, "all")
    table = tables.score_table(
        ruled, 2024, pa.array(["u", "v", "w"]), score, reason, group, group, np.array([0, -1, 0])
    ).to_pylist()
    assert [(r["score"], r["grade"], r["veto_code"], r["rank_in_city"]) for r in table] == [
        (90.0, "B", "idle", 1),
        (80.0, "A", None, 2),
        (None, None, None, None),
    ]
    assert [r["not_rated_reason"] for r in table] == [None, None, "young"]
