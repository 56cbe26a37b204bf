"""Published scores. Each test names its source."""

import numpy as np
import pytest

from landgauge import policy
from scoring import scheme_reading
from scoring.ideal import ends, ideal_matrix
from scoring.rank import grade_by_shares, rank
from scoring.scheme_columns import SEEDS as NAMES
from scoring.score import group_means, obstacle_degree, score_block, standardise_block
from scoring.standardise import standardise

SEEDS = {name: policy.rows(name) for name in NAMES}
DIRECTIONS = {row["indicator_code"]: row["direction"] for row in policy.rows("indicator")}
MU_PER_HA = 15
FIRM = np.array([[30 * MU_PER_HA, 150 * MU_PER_HA, 2.0, 6000, 20, 0.025]])


def shipped(code, year):
    return scheme_reading.select(SEEDS, [code], year, DIRECTIONS)[0]


def score_of(scheme, values):
    return score_block(scheme, values, ideal_matrix(scheme, {}, len(values)))


@pytest.mark.parametrize(
    ("year", "parts", "total"),
    [
        (2022, [37.349048, 22.032902, 14.847810, 12.170854, 11.025358, 8.278146], 105.704118),
        (2021, [34.602076, 22.680880, 15.748031, 12.342936, 11.461318, 8.196721], 105.031963),
    ],
)
def test_benchmark_ratio_without_cap(year, parts, total):
    """Huangyan District: weights and benchmarks of chacewang.com news430850 (2022) and news169062 (2021)."""
    block = score_of(shipped("huangyan_above", year), FIRM)
    assert block.contributions[0] == pytest.approx(parts, abs=1e-6)
    assert block.score[0] == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize("code", ["huangyan_above", "huangyan_below"])
@pytest.mark.parametrize("year", [2021, 2022])
def test_a_firm_at_every_benchmark_scores_exactly_full_marks(code, year):
    """Invariant of the Huangyan formula."""
    scheme = shipped(code, year)
    assert score_of(scheme, ideal_matrix(scheme, {}, 1)).score[0] == 100.0


def test_small_firms_of_huangyan():
    """Huangyan 2022, below scale: tax 11.5932 x 50 and tax per electricity 0.2352 x 50; benchmarks of 2021 likewise."""
    scheme = shipped("huangyan_below", 2022)
    assert score_of(scheme, np.array([[15 * MU_PER_HA, 0.2]])).score[0] == pytest.approx(107.210103, abs=1e-6)
    before = ideal_matrix(shipped("huangyan_below", 2021), {}, 1)[0]
    assert before == pytest.approx([16.601058 * MU_PER_HA, 0.236565])


def test_a_firm_without_emission_data_gets_the_average_of_the_item():
    """Huangyan: the average score of the firms above scale takes the place of the missing item."""
    scheme = shipped("huangyan_above", 2022)
    values = np.repeat(FIRM, 3, axis=0)
    values[:, 3] = (4929.81, 2 * 4929.81, np.nan)
    ideals = ideal_matrix(scheme, {}, 3)
    means = group_means(standardise_block(scheme, values, ideals), np.zeros(3, dtype=int), 1)
    block = score_block(scheme, values, ideals, means[[0, 0, 0]])
    assert block.contributions[2, 3] == pytest.approx((10 + 20) / 2) and block.imputed[2, 3]


def test_huaian_weights_and_benchmarks():
    """Huai'an 2024, at2000.net: tax 45, sales 35, green 20; 36 + 28 + 24 = 88."""
    block = score_of(shipped("huaian", 2024), np.array([[20 * MU_PER_HA, 400 * MU_PER_HA, 1.2]]))
    assert block.contributions[0] == pytest.approx([36, 28, 24]) and block.score[0] == pytest.approx(88)


def test_min_max_item_of_jingde():
    """Jingde 2022: weight 30, x 12, from 2 to 42: 12 points; the best firm the whole weight, the worst 20 % of it."""
    scheme = shipped("jingde", 2022)
    values = np.full((3, len(scheme.indicators)), np.nan)
    values[:, 0] = (12.0, 2.0, 42.0)
    found = ends(scheme, values, np.zeros(3, dtype=np.int64), 1)
    ideals, worsts = found.apply(ideal_matrix(scheme, {}, 3), np.zeros(3, dtype=np.int64))
    standardised = standardise_block(scheme, values, ideals, worsts)[:, 0]
    assert 100 * scheme.indicators[0].weight * standardised == pytest.approx([12, 6, 30])


def test_pollutant_item_against_the_mean_of_the_group():
    """fsou.net 17006375_2: of 4 points 3 at half the mean, 2 at the mean, 0 from twice the mean on."""
    scheme = shipped("pollutant_item", 2024)
    values = np.array([[0.5], [1.0], [2.2], [0.3]])  # the mean is 1
    group = np.zeros(4, dtype=np.int64)
    ideals, _ = ends(scheme, values, group, 1).apply(ideal_matrix(scheme, {}, 4), group)
    assert 4 * standardise_block(scheme, values, ideals)[:3, 0] == pytest.approx([3, 2, 0])


def test_classes_by_rank_of_twenty_firms():
    """Huai'an 2024: A top 20 %, B to 60 %, C to 95 %, D the last 5 %: ranks 1-4, 5-12, 13-19, 20."""
    ranks = rank(np.arange(20, 0, -1.0))
    scheme = shipped("huaian", 2024)
    grades = grade_by_shares(ranks, np.full(20, 20), [g.max_share for g in scheme.grades])
    assert "".join(scheme.grades[g].code for g in grades) == "A" * 4 + "B" * 8 + "C" * 7 + "D"


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
