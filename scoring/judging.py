"""What follows from a scored scheme: the way to the next grade, how sure rank and grade are, why a score changed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from scoring import change, rank, stability
from scoring import weights as weighting
from scoring.scheme import IndicatorRule, Scheme
from scoring.standardise import METHODS, MIN_MAX, POSITIVE, standardise

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# why a needed value is missing, in the order in which a reason goes before the next
NEXT_REASONS = ("veto", "group_too_small", "value_missing", "no_weight", "cap", "no_value_reaches_it")
VETO, GROUP_TOO_SMALL, VALUE_MISSING, NO_WEIGHT, CAP, NO_VALUE = range(1, len(NEXT_REASONS) + 1)
NO_EFFECT_REASONS = ("not_rated", "year_not_published", "no_previous_score", "not_comparable")
NOT_RATED, NOT_PUBLISHED, NO_PREVIOUS, NOT_COMPARABLE = range(1, len(NO_EFFECT_REASONS) + 1)
_FULL_AT_ONE = ("reverse_linear", "limit", "min_max")  # standardisations that give no more than 1
_MARGIN = 1e-12  # beyond the border by this share, so that rounding does not leave a needed value short of it


@dataclass(frozen=True)
class Scored:
    """n units scored by a scheme, in the order of their codes, with k indicators in the scheme's order.

    `grade` indexes the scheme's grades, -1 without one; `group` is where grades by shares are ranked, -1 outside;
    `vetoed`: the grade is set whatever the score. The matrices (n, k) are those of the score's components.
    """

    codes: pa.Array
    score: Floats
    grade: Ints
    group: Ints
    vetoed: Bools
    values: Floats
    ideals: Floats
    standardised: Floats
    weights: Floats
    contributions: Floats
    imputed: Bools

    @property
    def beside(self) -> Floats:
        """Points (n) of the score that no indicator gave: bonuses and deductions."""
        return self.score - np.where(np.isnan(self.contributions), 0.0, self.contributions).sum(axis=1)


@dataclass(frozen=True)
class NextGrade:
    """For n units the next better grade (-1: none) and its score, and for each indicator (n, k) the value needed.

    `reason` is 0 where a needed value is known, else a number from 1 into NEXT_REASONS.
    """

    grade: Ints
    score: Floats
    value: Floats
    reason: NDArray[np.int8]


def next_grade(scheme: Scheme, scored: Scored, nominal: Floats, better: Ints, target: Floats) -> NextGrade:
    """Return with which value of each single indicator, all else equal, a unit reaches the next better grade.

    `better` and `target` (n) are the grade and its score as `next_score` finds them among all units.

    All else: also the other units' scores, group means and ends of min_max. A value is beyond the border by 1e-12 of
    itself, so that it stands on its better side after rounding. `nominal` (n, k) are the scheme's weights.
    """
    values, reasons = np.full(scored.values.shape, np.nan), np.zeros(scored.values.shape, dtype=np.int8)
    weights = np.nan_to_num(scored.weights)
    needed = change.needed_standardised(scored.score, target, weights, scored.standardised, scheme.full_marks)
    size = np.maximum(np.maximum(np.abs(scored.score), np.abs(target)), scheme.full_marks) / scheme.full_marks
    for j, rule in enumerate(scheme.indicators):
        goal = _goal(rule, needed[:, j], _MARGIN * size, weights[:, j])
        at_cap = np.flatnonzero(goal == _highest(rule))
        short = at_cap[_score_with(scheme, scored, nominal, at_cap, j, _highest(rule)) < target[at_cap]]
        goal[short] = np.inf
        values[:, j], reasons[:, j] = _needed(scored, j, rule, goal)
    reasons[np.isnan(target)] = GROUP_TOO_SMALL
    reasons[scored.vetoed] = VETO
    return NextGrade(better, target, np.where(reasons == 0, values, np.nan), reasons)


def _highest(rule: IndicatorRule) -> float:
    natural = 1.0 if rule.standardisation in _FULL_AT_ONE else np.inf
    return natural if rule.cap is None else min(rule.cap, natural)


def _goal(rule: IndicatorRule, needed: Floats, margin: Floats, weight: Floats) -> Floats:
    """The standardised value (n) to reach: a margin beyond the needed one, at most the cap; inf where that is short."""
    with np.errstate(invalid="ignore", divide="ignore"):
        beyond = needed + margin / weight + _MARGIN * np.abs(needed)
    reachable = needed <= _highest(rule) * (1 + _MARGIN)
    return np.where(reachable, np.minimum(beyond, _highest(rule)), np.inf)


def _score_with(scheme: Scheme, scored: Scored, nominal: Floats, rows: Ints, j: int, value: float) -> Floats:
    """The scores of some units with another standardised value of one indicator, added up as scoring does it."""
    standardised = scored.standardised[rows].copy()
    standardised[:, j] = value
    points, whole = np.zeros(len(rows)), np.zeros(len(rows))
    for column, weight in zip(standardised.T, nominal[rows].T, strict=True):
        there = ~np.isnan(column)
        points += weight * np.where(there, column, 0.0)
        whole += weight * (there | (scheme.missing_rule == weighting.SCORE_0))
    return scheme.full_marks * (points / whole) + scored.beside[rows]


def next_score(scheme: Scheme, scored: Scored) -> tuple[Ints, Floats]:
    """Return the next better grade (n) of each unit, -1 without one, and the score that reaches it.

    NaN where no score does: under a veto, or in a group that is too small.
    """
    if not scheme.grades:
        return np.full(len(scored.score), -1, dtype=np.int64), np.full(len(scored.score), np.nan)
    if scheme.grade_rule == "bands":
        better, target = change.next_band(scored.score, [g.min_score for g in scheme.grades])
    else:
        shares = [g.max_share for g in scheme.grades]
        plain = rank.grade_by_shares(
            rank.rank(scored.score, scored.group, scheme.ties), rank.group_size(scored.score, scored.group), shares
        )
        better, target = change.next_place(scored.score, scored.group, plain, shares, scheme.ties)
    set_by_veto = np.where(np.isnan(scored.score), -1, np.maximum(scored.grade - 1, -1))
    return np.where(scored.vetoed, set_by_veto, better), np.where(scored.vetoed, np.nan, target)


def _needed(scored: Scored, j: int, rule: IndicatorRule, goal: Floats) -> tuple[Floats, NDArray[np.int8]]:
    """The raw value (n) of one indicator, and why there is none."""
    out = np.isinf(goal)
    own, ideal, standardised = scored.values[:, j], scored.ideals[:, j], scored.standardised[:, j]
    if rule.standardisation == MIN_MAX:
        own = _on_the_line(rule, own, standardised)
    value = change.value_of(np.where(out, np.nan, goal), own, ideal, standardised, rule.standardisation, rule.direction)
    if rule.standardisation == "target_ratio" and rule.cap not in (None, 1.0):
        more = 1 + _MARGIN if rule.direction == POSITIVE else 1 - _MARGIN  # beyond the cap costs nothing
        value = np.where(goal == rule.cap, value * more, value)
    reason = np.zeros(len(goal), dtype=np.int8)
    reason[np.isnan(value)] = NO_VALUE
    reason[out] = CAP
    reason[~(np.nan_to_num(scored.weights[:, j]) > 0)] = NO_WEIGHT
    reason[np.isnan(scored.values[:, j]) | np.isnan(ideal)] = VALUE_MISSING
    return value, reason


def _on_the_line(rule: IndicatorRule, own: Floats, standardised: Floats) -> Floats:
    """The values, those beyond a given worst end brought to it; ends of the data are nobody beyond."""
    worst = rule.low if rule.direction == POSITIVE else rule.high
    return own if worst is None else np.where(standardised <= rule.floor_share, worst, own)


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


@dataclass(frozen=True)
class Change:
    """For n units the effects that add up to the change; `reason` is 0, or a number from 1 into NO_EFFECT_REASONS."""

    data: Floats
    ideal: Floats
    weight: Floats
    reason: NDArray[np.int8]


def changes(scheme: Scheme, now: Scored, before: Scored, weights_now: Floats, weights_before: Floats) -> Change:
    """Split the change of each unit's score since the year before into data, ideal values and weights (n each).

    Both years have the same units and columns: the scheme's indicators, then those that it no longer has (weight 0
    now); the weights (n, k) are the nominal ones. What the present rules do not explain of the two published scores
    (other caps, another rule for missing values, other full marks) belongs to the weights; points beside the
    indicators, group means and ends of min_max are data.
    """
    standardised = _in_four_states(scheme, now, before, weights_now, weights_before)
    weights = (weights_before, weights_now)

    def score(data: int, ideal: int, weight: int) -> Floats:
        return scheme.full_marks * _mean(standardised[data, ideal], weights[weight], scheme.missing_rule)

    data, ideal, weight = change.effects(score, 3)
    base_now, base_before = now.score - now.beside, before.score - before.beside
    rules = (base_now - score(1, 1, 1)) - (base_before - score(0, 0, 0))
    rules = np.where(np.abs(rules) < _MARGIN * scheme.full_marks, 0.0, rules)  # rounding
    reason = np.where(np.isnan(data + ideal + weight), NOT_COMPARABLE, 0).astype(np.int8)
    reason[np.isnan(before.score)] = NO_PREVIOUS
    reason[np.isnan(now.score)] = NOT_RATED
    return Change(data + now.beside - before.beside, ideal, weight + rules, reason)


def no_changes(now: Scored) -> Change:
    """Return no effects: no earlier year of the scheme is published."""
    nothing = np.full(len(now.score), np.nan)
    reason = np.where(np.isnan(now.score), NOT_RATED, NOT_PUBLISHED).astype(np.int8)
    return Change(nothing, nothing, nothing, reason)


def _in_four_states(
    scheme: Scheme, now: Scored, before: Scored, weights_now: Floats, weights_before: Floats
) -> dict[tuple[int, int], Floats]:
    """Standardised values (n, k) with the data and the ideal values of the year before (0) or of this one (1)."""
    years = (before, now)
    ideals = [before.ideals.copy(), now.ideals.copy()]
    for own, other, weights in ((0, 1, weights_before), (1, 0, weights_now)):
        new = np.isnan(ideals[own]) & (weights == 0)  # not in the scheme of that year: its ideal value did not change
        ideals[own] = np.where(new, ideals[other], ideals[own])
    found = {}
    for data, ideal in itertools.product((0, 1), repeat=2):
        held = years[data].standardised.copy()
        held[:, len(scheme.indicators) :] = before.standardised[:, len(scheme.indicators) :]
        for j, rule in enumerate(scheme.indicators):
            if rule.standardisation in METHODS:
                own = _standardised(rule, years[data].values[:, j], ideals[ideal][:, j])
                held[:, j] = np.where(years[data].imputed[:, j], held[:, j], own)
        found[data, ideal] = held
    return found


def _standardised(rule: IndicatorRule, values: Floats, ideals: Floats) -> Floats:
    return standardise(values, ideals, rule.standardisation, rule.direction, rule.cap, rule.floor)


def _mean(standardised: Floats, weights: Floats, missing_rule: str) -> Floats:
    present = ~np.isnan(standardised)
    counted = weights * (present | (missing_rule == weighting.SCORE_0))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (weights * np.where(present, standardised, 0.0)).sum(axis=1) / counted.sum(axis=1)
    return np.where((present & (weights > 0)).any(axis=1), mean, np.nan)
