"""Weights against published results, and what has none is refused with the reason."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from pymcdm import weights as oracle

from landgauge.settings import POLICY
from scoring.deriving import combine, judgement, objective
from scoring.deriving.refusal import Undefined

FIVE = np.array(
    [
        *([1, 1 / 2, 4, 3, 3], [2, 1, 7, 5, 5], [1 / 4, 1 / 7, 1, 1 / 2, 1 / 3]),
        *([1 / 3, 1 / 5, 2, 1, 1], [1 / 3, 1 / 5, 3, 1, 1]),
    ]
)
HOSPITAL = np.array(
    [
        *([100, 90, 100, 84, 90, 100, 100, 100, 100], [100, 100, 78.6, 100, 90, 100, 100, 100, 100]),
        *([75, 100, 85.7, 100, 90, 100, 100, 100, 100], [100, 100, 78.6, 100, 90, 100, 94.4, 100, 100]),
        *([100, 90, 100, 100, 100, 90, 100, 100, 80], [100, 100, 100, 100, 90, 100, 100, 85.7, 100]),
        *([100, 100, 78.6, 100, 90, 100, 55.6, 100, 100], [87.5, 100, 85.7, 100, 100, 100, 100, 100, 100]),
        *([100, 100, 92.9, 100, 80, 100, 100, 100, 100], [100, 90, 100, 100, 100, 100, 100, 100, 100]),
        [100, 100, 92.9, 100, 90, 100, 100, 100, 100],
    ]
)


def _index(name: str) -> dict[int, float]:
    with (POLICY / "random_index.csv").open(encoding="utf-8") as handle:
        return {int(r["size"]): float(r["value"]) for r in csv.DictReader(handle) if r["random_index"] == name}


def _ahp(matrix, method="eigenvector", table="saaty_1980", limit=0.1):
    return judgement.ahp(np.array(matrix, dtype=float), method, _index(table), table, limit)


def test_ahp_of_five_by_eigenvector():
    """R package zhjx19/mathmodels, printed example output."""
    found = _ahp(FIVE)
    assert found.weights == pytest.approx([0.26360349, 0.47583538, 0.05381460, 0.09806829, 0.10867824], abs=5e-9)
    assert (found.lambda_max, found.consistency_index, found.consistency_ratio) == pytest.approx(
        (5.072084408570216, 0.018021102142554035, 0.01609026977013753), rel=1e-12
    )


def test_ahp_of_five_by_the_other_methods():
    """The same matrix; calculated, to show that the method must be recorded."""
    assert _ahp(FIVE, "column_mean").weights == pytest.approx(
        [0.262281, 0.474395, 0.054492, 0.098534, 0.110298], abs=5e-7
    )
    assert _ahp(FIVE, "column_mean").consistency_ratio == pytest.approx(0.016279, abs=5e-7)
    assert _ahp(FIVE, "geometric_mean").weights == pytest.approx(
        [0.263633, 0.477264, 0.053074, 0.098840, 0.107189], abs=5e-7
    )


def test_ahp_by_column_mean():
    """https://www.xiaomilidoc.com/p-10738193.html: printed W, CI; a consistent matrix has ratio 0."""
    three = _ahp([[1, 1 / 4, 2], [4, 1, 8], [1 / 2, 1 / 8, 1]], "column_mean")
    assert three.weights == pytest.approx([0.181818, 0.727273, 0.090909], abs=5e-7)
    assert three.consistency_ratio == pytest.approx(0, abs=1e-12)
    four = _ahp([[1, 1, 5, 3], [1, 1, 3, 3], [1 / 5, 1 / 3, 1, 1], [1 / 3, 1 / 3, 1, 1]], "column_mean")
    assert four.weights == pytest.approx([0.411184, 0.361184, 0.107237, 0.120395], abs=5e-7)
    assert (four.consistency_index, four.consistency_ratio) == pytest.approx((0.010946, 0.012163), abs=5e-7)


def test_ahp_of_three():
    """https://55.wendadaohang.com/zd/QeLe84RG8.html: W = 0.1007, 0.2255, 0.6738; CR 0.0739."""
    found = _ahp([[1, 1 / 3, 1 / 5], [3, 1, 1 / 4], [5, 4, 1]])
    assert found.weights == pytest.approx([0.1007, 0.2255, 0.6738], abs=5e-5)
    assert found.consistency_ratio == pytest.approx(0.0739, abs=5e-5)


def test_the_random_index_is_part_of_the_ratio():
    """README of PhilipGriffith/AHPy: CR 0.0372 by Donegan and Dodd; by Saaty 0.0342 (calculated)."""
    matrix = [[1, 1, 5, 2], [1, 1, 3, 4], [1 / 5, 1 / 3, 1, 3 / 4], [1 / 2, 1 / 4, 4 / 3, 1]]
    by_dodd, by_saaty = _ahp(matrix, table="donegan_dodd"), _ahp(matrix)
    assert by_dodd.weights == pytest.approx([0.3742, 0.3917, 0.0991, 0.1349], abs=5e-5)
    assert (by_dodd.consistency_ratio, by_dodd.random_index) == (pytest.approx(0.0372, abs=5e-5), "donegan_dodd")
    assert by_saaty.consistency_ratio == pytest.approx(0.0342, abs=5e-5)


def test_contradicting_judgements_are_rejected():
    """ArcGIS Pro help, "calculate the consistency ratio": printed weights; the ratio is about 0.33."""
    matrix = [[1, 3, 2, 2, 0.333], [0.333, 1, 0.5, 1, 0.2], [0.5, 2, 1, 1, 0.5], [0.5, 1, 1, 1, 5], [3, 5, 2, 0.2, 1]]
    shown = _ahp(matrix, "column_mean", limit=None)
    assert shown.weights == pytest.approx([0.235, 0.089, 0.136, 0.247, 0.294], abs=6e-4)
    assert shown.consistency_ratio == pytest.approx(0.326, abs=1e-3)
    for method in judgement.METHODS:
        with pytest.raises(Undefined, match="is above"):
            _ahp(matrix, method)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        ([[1, 2], [0.6, 1]], "row 1, column 2"),
        ([[1, -2], [-0.5, 1]], "positive numbers only"),
        ([[1, 2, 3], [0.5, 1, 1]], "square"),
        ([[1, np.nan], [1, 1]], "positive numbers only"),
        (np.ones((16, 16)), "no value for 16"),
    ],
)
def test_what_is_no_judgement_matrix_is_refused(matrix, message):
    with pytest.raises(Undefined, match=message):
        _ahp(matrix)


def test_sizes_of_one_and_two_are_always_consistent():
    assert _ahp([[1]]).weights == pytest.approx([1.0])
    assert (_ahp([[1, 3], [1 / 3, 1]]).weights == pytest.approx([0.75, 0.25])) and _ahp(
        [[1, 3], [1 / 3, 1]]
    ).consistency_ratio == 0


def test_entropy_weights_of_the_hospital_example():
    """Eleven units, nine indicators, a case printed in many Chinese pages; weights to the decimals calculated."""
    found = objective.entropy(HOSPITAL)
    weights = [0.075786, 0.219159, 0.271374, 0.065592, 0.105198, 0.065592, 0.066116, 0.065592, 0.065592]
    assert found.weights == pytest.approx(weights, abs=5e-7)
    scores = HOSPITAL @ found.weights
    assert scores == pytest.approx(
        [
            *(95.706962, 93.140624, 93.172738, 92.770375, 95.840649, 98.010056),
            *(90.205085, 95.172035, 95.969292, 97.808413, 97.021269),
        ],
        abs=5e-6,
    )


def test_combined_weights():
    """R package zhjx19/mathmodels, printed examples."""
    subjective, data = np.array([0.4, 0.3, 0.2, 0.1]), np.array([0.25, 0.2, 0.3, 0.25])
    assert combine.linear(subjective, data, 0.6) == pytest.approx([0.34, 0.26, 0.24, 0.16], abs=1e-12)
    assert combine.multiplicative(subjective, data) == pytest.approx(
        [0.4081633, 0.2448980, 0.2448980, 0.1020408], abs=5e-8
    )


def test_a_delphi_round():
    """Weights are the mean share; agreement is 1 where all rank alike and counts ties."""
    alike = judgement.delphi(np.array([[50, 30, 20], [5, 3, 2], [60, 30, 10]]))
    assert alike.weights == pytest.approx([1.6 / 3, 0.9 / 3, 0.5 / 3])
    assert alike.kendall_w == pytest.approx(1.0)
    assert alike.chi_square == pytest.approx(6.0)
    opposed = judgement.delphi(np.array([[3, 2, 1], [1, 2, 3]]))
    assert opposed.kendall_w == pytest.approx(0.0)
    # ranks 3, 1.5, 1.5 and 3, 2, 1: S = 6.5, T = 6, W = 12 x 6.5 / (4 x 24 - 2 x 6)
    assert judgement.kendall_w(np.array([[9, 1, 1], [9, 5, 1]])) == pytest.approx(12 * 6.5 / 84)
    with pytest.raises(Undefined, match="expert 2"):
        judgement.delphi(np.array([[1, 2], [0, 0]]))


def test_comparison_in_pairs():
    matrix = np.array([[0, 0.6, 0.7], [0.4, 0, 0.6], [0.3, 0.4, 0]])
    assert judgement.pairwise(matrix) == pytest.approx([1.3 / 3, 1.0 / 3, 0.7 / 3])
    circle = np.array([[0, 0.6, 0.4], [0.4, 0, 0.6], [0.6, 0.4, 0]])
    with pytest.raises(Undefined, match="circle"):
        judgement.pairwise(circle)
    with pytest.raises(Undefined, match="row 1, column 2"):
        judgement.pairwise(np.array([[0, 0.6], [0.6, 0]]))


@pytest.mark.parametrize("method", sorted(objective.METHODS))
def test_weights_from_data_that_are_not_there_are_refused(method):
    derive, good = objective.METHODS[method], np.array([[1.0, 2], [3, 5], [2, 2]])
    with pytest.raises(Undefined, match="at least 2 units"):
        derive(good[:1])
    with pytest.raises(Undefined, match="infinite"):
        derive(np.where(good == 5, np.inf, good))
    with pytest.raises(Undefined, match="1 values are missing"):
        derive(np.where(good == 5, np.nan, good))
    with pytest.raises(Undefined, match="no indicator varies"):
        derive(np.ones((4, 2)))
    gap = np.where(good == 5, np.nan, good)
    more = np.vstack([gap, [[4.0, 1]]])
    assert derive(more, missing="complete_rows").weights == pytest.approx(derive(more[[0, 2, 3]]).weights)


def test_a_constant_column_has_no_weight():
    values = np.array([[1.0, 7, 2], [3, 7, 5], [2, 7, 2]])
    for derive in objective.METHODS.values():
        found = derive(values)
        assert found.weights[1] == 0 or derive is objective.variation
        assert found.weights.sum() == pytest.approx(1.0)


def test_groups_have_their_own_weights_or_a_reason():
    values = np.array([[1.0, 2], [3, 5], [2, 2], [9, 9], [4, 1]])
    one, two = objective.grouped(values, np.array([0, 0, 0, 1, -1]), 2, "entropy")
    assert one.weights == pytest.approx(objective.entropy(values[:3]).weights)
    assert isinstance(two, Undefined)


def test_entropy_and_critic_agree_with_pymcdm():
    """pymcdm as oracle on random matrices; its entropy wants positive values, so the shift is part of both."""
    rng = np.random.default_rng(5)
    for _ in range(30):
        values = rng.uniform(1, 9, (rng.integers(5, 40), rng.integers(2, 8)))
        scaled = objective.normalise(values)
        assert objective.entropy(values, shift=0.5).weights == pytest.approx(
            oracle.entropy_weights(scaled + 0.5), abs=1e-9
        )
        assert objective.critic(values).weights == pytest.approx(oracle.critic_weights(values), abs=1e-9)
