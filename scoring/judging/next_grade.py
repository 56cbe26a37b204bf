"""The smallest change that reaches the next grade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring import rank
from scoring import weights as weighting
from scoring.judging.scored import Scored
from scoring.scheme import IndicatorRule, Scheme
from scoring.standardise import MIN_MAX, POSITIVE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# why a needed value is missing, in the order in which a reason goes before the next
NEXT_REASONS = ("veto", "group_too_small", "value_missing", "no_weight", "cap", "no_value_reaches_it")
VETO, GROUP_TOO_SMALL, VALUE_MISSING, NO_WEIGHT, CAP, NO_VALUE = range(1, len(NEXT_REASONS) + 1)
_FULL_AT_ONE = ("reverse_linear", "limit", "min_max")  # standardisations that give no more than 1
_MARGIN = 1e-12  # beyond the border by this share, so that rounding does not leave a needed value short of it


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
    needed = needed_standardised(scored.score, target, weights, scored.standardised, scheme.full_marks)
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
        better, target = next_band(scored.score, [g.min_score for g in scheme.grades])
    else:
        shares = [g.max_share for g in scheme.grades]
        plain = rank.grade_by_shares(
            rank.rank(scored.score, scored.group, scheme.ties), rank.group_size(scored.score, scored.group), shares
        )
        better, target = next_place(scored.score, scored.group, plain, shares, scheme.ties)
    set_by_veto = np.where(np.isnan(scored.score), -1, np.maximum(scored.grade - 1, -1))
    return np.where(scored.vetoed, set_by_veto, better), np.where(scored.vetoed, np.nan, target)


def _needed(scored: Scored, j: int, rule: IndicatorRule, goal: Floats) -> tuple[Floats, NDArray[np.int8]]:
    """The raw value (n) of one indicator, and why there is none."""
    out = np.isinf(goal)
    own, ideal, standardised = scored.values[:, j], scored.ideals[:, j], scored.standardised[:, j]
    if rule.standardisation == MIN_MAX:
        own = _on_the_line(rule, own, standardised)
    value = value_of(np.where(out, np.nan, goal), own, ideal, standardised, rule.standardisation, rule.direction)
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


def needed_standardised(
    score: Floats, target: Floats, weights: Floats, standardised: Floats, full_marks: float
) -> Floats:
    """Return the standardised value (n, k) with which each single indicator would lift the score to the target (n).

    The others stay as they are: s + (target - score) / (full marks × weight). NaN where the indicator has no weight,
    the unit no score, or nothing above it to reach (target NaN).
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        lift = (target - score)[:, None] / (full_marks * weights)
    return np.where(weights > 0, standardised + lift, np.nan)


def next_band(score: Floats, lower_bounds: Sequence[float]) -> tuple[NDArray[np.int64], Floats]:
    """Return the index (n) of the next better band and its lower bound; -1 and NaN in the best band or unscored.

    `lower_bounds` fall, best first, as in `rank.grade_by_bands`.
    """
    bounds = np.asarray(lower_bounds, dtype=float)
    own = np.searchsorted(-bounds, -score, side="left")
    better = np.where(np.isnan(score), -1, own - 1)
    return better, np.where(better >= 0, bounds[np.maximum(better, 0)], np.nan)


def next_place(
    score: Floats, group: Ints, grade: Ints, upper_shares: Sequence[float], ties: str
) -> tuple[Ints, Floats]:
    """Return the next better grade (n) of grades by shares of ranks, and the score (n) that reaches it.

    It is the score of the unit at the border, which keeps its place: who draws level shares its rank. -1 and NaN for
    the best grade and for units without a score or group (< 0); NaN alone where the group is too small for anybody to
    have a better grade. A grade in which the group has no place is passed over.
    """
    shares = np.asarray(upper_shares, dtype=float)
    better, target = np.full(len(score), -1, dtype=np.int64), np.full(len(score), np.nan)
    rows = np.flatnonzero(~np.isnan(score) & (group >= 0))
    rows = rows[np.argsort(group[rows], kind="stable")]
    for members in np.split(rows, np.flatnonzero(np.diff(group[rows])) + 1):
        if len(members):
            better[members], target[members] = _next_place(score[members], grade[members], shares, ties)
    return better, target


def _next_place(score: Floats, grade: Ints, shares: Floats, ties: str) -> tuple[Ints, Floats]:
    falling = -np.sort(-score) if ties == rank.COMPETITION else -np.unique(-score)
    own = np.where(grade < 0, len(shares), grade)
    above = np.maximum(own - 1, 0)
    last = np.array([_last_place(share, len(score)) for share in shares])[above]
    place = np.clip(last, 1, len(falling))
    reached = np.searchsorted(shares, place / len(score), side="left")
    better = np.where(own == 0, -1, np.where(last > 0, np.minimum(reached, above), above))
    return better, np.where((own > 0) & (last > 0), falling[place - 1], np.nan)


def _last_place(share: float, size: int) -> int:
    """Return the last rank whose part of the group is within the share, by the division that the grades use."""
    ranks = np.arange(max(int(share * size) - 1, 0), min(int(share * size) + 2, size) + 1)
    return int(ranks[ranks / size <= share].max())


def value_of(needed: Floats, value: Floats, ideal: Floats, standardised: Floats, method: str, direction: str) -> Floats:
    """Return the raw values (n) whose standardised value is `needed` (caps apart); NaN where none from 0 on has it.

    `value` and `standardised` are what the units have: under min_max the ends stay where they are, and the line goes
    through the unit's own point and the best end; below the least end (on the floor) it is not known.
    """
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if method == "target_ratio":
            found = needed * ideal if direction == POSITIVE else ideal / needed
        elif method == "reverse_linear":
            found = ideal * (2.0 - 2.0 * needed)
        elif method == "limit":
            found = np.where((needed <= 1) & (standardised < 1), ideal, np.nan)
        else:
            found = value + (needed - standardised) * (ideal - value) / (1.0 - standardised)
            found = np.where((needed <= 1) & (standardised < 1), found, np.nan)
        found = np.where((method == "reverse_linear") & (found < 0), np.nan, found)
    return np.where(np.isfinite(found), found, np.nan)
