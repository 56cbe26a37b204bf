"""Forecasts of activity: how often intervals cover what comes, and how long 10,000 series take beside statsforecast.

    python -m benchmarks.forecast coverage [--seeds 1 2 3 4 5] [--series 4000] [--years 20]
    python -m benchmarks.forecast speed [--series 10000] [--years 20] [--sample 200] [--repeats 3]

`coverage` makes series by four generators, two of them with a break, forecasts from the last known year and looks at
the ten years that follow, which the forecast never saw. All series are generated. `speed` forecasts with back-test,
combination and intervals by five closed-form methods; statsforecast fits AutoETS to a sample, once, without a
back-test, and is left out where it is not installed.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import machine
from landgauge import policy
from scoring.forecast import rules
from scoring.forecast.activity import Measured, activity
from scoring.forecast.panel import Panel
from scoring.forecast.rules import ActivityRules

Floats = NDArray[np.float64]

LAST_YEAR = 2024
AHEAD = 10
WARM_UP = 20  # years before the first that is shown
CLOSED_FORM = ("naive", "drift", "trend", "log_linear", "gm11")
BROKEN_SHARE, BREAK_SIZE = 1 / 3, 0.6


def main() -> None:
    """Run one of the two."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    covers = commands.add_parser("coverage", help="measured coverage by generator, seed and horizon")
    covers.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    covers.add_argument("--series", type=int, default=4_000)
    covers.add_argument("--years", type=int, default=20)
    takes = commands.add_parser("speed", help="seconds of the whole activity step")
    for name, value in {"series": 10_000, "years": 20, "sample": 200, "repeats": 3}.items():
        takes.add_argument(f"--{name}", type=int, default=value)
    options = parser.parse_args()
    if options.command == "coverage":
        _coverage(options)
    else:
        _speed(options)


def shipped() -> ActivityRules:
    """The policy as it is shipped, without the methods that need a driver: generated series have none."""
    own = rules.read({name: policy.rows(name) for name in rules.SEEDS})
    return replace(own, steps=AHEAD, breaks=(), methods=tuple(m for m in own.methods if not m.driver))


def smooth(count: int, years: int, rng: np.random.Generator) -> Floats:
    """Growth rates that stay: each series has its own, and departs from it slowly and little."""
    own, innovation = rng.normal(0.05, 0.03, (count, 1)), rng.normal(0, 0.012, (count, years + WARM_UP))
    growth = np.zeros((count, years + WARM_UP))
    for year in range(1, years + WARM_UP):
        growth[:, year] = 0.8 * growth[:, year - 1] + innovation[:, year]
    path = np.cumsum(own + growth[:, WARM_UP:], axis=1) + rng.normal(0, 0.003, (count, years))
    return np.exp(rng.normal(10, 1, (count, 1)) + path)


def noisy(count: int, years: int, rng: np.random.Generator) -> Floats:
    """A random walk with drift, heavy tails, a spread of its own for each series, and errors of measurement."""
    own, spread = rng.normal(0.05, 0.03, (count, 1)), rng.uniform(0.04, 0.12, (count, 1))
    steps = own + spread * rng.standard_t(5, (count, years)) / np.sqrt(5 / 3)
    path = np.cumsum(steps, axis=1) + rng.normal(0, 0.04, (count, years))
    return np.exp(rng.normal(10, 1, (count, 1)) + path)


def broken_known(count: int, years: int, rng: np.random.Generator) -> Floats:
    """As `noisy`; a third of the series loses 40 % in one of the last five years before the ten that are forecast."""
    return _broken(noisy(count, years, rng), years - AHEAD - 5, years - AHEAD, rng)


def broken_ahead(count: int, years: int, rng: np.random.Generator) -> Floats:
    """As `noisy`; a third of the series loses 40 % in one of the ten years that are forecast, as never before."""
    return _broken(noisy(count, years, rng), years - AHEAD, years, rng)


def _broken(values: Floats, first: int, end: int, rng: np.random.Generator) -> Floats:
    when = rng.integers(first, end, len(values))
    falls = (rng.random(len(values)) < BROKEN_SHARE)[:, None] & (np.arange(values.shape[1]) >= when[:, None])
    return np.where(falls, values * BREAK_SIZE, values)


GENERATORS: dict[str, Callable[[int, int, np.random.Generator], Floats]] = {
    "smooth": smooth,
    "noisy": noisy,
    "broken_known": broken_known,
    "broken_ahead": broken_ahead,
}


def forecasts(values: Floats, own: ActivityRules) -> Measured:
    """The activity step on series (n, T) that end in LAST_YEAR."""
    count, years = values.shape
    names = np.array([f"{i:06d}" for i in range(count)], dtype=object)
    whole, measure = np.full(count, "00", dtype=object), np.full(count, "generated", dtype=object)
    panel = Panel(measure, names, whole, np.arange(LAST_YEAR - years + 1, LAST_YEAR + 1), values)
    return activity(panel, LAST_YEAR, own).measures["generated"]


def covered(generator: str, count: int, years: int, seed: int, own: ActivityRules) -> tuple[Floats, int]:
    """Return the share of series inside the interval by horizon (H,), and how many have one."""
    values = GENERATORS[generator](count, years + own.steps, np.random.default_rng(seed))
    found = forecasts(values[:, :years], own)
    coming = values[:, years:]
    given = np.isfinite(found.low)
    inside = (coming >= found.low) & (coming <= found.high) & given
    share = inside.sum(axis=0) / np.where(given.any(axis=0), given.sum(axis=0), np.nan)
    return share, int(given.all(axis=1).sum())


def _coverage(options: argparse.Namespace) -> None:
    own = shipped()
    print(f"generated series, {options.years} known years; nominal {own.coverage:.2f}; by horizon 1 … {own.steps}")
    for generator in GENERATORS:
        lowest, highest = np.inf, -np.inf
        for seed in options.seeds:
            share, given = covered(generator, options.series, options.years, seed, own)
            lowest, highest = min(lowest, np.nanmin(share)), max(highest, np.nanmax(share))
            print(f"{generator:12s} seed {seed}, {given:,} series: " + " ".join(f"{s:.3f}" for s in share))
        print(f"{generator:12s} {lowest:.3f} to {highest:.3f}; shortfall {max(own.coverage - lowest, 0):.3f}")


def _speed(options: argparse.Namespace) -> None:
    own = shipped()
    five = replace(own, methods=tuple(m for m in own.methods if m.name in CLOSED_FORM))
    values = noisy(options.series, options.years, np.random.default_rng(1))
    print(f"{machine()}; {options.series:,} series x {options.years} years, {five.steps} years ahead")
    for name, chosen in (("five closed-form methods", five), ("all six methods", own)):
        wall, cpu = min(_timed(values, chosen) for _ in range(options.repeats))
        print(f"{name}, back-test, combination, intervals: {wall:.2f} s ({cpu:.2f} s of processor), best of runs")
    _statsforecast(values[: options.sample], five.steps, options.series)


def _timed(values: Floats, own: ActivityRules) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    forecasts(values, own)
    return time.perf_counter() - wall, time.process_time() - cpu


def _statsforecast(sample: Floats, steps: int, series: int) -> None:
    if not importlib.util.find_spec("statsforecast"):
        print("statsforecast is not installed and left out")
        return
    from statsforecast.models import AutoETS

    AutoETS(season_length=1, model="ZZN").forecast(y=sample[0], h=steps)  # compiles
    wall, cpu = time.perf_counter(), time.process_time()
    for row in sample:
        AutoETS(season_length=1, model="ZZN").forecast(y=row, h=steps, level=[90])
    wall, cpu = (time.perf_counter() - wall) / len(sample), (time.process_time() - cpu) / len(sample)
    print(f"statsforecast AutoETS, one fit a series without back-test, sample of {len(sample)} (shares of {series:,}):")
    print(f"  about {wall * series:.0f} s ({cpu * series:.0f} s of processor)")


if __name__ == "__main__":
    main()
