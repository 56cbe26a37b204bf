"""Rolling-origin back-test of every method and series: what each origin year would have said of the years after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.forecast.methods import Forecast, forecast, run_lengths
from scoring.forecast.rules import ActivityRules

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Drivers = Mapping[str, Floats]  # measure → its values (n, T) beside the series


@dataclass(frozen=True)
class BackTest:
    """Trials of M methods from T origins (the columns of the panel) for n series and H horizons.

    `forecast` (M, T, n, H): NaN without a forecast; `actual` (T, n, H): NaN where the year is not known; `scale`
    (T, n): mean absolute yearly change in the run known at the origin, NaN where it is 0 or too few years are known.
    """

    methods: tuple[str, ...]
    forecast: Floats
    actual: Floats
    scale: Floats

    def errors(self) -> Floats:
        """Return |actual - forecast| / scale (M, T, n, H); NaN where there is no trial."""
        return self.errors_of(self.forecast)

    def errors_of(self, values: Floats) -> Floats:
        """Return the errors of forecasts (…, T, n, H) in units of the scale."""
        result = np.subtract(self.actual, values)
        np.abs(result, out=result)
        result /= self.scale[:, :, None]
        return result

    def with_method(self, name: str, values: Floats) -> BackTest:
        """Return the back-test with the forecasts (T, n, H) of one more method."""
        return BackTest((*self.methods, name), np.concatenate([self.forecast, values[None]]), self.actual, self.scale)


def backtest(values: Floats, drivers: Drivers, rules: ActivityRules) -> BackTest:
    """Forecast from every origin before the last column of values (n, T) with what was known then."""
    series, years = values.shape
    lengths = run_lengths(values, rules.fit_years)
    made = np.full((len(rules.methods), years, series, rules.steps), np.nan)
    for origin in range(years - 1):
        steps = min(rules.steps, years - 1 - origin)
        for place, found in enumerate(_from(values, drivers, lengths[origin], origin, steps, rules)):
            made[place, origin, :, :steps] = found.values
    names = tuple(m.name for m in rules.methods)
    scale = scales(values, lengths, rules.scale_floor_share)
    enough = np.where(lengths >= rules.backtest_min_points, scale, np.nan)
    return BackTest(names, made, _actual(values, rules.steps), enough)


def last(values: Floats, drivers: Drivers, rules: ActivityRules) -> list[Forecast]:
    """Return each method's forecast from the last column of values (n, T)."""
    lengths = run_lengths(values, rules.fit_years)
    return list(_from(values, drivers, lengths[-1], values.shape[1] - 1, rules.steps, rules))


def _from(
    values: Floats, drivers: Drivers, lengths: Ints, origin: int, steps: int, rules: ActivityRules
) -> Iterator[Forecast]:
    """Each method's forecast from one origin."""
    known = values[:, : origin + 1]
    for method in rules.methods:
        driver = drivers.get(method.driver)
        yield forecast(
            method.name, known, lengths, steps, method.limits, None if driver is None else driver[:, : origin + 1]
        )


def _actual(values: Floats, steps: int) -> Floats:
    """The values h = 1 … steps years after each column: (T, n, steps)."""
    ahead = np.hstack([values, np.full((len(values), steps), np.nan)])
    windows = np.lib.stride_tricks.sliding_window_view(ahead, steps, axis=1)[:, 1:]
    return np.ascontiguousarray(np.moveaxis(windows, 1, 0))


def scales(values: Floats, lengths: Ints, floor_share: float) -> Floats:
    """Return (T, n) the mean absolute yearly change of the run of `lengths` (T, n) that ends in each column.

    It is at least the floor's share of the run's mean size; NaN where the run has one year or is 0 throughout.
    """
    result = np.full(lengths.shape, np.nan)
    for origin, run in enumerate(lengths):
        for length in np.unique(run[run > 1]):
            rows = np.flatnonzero(run == length)
            x = values[rows, origin + 1 - length : origin + 1]
            change = np.abs(np.diff(x, axis=1)).mean(axis=1)
            result[origin, rows] = np.maximum(change, floor_share * np.abs(x).mean(axis=1))
    return np.where(result > 0, result, np.nan)
