"""Demand for industrial land by method, scenario and year, combined, with intervals, and adding up over the city.

The combination, its weights and its intervals follow the rules of activity (docs/land-balance.md, A2 to A5) on the
back-test of land itself; where that is too short, policy's weights and the interval of value added stand in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.forecast import combination, conformal
from scoring.forecast.activity import Activity, Measured, reasons
from scoring.forecast.backtest import BackTest, scales
from scoring.forecast.demand_methods import (
    KINDS,
    LAND,
    NO_FORECAST,
    OUTPUT,
    OWN,
    VALUE_ADDED,
    WORKERS,
    Ground,
    Land,
    by_method,
)
from scoring.forecast.land_policy import LandPolicy, Scenario
from scoring.forecast.methods import run_lengths
from scoring.forecast.reconcile import Link, links, reconcile
from scoring.forecast.rules import ActivityRules

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]

ACTIVITIES = (VALUE_ADDED, OUTPUT, WORKERS)
NEUTRAL = Scenario("neutral", 0.0, 0.0, 0.0, 0, 1.0)  # the series as they are: what a back-test forecasts
LAND_MISSING, NONE_USED, WORSE = "land_missing", "no_method_used", "worse_than_naive"
FROM_LAND, FROM_ACTIVITY, FEW = "land_backtest", "activity", "too_few_backtest_errors"


@dataclass(frozen=True)
class Known:
    """What demand is forecast from: n units (district x industry) over T years, the last of them the base year.

    past: by measure (n, T), land and ACTIVITIES, NaN where missing; ahead and own: by activity, and by method of the
    land series itself, what each year says of the years after it (T, n, steps); own_reason: by method (n,) in the base
    year; band: low and high of value added as multiples of its forecast (n, steps).
    """

    district_code: Texts
    industry_code: Texts
    past: Mapping[str, Floats]
    ahead: Mapping[str, Floats]
    own: Mapping[str, Floats]
    own_reason: Mapping[str, Texts]
    band: tuple[Floats, Floats]


@dataclass(frozen=True)
class City:
    """The city's code and the nearest industry of the series above each industry (`00` above the highest)."""

    code: str
    above: Mapping[str, str]


@dataclass(frozen=True)
class Demand:
    """Land in use of n units under a scenario, hectares (n, steps); NaN where there is none.

    methods: each with its reason; weights and half_width (M, n, steps) of each; combined: made to add up; low and
    high of the combined; basis (n, steps) of the interval, None where interval_reason holds.
    """

    scenario: Scenario
    methods: Mapping[str, Land]
    weights: Floats
    half_width: Floats
    combined: Land
    low: Floats
    high: Floats
    basis: Texts


@dataclass(frozen=True)
class Engine:
    """What all scenarios share: pooled weights (M, steps), widths (M + 1, n, steps), scale (n,), what adds up."""

    known: Known
    policy: LandPolicy
    rules: ActivityRules
    ground: Ground
    test: BackTest
    weights: Floats
    widths: Floats
    scale: Floats
    chain: tuple[Link, ...]

    def demand(self, scenario: Scenario) -> Demand:
        """Return the demand under a scenario, the same weights and widths for all."""
        found = by_method(self.ground, scenario, self.policy.methods)
        values = np.stack([m.values for m in found.values()])
        passed = np.isfinite(values[:, :, 0])
        each = combination.series_weights(self.weights, passed)
        land = self._coherent(combination.combine(values, self.weights, passed))
        reason = np.where(
            np.isfinite(land[:, 0]), None, np.where(np.isfinite(self.ground.land), NONE_USED, LAND_MISSING)
        )
        halves = self._halves(np.concatenate([values, land[None]]))
        low, high, basis = self._interval(land, halves[-1])
        return Demand(scenario, self._judged(found), each, halves[:-1], Land(land, reason), low, high, basis)

    def _judged(self, found: Mapping[str, Land]) -> dict[str, Land]:
        """A method without weight in any year says that its back-test was worse than naive; its figures stay."""
        result = {}
        for (name, land), weight in zip(found.items(), self.weights, strict=True):
            worse = np.equal(land.reason, None) & (weight == 0).all()
            result[name] = Land(land.values, np.where(worse, WORSE, land.reason))
        return result

    def _halves(self, values: Floats) -> Floats:
        return conformal.half_widths(self.widths, self.scale, values, self.rules)

    def _interval(self, land: Floats, half: Floats) -> tuple[Floats, Floats, Texts]:
        """From the back-test of land, else as wide as the interval of value added."""
        own = np.isfinite(half) & np.isfinite(land)
        low = np.where(own, np.maximum(land - half, 0.0), np.minimum(land * self.known.band[0], land))
        high = np.where(own, land + half, np.maximum(land * self.known.band[1], land))
        other = ~own & np.isfinite(low) & np.isfinite(high)
        there = own | other
        basis = np.where(own, FROM_LAND, np.where(other, FROM_ACTIVITY, None))
        return np.where(there, low, np.nan), np.where(there, high, np.nan), basis

    def held(self, land: Floats) -> list[Link]:
        """Return what adds up among the units that have a forecast of land (n, steps)."""
        there = np.isfinite(land).all(axis=1)
        return [link for link in self.chain if there[[link.total, *link.parts]].all()]

    def _coherent(self, land: Floats) -> Floats:
        """Make land add up as it does in the base year, among the units that have a forecast."""
        there, chain = np.isfinite(land).all(axis=1), self.held(land)
        if not chain:
            return land
        base = np.where(np.isfinite(self.ground.land), self.ground.land, 0.0)
        wide = np.where(np.isfinite(self.scale), self.scale, 0.0)
        variance = np.maximum(wide, 1e-3 * base + 1e-9) ** 2
        fixed = reconcile(np.where(there[:, None], land, 0.0), variance, chain, np.zeros(len(land), dtype=bool))
        return np.where(there[:, None], fixed, np.nan)


def engine(known: Known, policy: LandPolicy, rules: ActivityRules, city: City) -> Engine:
    """Estimate what all scenarios share from the back-test of land."""
    test = _backtest(known, policy, rules)
    errors = test.errors()
    start = np.array([m.weight for m in policy.methods], dtype=float)
    pooled = combination.origin_weights(test, errors, start, rules)
    test = test.with_method(combination.COMBINATION, combination.combined(test, pooled))
    errors = test.errors()
    of = conformal.levels(known.district_code, known.industry_code, city.code)
    scores = (conformal.score(test, m, errors, rules) for m in range(len(errors)))
    width = np.stack([conformal.level_widths(score, of, rules)[-1] for score in scores])[:, of.of]
    ground = _ground(known, policy, rules, known.past[LAND].shape[1] - 1, rules.steps)
    base = ground.land
    chain = links(known.district_code, known.industry_code, base, city.code, dict(city.above))
    last = scales(known.past[LAND], run_lengths(known.past[LAND], rules.fit_years), rules.scale_floor_share)[-1]
    return Engine(known, policy, rules, ground, test, pooled[-1], width, last, tuple(chain))


def _backtest(known: Known, policy: LandPolicy, rules: ActivityRules) -> BackTest:
    """Forecast land from every year before the base year with what was known, and forecast, then."""
    land = known.past[LAND]
    units, years = land.shape
    made = np.full((len(policy.methods), years, units, rules.steps), np.nan)
    for origin in range(years - 1):
        steps = min(rules.steps, years - 1 - origin)
        if np.isfinite(land[:, origin]).any():
            found = by_method(_ground(known, policy, rules, origin, steps), NEUTRAL, policy.methods)
            made[:, origin, :, :steps] = np.stack([m.values for m in found.values()])
    ahead = np.hstack([land, np.full((units, rules.steps), np.nan)])
    actual = np.stack([ahead[:, o + 1 : o + 1 + rules.steps] for o in range(years)])
    lengths = run_lengths(land, rules.fit_years)
    scale = scales(land, lengths, rules.scale_floor_share)
    scale = np.where(lengths >= rules.backtest_min_points, scale, np.nan)
    return BackTest(tuple(m.method for m in policy.methods), made, actual, scale)


def _ground(known: Known, policy: LandPolicy, rules: ActivityRules, origin: int, steps: int) -> Ground:
    """What was known in one year of the panel, and what it said of the next `steps` years."""
    last = origin == known.past[LAND].shape[1] - 1
    own = {}
    for name in OWN:
        values = known.own[name][origin][:, :steps]
        silent = np.where(np.isfinite(values).all(axis=1), None, NO_FORECAST)
        own[name] = (values, known.own_reason[name] if last else silent)
    return Ground(
        past={name: values[:, : origin + 1] for name, values in known.past.items()},
        ahead={name: known.ahead[name][origin][:, :steps] for name in ACTIVITIES},
        own=own,
        quotas={k: np.array([policy.quota(k, i) for i in known.industry_code], dtype=float) for k in KINDS},
        fit_years=rules.fit_years,
        ideal_years=policy.settings["ideal_years"],
    )


def known(found: Activity, years: int, steps: int) -> Known:
    """Return what demand needs of the forecasts of activity and of land; units are those of any of its measures.

    `years`: T of the panel, which all measures share.
    """
    measures = {name: found.measures.get(name) for name in (LAND, *ACTIVITIES)}
    keys = sorted(
        {key for m in measures.values() if m for key in zip(m.panel.district_code, m.panel.industry_code, strict=True)}
    )
    shape = (years, len(keys), steps)
    places = {name: _places(m, keys) for name, m in measures.items()}
    added = measures[VALUE_ADDED]
    return Known(
        district_code=np.array([d for d, _ in keys], dtype=object),
        industry_code=np.array([i for _, i in keys], dtype=object),
        past={n: _rows(m.panel.values if m else None, places[n], (len(keys), years)) for n, m in measures.items()},
        ahead={n: _told(measures[n], None, places[n], shape) for n in ACTIVITIES},
        own={n: _told(measures[LAND], n, places[LAND], shape) for n in OWN},
        own_reason={n: _own_reason(measures[LAND], n, places[LAND]) for n in OWN},
        band=_band(added, places[VALUE_ADDED], shape[1:]),
    )


def _places(measured: Measured | None, keys: list[tuple[str, str]]) -> NDArray[np.int64]:
    """Where each unit stands among the series of a measure, -1 where it has none."""
    pairs = zip(measured.panel.district_code, measured.panel.industry_code, strict=True) if measured else ()
    there = {key: place for place, key in enumerate(pairs)}
    return np.array([there.get(key, -1) for key in keys], dtype=np.int64)


def _rows(values: Floats | None, places: NDArray[np.int64], shape: tuple[int, int]) -> Floats:
    if values is None or not len(values):
        return np.full(shape, np.nan)
    return np.where((places >= 0)[:, None], values[places], np.nan)


def _told(
    measured: Measured | None, method: str | None, places: NDArray[np.int64], shape: tuple[int, int, int]
) -> Floats:
    """What each year says of the years after it, by a method or (None) by the combination, coherent in the last."""
    if measured is None or (method is not None and method not in measured.methods):
        return np.full(shape, np.nan)
    place = -1 if method is None else measured.methods.index(method)
    told = measured.test.forecast[place].copy()
    told[-1] = measured.reconciled if method is None else measured.forecast[place]
    return np.where((places >= 0)[None, :, None], told[:, places], np.nan)


def _own_reason(measured: Measured | None, method: str, places: NDArray[np.int64]) -> Texts:
    if measured is None or method not in measured.methods:
        return np.full(len(places), NO_FORECAST, dtype=object)
    place = measured.methods.index(method)
    found = np.where(np.isfinite(measured.forecast[place][:, 0]), None, reasons(measured.reason[place][:, 0]))
    return np.where(places >= 0, found[places], LAND_MISSING)


def _band(added: Measured | None, places: NDArray[np.int64], shape: tuple[int, int]) -> tuple[Floats, Floats]:
    if added is None:
        return np.full(shape, np.nan), np.full(shape, np.nan)
    middle = np.where(added.reconciled > 0, added.reconciled, np.nan)
    return _rows(added.low / middle, places, shape), _rows(added.high / middle, places, shape)
