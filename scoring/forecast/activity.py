"""Activity: every method's forecast of every series, their combination, its interval, and what adds up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from scoring.forecast import combination, conformal, reconcile
from scoring.forecast.backtest import BackTest, backtest, last, run_lengths, scales
from scoring.forecast.combination import COMBINATION
from scoring.forecast.conformal import Levels
from scoring.forecast.methods import REASONS, Forecast, reason_code
from scoring.forecast.methods.base import FEW_ERRORS, NONE_USED, WORSE
from scoring.forecast.panel import Panel, after_breaks, suspected_break
from scoring.forecast.reconcile import Link
from scoring.forecast.rules import ActivityRules

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Hierarchy:
    """What adds up to what: the code of the city, and the industry above each industry (`00` above the highest)."""

    city: str = ""
    parents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Measured:
    """The forecast of one measure: M methods, n series, H years ahead; NaN where there is none.

    `panel`: the series up to the base year, without years before a declared break. `forecast` (M, n, H), `reason`
    (M, n, H) into REASONS why it is not used, and `weight` (M, n, H) in the combination, by method; `combination`
    (n, H) their weighted mean; `reconciled` (n, H) made to add up; `low`, `high` (n, H) around `reconciled`;
    `half_width` (M + 1, n, H) of each method, the combination last; `links`: what adds up; `test`, `errors`, `width`:
    the back-test with the combination as its last method, its errors in units of the scale (M + 1, T, n, H), and the
    widths each origin could have given (M + 1, T, L, H) by `levels` of series; `is_cell` (n,): a district's division.
    """

    measure: str
    panel: Panel
    methods: tuple[str, ...]
    forecast: Floats
    reason: NDArray[np.int8]
    weight: Floats
    combination: Floats
    reconciled: Floats
    low: Floats
    high: Floats
    half_width: Floats
    suspected_break: Ints
    links: tuple[Link, ...]
    test: BackTest
    errors: Floats
    width: Floats
    levels: Levels
    is_cell: NDArray[np.bool_]

    def path(self, district: str, industry: str) -> Floats | None:
        """Return the coherent forecast (H,) of one district and industry, None where there is no such series."""
        return self._row(self.reconciled, district, industry)

    def _row(self, values: Floats, district: str, industry: str) -> Floats | None:
        there = (self.panel.district_code == district) & (self.panel.industry_code == industry)
        place = np.flatnonzero(there)
        return values[place[0]] if len(place) else None


@dataclass(frozen=True)
class Activity:
    """The forecasts of all measures from a base year for `years` (H,), by measure name in order."""

    base_year: int
    years: Ints
    measures: Mapping[str, Measured]


def activity(panel: Panel, base_year: int, rules: ActivityRules, hierarchy: Hierarchy = Hierarchy()) -> Activity:
    """Forecast every series of the panel from what was known in the base year.

    Series are pooled with those of their own measure: for the weights of the combination and for its intervals. A
    series without a value in the base year has no forecast and says so.
    """
    known = after_breaks(panel.until(base_year), rules.breaks)
    years = base_year + np.arange(1, rules.steps + 1)
    names = sorted(set(known.measure))
    return Activity(base_year, years, {name: _measured(known, name, rules, hierarchy) for name in names})


def _measured(panel: Panel, measure: str, rules: ActivityRules, hierarchy: Hierarchy) -> Measured:
    rows = panel.measure == measure
    own = panel.where(rows)
    wanted = {m.driver for m in rules.methods if m.driver and m.driver != measure}
    drivers = {name: panel.aligned(name)[rows] for name in sorted(wanted)}
    test = backtest(own.values, drivers, rules)
    errors = test.errors()
    start = np.array([m.start_weight for m in rules.methods])
    weights = combination.origin_weights(test, errors, start, rules)
    joint = combination.combined(test, weights)
    errors = np.concatenate([errors, test.errors_of(joint)[None]])
    test = test.with_method(COMBINATION, joint)
    of = conformal.levels(own.district_code, own.industry_code, hierarchy.city)
    scores = (conformal.score(test, m, errors, rules) for m in range(len(errors)))
    width = np.stack([conformal.level_widths(score, of, rules) for score in scores])
    found = last(own.values, drivers, rules)
    return _result(own, measure, found, weights[-1], test, errors, width, of, rules, hierarchy)


def _result(
    own: Panel,
    measure: str,
    found: list[Forecast],
    pooled: Floats,
    test: BackTest,
    errors: Floats,
    width: Floats,
    of: Levels,
    rules: ActivityRules,
    hierarchy: Hierarchy,
) -> Measured:
    values, reason = np.stack([f.values for f in found]), np.stack([f.reason for f in found])
    weight = combination.series_weights(pooled, reason == 0)
    mixed = combination.combine(values, pooled, reason == 0)
    lengths = run_lengths(own.values, rules.fit_years)
    scale = scales(own.values, lengths, rules.scale_floor_share)[-1]
    every = np.concatenate([values, mixed[None]])
    half = conformal.half_widths(width[:, -1][:, of.of], scale, every, rules)
    chain = _links(own, hierarchy)
    coherent = _coherent(own, mixed, errors[-1], scale, chain)
    floor = np.where(own.values[:, -1] >= 0, 0.0, -np.inf)[:, None]
    return Measured(
        measure=measure,
        panel=own,
        methods=test.methods[:-1],
        forecast=values,
        reason=_judged(reason, pooled, errors, rules),
        weight=weight,
        combination=mixed,
        reconciled=coherent,
        low=np.maximum(coherent - half[-1], floor),
        high=coherent + half[-1],
        half_width=half,
        suspected_break=suspected_break(own, rules.suspected_break_spread),
        links=tuple(chain),
        test=test,
        errors=errors,
        width=width,
        levels=of,
        is_cell=_cells(own, hierarchy.city),
    )


def _judged(reason: NDArray[np.int8], pooled: Floats, errors: Floats, rules: ActivityRules) -> NDArray[np.int8]:
    """Reasons (M, n, H): a method's own, else why it has no weight at a horizon."""
    known = np.isfinite(errors[:-1]).sum(axis=(1, 2, 3)) >= rules.min_scores
    why = np.where(known, reason_code(WORSE), reason_code(FEW_ERRORS))[:, None, None]
    return np.where((reason == 0)[:, :, None] & (pooled == 0)[:, None], why, reason[:, :, None]).astype(np.int8)


def _cells(own: Panel, city: str) -> NDArray[np.bool_]:
    """Tell which series (n,) are a district's division."""
    digits = np.array([code.isdigit() and code != reconcile.WHOLE for code in own.industry_code], dtype=bool)
    return digits & (own.district_code != city)


def _links(own: Panel, hierarchy: Hierarchy) -> list[Link]:
    return reconcile.links(own.district_code, own.industry_code, own.values[:, -1], hierarchy.city, hierarchy.parents)


SHRINK = 10.0  # trials: a series with few back-tests is taken to err like the others


def _coherent(own: Panel, mixed: Floats, errors: Floats, scale: Floats, chain: list[Link]) -> Floats:
    """Reconcile by the variance of each series' back-test errors: pooled squared error times its scale squared."""
    if not chain:
        return mixed.copy()
    squares = np.where(np.isfinite(errors), errors, 0.0) ** 2
    trials = np.isfinite(errors).sum(axis=(0, 2))
    pooled = squares.sum() / max(int(trials.sum()), 1) or 1.0
    each = (squares.sum(axis=(0, 2)) + SHRINK * pooled) / (trials + SHRINK)
    level = np.abs(np.nan_to_num(own.values[:, -1]))
    size = np.where(np.isfinite(scale), scale, 1e-3 * level)
    variance = each * np.maximum(size, 1e-9 * float(level.max()) + 1e-300) ** 2
    known = np.isfinite(mixed[:, 0])
    filled = np.where(known[:, None], mixed, 0.0)
    done = reconcile.reconcile(filled, variance, chain, own.values[:, -1] < 0)
    return np.where(known[:, None], done, np.nan)


def reasons(codes: NDArray[np.int8]) -> NDArray[np.object_]:
    """Return the names of reasons (any shape), None for none."""
    names = np.array([None, *REASONS[1:]], dtype=object)
    return names[codes]


__all__ = ["NONE_USED", "Activity", "Hierarchy", "Measured", "activity", "reasons"]
