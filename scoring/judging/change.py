"""What made a score change between two years."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring import weights as weighting
from scoring.judging.scored import Scored
from scoring.scheme import IndicatorRule, Scheme
from scoring.standardise import METHODS, standardise

Floats = NDArray[np.float64]

PREVIOUS, CURRENT = 0, 1
NO_EFFECT_REASONS = ("not_rated", "year_not_published", "no_previous_score", "not_comparable")
NOT_RATED, NOT_PUBLISHED, NO_PREVIOUS, NOT_COMPARABLE = range(1, len(NO_EFFECT_REASONS) + 1)
_ROUNDING = 1e-12  # of full marks


def effects(score: Callable[..., Floats], factors: int) -> list[Floats]:
    """Split score(1, 1, …) - score(0, 0, …) into one effect (n) for each factor, in the order of the arguments.

    `score` gives the scores (n) with each factor as it was in the previous (0) or is in the current year (1). An
    effect is the factor's Shapley value: what changing it alone adds, averaged over every order in which the factors
    can be changed one after the other. So no factor is favoured by coming first, and the effects add up to the
    change up to rounding. Where a score is NaN its effects are.
    """
    states = {state: score(*state) for state in itertools.product((PREVIOUS, CURRENT), repeat=factors)}
    return [_shapley(states, factor, factors) for factor in range(factors)]


def _shapley(states: dict[tuple[int, ...], Floats], factor: int, factors: int) -> Floats:
    whole = math.factorial(factors)
    total: Floats = np.zeros_like(states[(PREVIOUS,) * factors])
    for state, without in states.items():
        if state[factor] == CURRENT:
            continue
        done = sum(state)
        share = math.factorial(done) * math.factorial(factors - done - 1) / whole
        total = total + share * (states[(*state[:factor], CURRENT, *state[factor + 1 :])] - without)
    return total


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

    data, ideal, weight = effects(score, 3)
    base_now, base_before = now.score - now.beside, before.score - before.beside
    rules = (base_now - score(1, 1, 1)) - (base_before - score(0, 0, 0))
    rules = np.where(np.abs(rules) < _ROUNDING * scheme.full_marks, 0.0, rules)  # rounding
    reason = np.where(np.isnan(data + ideal + weight), NOT_COMPARABLE, 0).astype(np.int8)
    reason[np.isnan(before.score)] = NO_PREVIOUS
    reason[np.isnan(now.score)] = NOT_RATED
    return Change(data + now.beside - before.beside, ideal, weight + rules, reason)


def no_changes(now: Scored) -> Change:
    """Return no effects: no earlier year of the scheme is published."""
    nothing = np.full(len(now.score), np.nan)
    reason = np.where(np.isnan(now.score), NOT_RATED, NOT_PUBLISHED).astype(np.int8)
    return Change(nothing, nothing, nothing, reason)


def not_comparable(now: Scored, before: Scored) -> Change:
    """Return no effects: the rules that gave the scores of this year are no longer known."""
    nothing = np.full(len(now.score), np.nan)
    reason = np.full(len(now.score), NOT_COMPARABLE, dtype=np.int8)
    reason[np.isnan(before.score)] = NO_PREVIOUS
    reason[np.isnan(now.score)] = NOT_RATED
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
