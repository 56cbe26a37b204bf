"""Conformal intervals pooled over series: how far off forecasts of that horizon have been, newest origins first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.forecast.backtest import BackTest
from scoring.forecast.rules import ActivityRules

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

WHOLE = "00"  # the industry code of all industries


@dataclass(frozen=True)
class Levels:
    """Series of one measure by how large a whole they are: `of` (n,) the level of each, `pools` of each level.

    Pools (n,) are nested: the level's own series, those that are wholes (or parts) like it, all.
    """

    of: NDArray[np.int64]
    pools: tuple[tuple[Bools, ...], ...]


def levels(district: Sequence[str], industry: Sequence[str], city: str) -> Levels:
    """Return the levels of series: the city or a district, all industries or one of them."""
    top, whole = np.equal(np.asarray(district), city), np.equal(np.asarray(industry), WHOLE)
    _, first, of = np.unique(2 * top + whole, return_index=True, return_inverse=True)
    nested = [[of == of[i], whole == whole[i], np.ones(len(of), dtype=bool)] for i in first]
    return Levels(of, tuple(_distinct(pools) for pools in nested))


def _distinct(pools: Sequence[Bools]) -> tuple[Bools, ...]:
    """Nested pools without those that hold the same series as a narrower one."""
    sizes = [int(pool.sum()) for pool in pools]
    return tuple(pool for i, pool in enumerate(pools) if sizes[i] not in sizes[:i])


def level_widths(scores: Floats, of: Levels, rules: ActivityRules) -> Floats:
    """Return (T, L, H): widths by level, from its own scores where they are enough, else from the next wider pool."""
    known: dict[bytes, Floats] = {}
    result = np.full((len(scores), len(of.pools), scores.shape[2]), np.nan)
    for level, pools in enumerate(of.pools):
        for pool in pools:
            key = pool.tobytes()
            known[key] = known[key] if key in known else _quantiles(scores[:, pool], rules)
            result[:, level] = np.where(np.isnan(result[:, level]), known[key], result[:, level])
    return _widening(result)


def widths(scores: Floats, rules: ActivityRules) -> Floats:
    """Return (T, H): the half width, in units of a score, that each origin could have given; NaN: too few scores.

    `scores` (T, n, H), NaN where there is none. With m scores the ceil((m+1) x coverage)-th smallest, which must be one
    of them; the newest origins whose outcome was known, until `interval_scores` are together. Widths do not shrink with
    the horizon.
    """
    return _widening(_quantiles(scores, rules))


def _widening(result: Floats) -> Floats:
    return np.where(np.isnan(result), np.nan, np.fmax.accumulate(result, axis=-1))


def _quantiles(scores: Floats, rules: ActivityRules) -> Floats:
    years, _, steps = scores.shape
    result = np.full((years, steps), np.nan)
    for step in range(steps):
        pools = [row[np.isfinite(row)] for row in scores[:, :, step]]
        for origin in range(step + 1, years):
            result[origin, step] = _quantile(_newest(pools, origin - step - 1, rules.interval_scores), rules)
    return result


def _newest(pools: list[Floats], newest: int, enough: int) -> Floats:
    taken, count = [], 0
    for pool in reversed(pools[: newest + 1]):
        if count >= enough:
            break
        taken.append(pool)
        count += len(pool)
    return np.concatenate(taken)


def _quantile(scores: Floats, rules: ActivityRules) -> float:
    place = math.ceil((len(scores) + 1) * rules.coverage - 1e-9)
    if len(scores) < rules.min_scores or place > len(scores):
        return math.nan
    return float(np.partition(scores, place - 1)[place - 1])


def score(test: BackTest, method: int, errors: Floats, rules: ActivityRules) -> Floats:
    """Return the scores (T, n, H) of one method: errors in units of the scale, or of the forecast's own size."""
    if not rules.scale_by_forecast:
        return errors[method]
    size = np.abs(test.forecast[method])
    there = np.isfinite(errors[method]) & (size > 0)
    return np.abs(test.actual - test.forecast[method]) / np.where(there, size, np.nan)


def half_widths(width: Floats, scale: Floats, values: Floats, rules: ActivityRules) -> Floats:
    """Return the half widths (…, n, H) of forecasts `values` from widths (…, 1 or n, H) and scales (…, n)."""
    return width * (np.abs(values) if rules.scale_by_forecast else scale[..., None])
