"""What every method is given and returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.forecast.gm11 import AccuracyGrade

Floats = NDArray[np.float64]
Codes = NDArray[np.int8]
Ints = NDArray[np.int64]

NO_BASE = "no_value_in_base_year"
TOO_FEW = "too_few_points"
NOT_POSITIVE = "value_not_positive"
LEVEL_RATIOS = "level_ratio_outside_band"
POSTERIOR = "posterior_test_failed"
LOOSE_FIT = "log_residuals_above_limit"
NOT_USABLE = "forecast_not_positive_and_finite"
NO_DRIVER = "driver_missing"
FLAT_DRIVER = "driver_without_change"
WORSE = "worse_than_naive"
NONE_USED = "no_method_used"
FEW_ERRORS = "too_few_errors"
REASONS = (
    "",
    NO_BASE,
    TOO_FEW,
    NOT_POSITIVE,
    LEVEL_RATIOS,
    POSTERIOR,
    LOOSE_FIT,
    NOT_USABLE,
    NO_DRIVER,
    FLAT_DRIVER,
    WORSE,
    NONE_USED,
    FEW_ERRORS,
)
PASSED = 0


def reason_code(reason: str) -> np.int8:
    """Return the place of a reason in REASONS; raises ValueError for one that is not there."""
    return np.int8(REASONS.index(reason))


@dataclass(frozen=True)
class Forecast:
    """The next years of n series: `values` (n, steps), NaN where `reason` (n,) is not 0 (its place in REASONS)."""

    values: Floats
    reason: Codes


@dataclass(frozen=True)
class Limits:
    """A method's own limits: least number of points, largest sd of log residuals, accuracy grades of GM(1,1)."""

    min_points: int = 2
    max_log_residual_sd: float = np.inf
    grades: tuple[AccuracyGrade, ...] = ()


# (k, m) values without a gap, (k, m) of the driver or None, steps, limits → the next steps and what speaks against
Core = Callable[[Floats, Floats | None, int, Limits], Forecast]


@dataclass(frozen=True)
class Method:
    """A method's name in Chinese, how it works on rows of equal length, and the fewest points it can work with."""

    name_zh: str
    core: Core
    fewest: int
    takes_driver: bool = False


def run_lengths(values: Floats, most: int) -> Ints:
    """Return (T, n): the length of the unbroken run that ends in each year, at most `most`; 0 where there is none."""
    there = np.isfinite(values).T
    result = np.zeros(there.shape, dtype=np.int64)
    length = np.zeros(there.shape[1], dtype=np.int64)
    for year, known in enumerate(there):
        length = np.where(known, length + 1, 0)
        result[year] = length
    return np.minimum(result, most)


def rejected(reason: str, rows: int, steps: int) -> Forecast:
    """Return no forecast for that many rows, all for one reason."""
    return Forecast(np.full((rows, steps), np.nan), np.full(rows, reason_code(reason)))


def tested(values: Floats, tests: Sequence[tuple[str, NDArray[np.bool_]]]) -> Forecast:
    """Return a forecast without the rows that fail a test (reason, (n,) failed); the first that fails is named."""
    reason = np.zeros(len(values), dtype=np.int8)
    for name, failed in tests:
        reason = np.where((reason == PASSED) & failed, reason_code(name), reason)
    return Forecast(np.where((reason == PASSED)[:, None], values, np.nan), reason)
