"""How sure rank, grade and score of scored units are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from scoring import rank
from scoring import weights as weighting
from scoring.judging import ranking, stability
from scoring.judging.measuring import DataDraws
from scoring.judging.scored import Scored
from scoring.scheme import IndicatorRule, Scheme
from scoring.standardise import MIN_MAX

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_ROUNDING = 1e-12  # of full marks
_FULL_AT_ONE = ("reverse_linear", "limit", MIN_MAX)  # standardisations that give no more than 1


@dataclass(frozen=True)
class StabilitySettings:
    """How weights and data are drawn, from the seed scoring_setting."""

    concentration: float
    draws: int
    least_draws: int
    unit_draws: int
    seed: int
    low: float
    high: float
    flag_below: float
    data_draws: int

    @classmethod
    def of(cls, settings: Mapping[str, float]) -> StabilitySettings:
        """Read them from the values by name; raises KeyError for one that is not there."""
        return cls(
            concentration=settings["weight_concentration"],
            draws=int(settings["draws"]),
            least_draws=int(settings["least_draws"]),
            unit_draws=int(settings["unit_draws"]),
            seed=int(settings["seed"]),
            low=settings["rank_quantile_low"],
            high=settings["rank_quantile_high"],
            flag_below=settings["flag_below_probability"],
            data_draws=int(settings["data_draws"]),
        )

    def draws_for(self, units: int) -> int:
        """Return how many draws that many units get: fewer where units x draws would pass the limit."""
        return self._within(self.draws, units)

    def data_draws_for(self, units: int) -> int:
        """Return the same for draws of the data's errors."""
        return self._within(self.data_draws, units)

    def _within(self, draws: int, units: int) -> int:
        return max(min(draws, self.unit_draws // max(units, 1)), min(draws, self.least_draws), 1)


@dataclass(frozen=True)
class Sureness:
    """Ranks and grades under drawn weights, under drawn errors of the data, and under both at once.

    `draws` of weights, `data_draws` of errors and of both.
    """

    weights: stability.Stability
    data: stability.Stability
    joint: stability.Stability
    draws: int
    data_draws: int


def sureness(
    scheme: Scheme,
    scored: Scored,
    nominal: Floats,
    index: Ints,
    chosen: StabilitySettings,
    data: DataDraws,
    consequence: Ints | None = None,
    threads: int = 1,
) -> Sureness:
    """Return how sure rank, grade and what follows from the grade are; arguments as in `under_weights`.

    In the means of `data` stand quantiles of the score.
    """
    weights, number = under_weights(scheme, scored, nominal, index, chosen, consequence, threads)
    means, draws = _means(scheme, scored, index), chosen.data_draws_for(_rated(scored))
    drawn = _drawn(nominal, chosen, draws)
    alone = _nothing_yet(scheme, scored, chosen, draws, consequence, scores=True)
    joint = _nothing_yet(scheme, scored, chosen, draws, consequence)

    def work(draw: int) -> list[stability.Judged]:
        several = means([nominal, drawn[:, draw]], data.columns(draw))
        return [found.judged(mean) for found, mean in zip((alone, joint), several, strict=True)]

    for judged in stability.in_order(work, draws, _useful(threads, scored)):
        for found, one in zip((alone, joint), judged, strict=True):
            found.add(*one)
    return Sureness(weights, _of_scores(scheme, scored, alone.stability()), joint.stability(), number, draws)


def under_weights(
    scheme: Scheme,
    scored: Scored,
    nominal: Floats,
    index: Ints,
    chosen: StabilitySettings,
    consequence: Ints | None = None,
    threads: int = 1,
) -> tuple[stability.Stability, int]:
    """Return city ranks and grades of the rated units under weights drawn around the nominal ones, and the draws.

    `nominal` (g, k) are the weights of each group of weights and `index` (n) the unit's group. `consequence` has a
    class of what follows for each grade, and last one for no grade. The result does not depend on `threads`.
    """
    number = chosen.draws_for(_rated(scored))
    means, drawn = _means(scheme, scored, index), _drawn(nominal, chosen, number)
    found = _nothing_yet(scheme, scored, chosen, number, consequence)

    def work(draw: int) -> stability.Judged:
        return found.judged(means([drawn[:, draw]])[0])

    for one in stability.in_order(work, number, _useful(threads, scored)):
        found.add(*one)
    return found.stability(), number


def _useful(threads: int, scored: Scored) -> int:
    """As many threads as have something to do: of few units numpy takes less time than handing over."""
    return threads if len(scored.score) >= stability.BLOCK else 1


def _rated(scored: Scored) -> int:
    return int((~np.isnan(scored.score)).sum())


def _drawn(nominal: Floats, chosen: StabilitySettings, number: int) -> Floats:
    """Weights (g, draws, k) around those of each group."""
    return np.stack([stability.draws_of_weights(w, chosen.concentration, number, chosen.seed) for w in nominal])


def _means(scheme: Scheme, scored: Scored, index: Ints) -> stability.Means:
    held = np.where(np.isnan(scored.score)[:, None], np.nan, scored.standardised)
    return stability.Means(held, scored.grade, scheme.missing_rule != weighting.SCORE_0, index)


def _nothing_yet(
    scheme: Scheme,
    scored: Scored,
    chosen: StabilitySettings,
    number: int,
    consequence: Ints | None,
    scores: bool = False,
) -> stability.Spread:
    judge = _judge(scheme, scored)
    return stability.Spread(scored.grade, judge, number, chosen.low, chosen.high, consequence, scores)


def _of_scores(scheme: Scheme, scored: Scored, found: stability.Stability) -> stability.Stability:
    marks, beside = scheme.full_marks, _beside(scheme, scored)
    return replace(found, mean_low=marks * found.mean_low + beside, mean_high=marks * found.mean_high + beside)


def _judge(scheme: Scheme, scored: Scored) -> stability.Judge:
    """What gives city ranks and grades of weighted means (n), as the scheme does."""
    beside, sizes = _beside(scheme, scored), rank.group_size(scored.score, scored.group)  # who is rated stays

    def judge(mean: Floats) -> tuple[Ints, Ints]:
        score = scheme.full_marks * mean + beside
        ranks = ranking.ranks_of(score) if scheme.ties == rank.COMPETITION else rank.rank(score, ties=scheme.ties)
        return ranks, np.where(scored.vetoed, scored.grade, _grades(scheme, score, ranks, scored.group, sizes))

    return judge


def _beside(scheme: Scheme, scored: Scored) -> Floats:
    """Points (n) beside the indicators; none where the difference is rounding alone, so that bounds are met exactly."""
    points = scored.beside
    return np.where(np.abs(points) < _ROUNDING * scheme.full_marks, 0.0, points)


def _grades(scheme: Scheme, score: Floats, in_city: Ints, group: Ints, sizes: Ints) -> Ints:
    if not scheme.grades:
        return np.full(len(score), -1, dtype=np.int64)
    if scheme.grade_rule == "bands":
        return rank.grade_by_bands(score, [g.min_score for g in scheme.grades])
    ranks = rank.rank(score, group, scheme.ties) if scheme.grade_rule == "shares_in_group" else in_city
    return rank.grade_by_shares(ranks, sizes, [g.max_share for g in scheme.grades])


@dataclass(frozen=True)
class Bounds:
    """The lowest and the highest score (n) that the missing values of a unit could give, and its grade at both."""

    low: Floats
    high: Floats
    grade_low: Ints
    grade_high: Ints

    def part(self, rows: Ints) -> Bounds:
        """Return those of the units at these places."""
        return Bounds(self.low[rows], self.high[rows], self.grade_low[rows], self.grade_high[rows])


def bounds(scheme: Scheme, scored: Scored, nominal: Floats) -> Bounds:
    """Return the bounds by missing data; `nominal` (n, k) are the scheme's weights.

    The grades are those of the unit at its bound, all others at their published scores.
    """
    low, high = bounds_by_missing(scheme, scored, nominal)
    return Bounds(low, high, grade_alone(scheme, scored, low), grade_alone(scheme, scored, high))


def bounds_by_missing(scheme: Scheme, scored: Scored, nominal: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and highest score (n) that a rated unit's missing values could give.

    Each missing item at the scheme's floor and cap; where the scheme sets none, at what the standardisation can give
    at least and at most, or at the least and greatest that any unit has, whichever lies further out. The published
    score is within them, also where the rule for missing values gives more or less than any value would.
    """
    measured = np.where(scored.imputed, np.nan, scored.standardised)
    lowest = np.array([_lowest(measured[:, j], r) for j, r in enumerate(scheme.indicators)])
    highest = np.array([_highest(measured[:, j], r) for j, r in enumerate(scheme.indicators)])
    shares = nominal / nominal.sum(axis=1, keepdims=True)
    low, high = stability.bounds_by_missing(measured, shares, lowest, highest)
    known = np.where(np.isnan(scored.score), np.nan, scored.beside)
    complete = ~(np.isnan(measured) & (nominal > 0)).any(axis=1)
    return (
        np.where(complete, scored.score, np.minimum(scored.score, scheme.full_marks * low + known)),
        np.where(complete, scored.score, np.maximum(scored.score, scheme.full_marks * high + known)),
    )


def _lowest(column: Floats, rule: IndicatorRule) -> float:
    if rule.floor is not None:
        return rule.floor
    there = column[~np.isnan(column)]
    natural = rule.floor_share if rule.standardisation == MIN_MAX else 0.0
    return min(natural, float(there.min())) if len(there) else natural


def _highest(column: Floats, rule: IndicatorRule) -> float:
    natural = 1.0 if rule.cap is None else rule.cap
    if rule.standardisation in _FULL_AT_ONE:
        return min(natural, 1.0)
    there = column[~np.isnan(column)]
    return natural if rule.cap is not None or not len(there) else max(natural, float(there.max()))


def grade_alone(scheme: Scheme, scored: Scored, score: Floats) -> Ints:
    """Return the grade (n) that each unit would have with another score, all others at theirs; -1 without one."""
    if not scheme.grades or scheme.grade_rule == "bands":
        found = _grades(scheme, score, np.zeros(len(score), dtype=np.int64), scored.group, np.zeros(len(score)))
    else:
        sizes = rank.group_size(scored.score, scored.group)
        found = rank.grade_by_shares(_rank_alone(scheme, scored, score), sizes, [g.max_share for g in scheme.grades])
    return np.where(np.isnan(scored.score), -1, np.where(scored.vetoed, scored.grade, found))


def _rank_alone(scheme: Scheme, scored: Scored, score: Floats) -> Ints:
    """The rank (n) in its group that each unit would have with another score; 0 outside."""
    result = np.zeros(len(score), dtype=np.int64)
    rows = np.flatnonzero(~np.isnan(scored.score) & (scored.group >= 0))
    rows = rows[np.argsort(scored.group[rows], kind="stable")]
    for members in np.split(rows, np.flatnonzero(np.diff(scored.group[rows])) + 1):
        own, other = scored.score[members], score[members]
        places, counts = np.unique(own, return_counts=True)
        if scheme.ties == rank.COMPETITION:
            places, alone = np.repeat(places, counts), np.ones(len(own), dtype=bool)
        else:
            alone = counts[np.searchsorted(places, own)] == 1  # else the place stays taken
        above = len(places) - np.searchsorted(places, other, side="right")
        result[members] = above - (alone & (own > other)) + 1
    return result


@dataclass(frozen=True)
class LeftOut:
    """Scores, city ranks and grades (n, k each) of units without each single indicator."""

    score: Floats
    rank: Ints
    grade: Ints

    def part(self, rows: slice) -> LeftOut:
        """Return some of the units."""
        return LeftOut(self.score[rows], self.rank[rows], self.grade[rows])


def left_out(scheme: Scheme, scored: Scored, nominal: Floats) -> LeftOut:
    """Return scores, city ranks and grades without each indicator of the scheme.

    The others keep their weights (n, k) in proportion. NaN, 0 and -1 where nothing else is there. A grade that a veto
    sets stays.
    """
    held = np.where(np.isnan(scored.score)[:, None], np.nan, scored.standardised)
    if scheme.missing_rule == weighting.SCORE_0:
        held = np.where(np.isnan(scored.score)[:, None], np.nan, np.nan_to_num(held))
    beside = _beside(scheme, scored)
    score = scheme.full_marks * stability.leave_one_out(held, nominal) + beside[:, None]
    found = LeftOut(score, *(np.empty(score.shape, dtype=kind) for kind in (np.int32, np.int8)))
    for j, own in enumerate(score.T):
        ranks = ranking.ranks_of(own) if scheme.ties == rank.COMPETITION else rank.rank(own, ties=scheme.ties)
        grades = _grades(scheme, own, ranks, scored.group, rank.group_size(own, scored.group))
        found.rank[:, j] = ranks
        found.grade[:, j] = np.where(scored.vetoed & ~np.isnan(own), scored.grade, grades)
    return found
