"""How sure rank, grade and score of scored units are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring import rank
from scoring import weights as weighting
from scoring.judging import stability
from scoring.judging.scored import Scored
from scoring.scheme import Scheme

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StabilitySettings:
    """How weights are drawn, from the seed scoring_setting."""

    concentration: float
    draws: int
    least_draws: int
    unit_draws: int
    seed: int
    low: float
    high: float
    flag_below: float

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
        )

    def draws_for(self, units: int) -> int:
        """Return how many draws that many units get: fewer where units x draws would pass the limit."""
        return max(min(self.draws, self.unit_draws // max(units, 1)), min(self.draws, self.least_draws), 1)


def under_weights(
    scheme: Scheme, scored: Scored, nominal: Floats, index: Ints, chosen: StabilitySettings
) -> tuple[stability.Stability, int]:
    """Return city ranks and grades of the rated units under weights drawn around the nominal ones, and the draws.

    `nominal` (g, k) are the weights of each group of weights and `index` (n) the unit's group.
    """
    rated = ~np.isnan(scored.score)
    number = chosen.draws_for(int(rated.sum()))
    draws = np.stack([stability.draws_of_weights(w, chosen.concentration, number, chosen.seed) for w in nominal])
    beside, sizes = scored.beside, rank.group_size(scored.score, scored.group)  # who is rated does not change

    def judge(mean: Floats) -> tuple[Ints, Ints]:
        score = scheme.full_marks * mean + beside
        ranks = stability.ranks_of(score) if scheme.ties == rank.COMPETITION else rank.rank(score, ties=scheme.ties)
        return ranks, np.where(scored.vetoed, scored.grade, _grades(scheme, score, ranks, scored.group, sizes))

    held = np.where(rated[:, None], scored.standardised, np.nan)
    reweighted = scheme.missing_rule != weighting.SCORE_0
    found = stability.under_weights(held, draws, scored.grade, judge, reweighted, chosen.low, chosen.high, index)
    return found, number


def _grades(scheme: Scheme, score: Floats, in_city: Ints, group: Ints, sizes: Ints) -> Ints:
    if not scheme.grades:
        return np.full(len(score), -1, dtype=np.int64)
    if scheme.grade_rule == "bands":
        return rank.grade_by_bands(score, [g.min_score for g in scheme.grades])
    ranks = rank.rank(score, group, scheme.ties) if scheme.grade_rule == "shares_in_group" else in_city
    return rank.grade_by_shares(ranks, sizes, [g.max_share for g in scheme.grades])


def bounds_by_missing(scheme: Scheme, scored: Scored, nominal: Floats) -> tuple[Floats, Floats]:
    """Return the lowest and highest score (n) that a rated unit's missing values could give.

    Each missing item at the scheme's floor and cap; where the scheme sets none, at the least and greatest value that
    any unit has, and an item that no unit has at nothing and at full marks. `nominal` (n, k) are the scheme's weights.
    """
    measured = np.where(scored.imputed, np.nan, scored.standardised)
    lowest = np.array([_bound(measured[:, j], r.floor, 0.0, np.min) for j, r in enumerate(scheme.indicators)])
    highest = np.array([_bound(measured[:, j], r.cap, 1.0, np.max) for j, r in enumerate(scheme.indicators)])
    shares = nominal / nominal.sum(axis=1, keepdims=True)
    low, high = stability.bounds_by_missing(measured, shares, lowest, highest)
    known = np.where(np.isnan(scored.score), np.nan, scored.beside)
    complete = ~(np.isnan(measured) & (nominal > 0)).any(axis=1)
    return (
        np.where(complete, scored.score, scheme.full_marks * low + known),
        np.where(complete, scored.score, scheme.full_marks * high + known),
    )


def _bound(column: Floats, given: float | None, otherwise: float, end: Callable[[Floats], float]) -> float:
    there = column[~np.isnan(column)]
    return given if given is not None else float(end(there)) if len(there) else otherwise
