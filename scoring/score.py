"""Weighted score of a block of units, taken apart into its components.

Every step works on columns, so a block can be any part of the units: the result of a unit does not depend on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring import weights as weighting
from scoring.scheme import Scheme
from scoring.standardise import standardise

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

RATED, NO_VALUE, TOO_LITTLE_PRESENT, VALUE_MISSING, IDEAL_MISSING = range(5)
REASONS = (None, "no_value", "present_weight_below_minimum", "value_missing", "ideal_value_missing")


@dataclass(frozen=True)
class Block:
    """Scores of n units and their components (n, k), one column for each indicator of the scheme.

    `reason` indexes REASONS. Units that are not rated have NaN as score, weight and contribution, and 0 as obstacle
    degree. `imputed` marks standardised values that stand for a missing one (rule `group_mean`).
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


def standardise_block(scheme: Scheme, values: Floats, ideals: Floats) -> Floats:
    """Return the standardised values (n, k) of raw values and ideal values of the same shape; missing is NaN."""
    columns = [
        standardise(values[:, j], ideals[:, j], i.standardisation, i.direction, i.cap, i.floor)
        for j, i in enumerate(scheme.indicators)
    ]
    return np.column_stack(columns) if columns else np.empty_like(values)


def score_block(scheme: Scheme, values: Floats, ideals: Floats, fill: Floats | None = None) -> Block:
    """Score n units: values and ideal values (n, k) in the order of the scheme's indicators, missing as NaN.

    score = full marks x Σ weight x standardised / Σ weight, so that full marks come out exactly; the contributions
    add up to it. `fill` (n, k) gives the group means that stand for missing items under the rule `group_mean`.
    """
    nominal = np.array([i.weight for i in scheme.indicators])
    own = standardise_block(scheme, values, ideals)
    measured = ~np.isnan(own)
    used = own if scheme.missing_rule != weighting.GROUP_MEAN or fill is None else np.where(measured, own, fill)
    present = ~np.isnan(used)
    rated = weighting.is_rated(nominal, measured, scheme.missing_rule, scheme.min_present_weight)
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
        score=np.where(rated, _total(scheme, nominal, present, earned), np.nan),
        reason=_reasons(scheme, rated, measured, values),
    )


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


def _reasons(scheme: Scheme, rated: Bools, measured: Bools, values: Floats) -> NDArray[np.int8]:
    known = ~np.isnan(values)
    result = np.full(len(rated), TOO_LITTLE_PRESENT, dtype=np.int8)
    if scheme.missing_rule == weighting.NOT_RATED:
        result[:] = VALUE_MISSING
    result[~known.any(axis=1)] = NO_VALUE
    result[(known & ~measured).any(axis=1)] = IDEAL_MISSING
    result[rated] = RATED
    return result
