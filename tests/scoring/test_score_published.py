"""Published scores. Each test names its source."""

import numpy as np
import pytest
from schemes import make_scheme

from scoring.ideal import ideal_matrix
from scoring.rank import grade_by_shares, rank
from scoring.score import obstacle_degree, score_block
from scoring.standardise import standardise

HUANGYAN_2022 = [
    ("tax", 0.30, 24.097, "positive", None),
    ("value_added", 0.20, 136.16, "positive", None),
    ("energy", 0.20, 2.694, "positive", None),
    ("emission", 0.10, 4929.81, "positive", None),
    ("labour", 0.10, 18.14, "positive", None),
    ("rd", 0.10, 0.0302, "positive", None),
]
HUANGYAN_2021 = [
    (item[0], item[1], benchmark, *item[3:])
    for item, benchmark in zip(HUANGYAN_2022, (26.01, 132.27, 2.54, 4861.08, 17.45, 0.0305), strict=True)
]
FIRM = np.array([[30, 150, 2.0, 6000, 20, 0.025]])


def score_of(scheme, values):
    return score_block(scheme, values, ideal_matrix(scheme, {}, len(values)))


@pytest.mark.parametrize(
    ("items", "parts", "total"),
    [
        (HUANGYAN_2022, [37.349048, 22.032902, 14.847810, 12.170854, 11.025358, 8.278146], 105.704118),
        (HUANGYAN_2021, [34.602076, 22.680880, 15.748031, 12.342936, 11.461318, 8.196721], 105.031963),
    ],
)
def test_benchmark_ratio_without_cap(items, parts, total):
    """Huangyan District: weights and benchmarks of chacewang.com news430850 (2022) and news169062 (2021)."""
    block = score_of(make_scheme(items), FIRM)
    assert block.contributions[0] == pytest.approx(parts, abs=1e-6)
    assert block.score[0] == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize("items", [HUANGYAN_2022, HUANGYAN_2021])
def test_a_firm_at_every_benchmark_scores_exactly_full_marks(items):
    """Invariant of the Huangyan formula."""
    assert score_of(make_scheme(items), np.array([[i[2] for i in items]])).score[0] == 100.0


def test_small_firms_of_huangyan():
    """Huangyan 2022, below scale: tax 11.5932 x 50 and tax per electricity 0.2352 x 50."""
    scheme = make_scheme([("tax", 0.5, 11.5932, "positive", None), ("power", 0.5, 0.2352, "positive", None)])
    assert score_of(scheme, np.array([[15, 0.2]])).score[0] == pytest.approx(107.210103, abs=1e-6)


def test_huaian_weights_and_benchmarks():
    """Huai'an 2024, at2000.net: tax 45, sales 35, green 20; 36 + 28 + 24 = 88."""
    scheme = make_scheme(
        [
            ("tax", 0.45, 25, "positive", None),
            ("sales", 0.35, 500, "positive", None),
            ("green", 0.2, 1, "positive", None),
        ]
    )
    assert score_of(scheme, np.array([[20, 400, 1.2]])).contributions[0] == pytest.approx([36, 28, 24])


def test_classes_by_rank_of_twenty_firms():
    """Huai'an 2024: A top 20 %, B to 60 %, C to 95 %, D the last 5 %: ranks 1-4, 5-12, 13-19, 20."""
    ranks = rank(np.arange(20, 0, -1.0))
    grades = grade_by_shares(ranks, np.full(20, 20), [0.2, 0.6, 0.95, 1.0])
    assert "".join("ABCD"[g] for g in grades) == "A" * 4 + "B" * 8 + "C" * 7 + "D"


@pytest.mark.parametrize(("times_mean", "points"), [(0, 4), (0.5, 3), (1, 2), (2, 0), (2.2, 0)])
def test_reverse_pollutant_item(times_mean, points):
    """fsou.net 17006375_2: (2 - x/mean) x 2 of 4 points, 0 from twice the mean on."""
    value, mean = np.array([times_mean * 7.0]), np.array([7.0])
    assert 4 * standardise(value, mean, "reverse_linear", "negative", 1.0, 0.0)[0] == pytest.approx(points)


def test_obstacle_degree_of_six_cities():
    """R package zhjx19/mathmodels, w (1 - x), normalised to a row sum of 1."""
    scores = np.array(
        [
            [0.0162, 0.2720, 0.2655],
            [0.1782, 0.6824, 0.3721],
            [0.5490, 0.0593, 0.5729],
            [0.6730, 0.4812, 0.9082],
            [0.0207, 0.8891, 0.2017],
            [0.9875, 0.5573, 0.8984],
        ]
    )
    published = [
        [0.472827, 0.262415, 0.264758],
        [0.536800, 0.155592, 0.307608],
        [0.305380, 0.477723, 0.216897],
        [0.416587, 0.495700, 0.087713],
        [0.589514, 0.050069, 0.360417],
        [0.029711, 0.789173, 0.181116],
    ]
    degree = obstacle_degree(np.tile([0.4, 0.3, 0.3], (6, 1)), scores)
    assert degree == pytest.approx(np.array(published), abs=5e-7)
