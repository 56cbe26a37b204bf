"""Methods that follow a driver: another measure of the same district and industry, carried on by its own mean growth.

x and the driver are (k, m) without a gap; what the driver does next is never known, in a back-test neither.
"""

from __future__ import annotations

import numpy as np

from scoring.forecast.methods.base import (
    FLAT_DRIVER,
    NO_DRIVER,
    NOT_POSITIVE,
    Floats,
    Forecast,
    Limits,
    rejected,
    tested,
)

LEAST_CHANGE = 1e-6  # of the driver's logarithm, sd: less says nothing about what follows from a change


def regression(x: Floats, driver: Floats | None, steps: int, _limits: Limits) -> Forecast:
    """The least-squares line of the series on the driver, from the last value: x_t = x_0 + b (d_t - d_0)."""
    if driver is None:
        return rejected(NO_DRIVER, len(x), steps)
    known, positive, d = _known(driver)
    apart = d - d.mean(axis=1)[:, None]
    square = np.einsum("ij,ij->i", apart, apart)
    flat = square <= (LEAST_CHANGE * np.abs(d).max(axis=1)) ** 2 * d.shape[1]
    b = np.einsum("ij,ij->i", apart, x - x.mean(axis=1)[:, None]) / np.where(flat, 1.0, square)
    values = x[:, -1:] + b[:, None] * (_ahead(d, steps) - d[:, -1:])
    return tested(values, ((NO_DRIVER, ~known), (NOT_POSITIVE, ~positive), (FLAT_DRIVER, flat)))


def elasticity(x: Floats, driver: Floats | None, steps: int, _limits: Limits) -> Forecast:
    """Ratio of the growth rates of series and driver over the run, compound: x_t = x_0 (d_t / d_0)^E."""
    if driver is None:
        return rejected(NO_DRIVER, len(x), steps)
    known, positive, d = _known(driver)
    own = (x > 0).all(axis=1)
    growth = np.log(np.where(own, x[:, -1], 1.0)) - np.log(np.where(own, x[:, 0], 1.0))
    moved = np.log(d[:, -1]) - np.log(d[:, 0])
    flat = np.abs(moved) <= LEAST_CHANGE * d.shape[1]
    ratio = growth / np.where(flat, 1.0, moved)
    values = x[:, -1:] * np.exp(ratio[:, None] * (np.log(_ahead(d, steps)) - np.log(d[:, -1:])))
    return tested(values, ((NO_DRIVER, ~known), (NOT_POSITIVE, ~(positive & own)), (FLAT_DRIVER, flat)))


def _known(driver: Floats) -> tuple[np.ndarray, np.ndarray, Floats]:
    """Whether the driver is known in every year of the run, whether it is above 0, and it with 1 where it is not."""
    known = np.isfinite(driver).all(axis=1)
    positive = (np.where(np.isfinite(driver), driver, 1.0) > 0).all(axis=1)
    return known, positive, np.where((known & positive)[:, None], driver, 1.0)


def _ahead(driver: Floats, steps: int) -> Floats:
    """The driver's next years by its mean growth rate over the run (k, steps)."""
    rate = (np.log(driver[:, -1]) - np.log(driver[:, 0])) / (driver.shape[1] - 1)
    return driver[:, -1:] * np.exp(np.minimum(rate[:, None] * np.arange(1, steps + 1), 300.0))
