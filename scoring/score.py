"""Weighted score of a block of units, taken apart into its components.

Every step works on columns, so a block can be any part of the units: the result of a unit does not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring import weights as weighting
from scoring.beside import limited
from scoring.scheme import IndicatorRule, Scheme
from scoring.standardise import MIN_MAX, bounded, min_max, standardise

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RATED, NO_VALUE, TOO_LITTLE_PRESENT, VALUE_MISSING, IDEAL_MISSING = range(5)
REASONS = (None, "no_value", "present_weight_below_minimum", "value_missing", "ideal_value_missing")


@dataclass(frozen=True)
class Beside:
    """What scoring needs beside values and ideal values, for n units, k indicators and m adjustments of the scheme.

    `worsts` (n, k): the value that earns the floor share under min_max. `excluded` (n): 0, or the number from 1 of the
    scheme's not-rated class that holds the unit. `points` (n, m): points of each adjustment, 0 where it does not hold.
    """

    worsts: Floats | None = None
    excluded: NDArray[np.int8] | None = None
    points: Floats | None = None

    def slice(self, start: int, stop: int) -> Beside:
        """Return the same for a part of the units."""
        parts = (None if part is None else part[start:stop] for part in (self.worsts, self.excluded, self.points))
        return Beside(*parts)


@dataclass(frozen=True)
class Block:
    """Scores of n units and their components (n, k), one column for each indicator of the scheme.

    `reason` indexes REASONS, and behind them the not-rated classes of the scheme. `adjustments` (n, m + l) are the
    points beside the weighted score and what the scheme's l limits take back of them, NaN for units that are not
    rated; they are part of the score. Units that are not rated
    have NaN as score, weight and contribution, and 0 as obstacle degree. `imputed` marks standardised values that stand
    for a missing one (rule `group_mean`).
    """

    values: Floats
    ideals: Floats
    standardised: Floats
    weights: Floats
    contributions: Floats
    obstacles: Floats
    imputed: Bools
    score: Floats
    reason: NDArray[np.int8]
    adjustments: Floats | None = None


def standardise_block(scheme: Scheme, values: Floats, ideals: Floats, worsts: Floats | None = None) -> Floats:
    """Return the standardised values (n, k) of raw values and ideal values of the same shape; missing is NaN.

    `worsts` (n, k) are the other ends of min_max, which without them standardises nothing.
    """
    columns = [
        _standardised(i, values[:, j], ideals[:, j], None if worsts is None else worsts[:, j])
        for j, i in enumerate(scheme.indicators)
    ]
    return np.column_stack(columns) if columns else np.empty_like(values)


def _standardised(rule: IndicatorRule, value: Floats, ideal: Floats, worst: Floats | None) -> Floats:
    if rule.standardisation != MIN_MAX:
        return standardise(value, ideal, rule.standardisation, rule.direction, rule.cap, rule.floor)
    other = np.full(len(value), np.nan) if worst is None else worst
    return bounded(min_max(value, ideal, other, rule.floor_share), rule.cap, rule.floor)


def score_block(
    scheme: Scheme, values: Floats, ideals: Floats, fill: Floats | None = None, beside: Beside | None = None
) -> Block:
    """Score n units: values and ideal values (n, k) in the order of the scheme's indicators, missing as NaN.

    score = full marks x Σ weight x standardised / Σ weight, so that full marks come out exactly, plus the points of
    the adjustments; contributions and points add up to it. `fill` (n, k) gives the group means that stand for missing
    items under the rule `group_mean`.
    """
    nominal = np.array([i.weight for i in scheme.indicators])
    beside = beside or Beside()
    own = standardise_block(scheme, values, ideals, beside.worsts)
    measured = ~np.isnan(own)
    used = own if scheme.missing_rule != weighting.GROUP_MEAN or fill is None else np.where(measured, own, fill)
    present = ~np.isnan(used)
    rated = weighting.is_rated(nominal, measured, scheme.missing_rule, scheme.min_present_weight)
    if beside.excluded is not None:
        rated = rated & (beside.excluded == 0)
    points = np.where(rated[:, None], limited(scheme, _points(scheme, beside, len(values))), np.nan)
    effective = np.where(rated[:, None], weighting.effective(nominal, present, scheme.missing_rule), np.nan)
    earned = np.where(present, used, 0.0)
    return Block(
        values=values,
        ideals=ideals,
        standardised=used,
        weights=effective,
        contributions=scheme.full_marks * effective * earned,
        obstacles=obstacle_degree(effective, earned),
        imputed=present & ~measured,
        score=np.where(rated, _total(scheme, nominal, present, earned), np.nan) + points.sum(axis=1),
        reason=_reasons(scheme, rated, measured, values, beside.excluded),
        adjustments=points,
    )


def _points(scheme: Scheme, beside: Beside, units: int) -> Floats:
    return np.zeros((units, len(scheme.adjustments))) if beside.points is None else beside.points


def obstacle_degree(weights: Floats, standardised: Floats) -> Floats:
    """Return w x max(0, 1 - s) for each indicator, divided by its sum over the unit (n, k).

    Each row sums to 1, or is 0 throughout where nothing is short of its ideal or the unit is not rated. Source of the
    form: obstacle degree O = F I / Σ F I with I = 1 - s; the bound keeps uncapped ratios above 1 from counting.
    """
    lack = np.nan_to_num(weights, nan=0.0) * np.maximum(0.0, 1.0 - np.nan_to_num(standardised, nan=1.0))
    total = lack.sum(axis=1, keepdims=True)
    return np.divide(lack, total, out=np.zeros_like(lack), where=total > 0)


def group_means(standardised: Floats, group: NDArray[np.int64], groups: int) -> Floats:
    """Return the mean (groups, k) of what is present in each group; NaN where a group has nothing of an indicator."""
    means = np.full((groups, standardised.shape[1]), np.nan)
    for j in range(standardised.shape[1]):
        there = ~np.isnan(standardised[:, j]) & (group >= 0)
        count = np.bincount(group[there], minlength=groups)
        total = np.bincount(group[there], weights=standardised[there, j], minlength=groups)
        means[:, j] = np.divide(total, count, out=np.full(groups, np.nan), where=count > 0)
    return means


def _total(scheme: Scheme, nominal: Floats, present: Bools, earned: Floats) -> Floats:
    """Weighted mean times full marks, added column by column."""
    everything = np.ones_like(present) if scheme.missing_rule == weighting.SCORE_0 else present
    points = np.zeros(len(earned))
    for j, weight in enumerate(nominal):
        points += weight * earned[:, j]
    with np.errstate(invalid="ignore", divide="ignore"):
        return scheme.full_marks * (points / weighting.present_weight(nominal, everything))


def _reasons(
    scheme: Scheme, rated: Bools, measured: Bools, values: Floats, excluded: NDArray[np.int8] | None
) -> NDArray[np.int8]:
    known = ~np.isnan(values)
    result = np.full(len(rated), TOO_LITTLE_PRESENT, dtype=np.int8)
    if scheme.missing_rule == weighting.NOT_RATED:
        result[:] = VALUE_MISSING
    result[~known.any(axis=1)] = NO_VALUE
    result[(known & ~measured).any(axis=1)] = IDEAL_MISSING
    result[rated] = RATED
    return result if excluded is None else np.where(excluded > 0, len(REASONS) - 1 + excluded, result).astype(np.int8)
