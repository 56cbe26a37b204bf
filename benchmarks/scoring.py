"""Weights from data and judgement and the score of many units, beside plain numpy and pymcdm, with equal answers.

    python -m benchmarks.scoring [--rows 10000000] [--groups 20] [--units 100000] [--draws 1000] [--repeats 3]

First grouped entropy weights, their linear combination with given ones, and the score of all rows, each way in a
process of its own; `beyond_mb` is the peak of memory above what the input needs. Then ranks and grades of units under
draws of weights.
"""

from __future__ import annotations

import argparse
import resource
from functools import partial

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Figures, in_process, machine, report, side_by_side, timed
from scoring import rank
from scoring.deriving import combine, objective
from scoring.deriving.refusal import Undefined
from scoring.judging import stability

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
COLUMNS, ALPHA, SEED = 12, 0.5, 7
SHIFT = 1e-4  # the library takes no zeros
AGREED = 1e-9
GRADES = (0.75, 0.6, 0.45, -np.inf)


def main() -> None:
    """Run the benchmark, or one step of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {"rows": 10_000_000, "groups": 20, "units": 100_000, "draws": 1_000, "repeats": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--step", choices=(*WAYS, "draws"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step == "draws":
        report(_draws(options.units, options.draws))
    elif options.step:
        report(_score(options.step, options.rows, options.groups))
    else:
        _compare(options)


def _compare(options: argparse.Namespace) -> None:
    """Run each way in a process of its own; ends with a message where they differ."""
    print(f"{machine()}; {options.rows:,} rows x {COLUMNS}, {options.groups} groups")
    given = [f"--{name}={getattr(options, name)}" for name in ("rows", "groups", "units", "draws")]
    steps = {step: partial(in_process, "benchmarks.scoring", "--step", step, *given) for step in (*WAYS, "draws")}
    found = side_by_side(steps, options.repeats)
    for name, figures in found.items():
        print(f"{name}: " + ", ".join(f"{k} {v:.9g}" for k, v in figures.items()))
    for way in WAYS:
        apart = abs(found[way]["checksum"] / found["landgauge"]["checksum"] - 1)
        if apart > AGREED:
            raise SystemExit(f"{way} differs by {apart:g}")


def _score(way: str, rows: int, groups: int) -> Figures:
    rng = np.random.default_rng(SEED)
    values, group = rng.random((rows, COLUMNS)), rng.integers(0, groups, rows)
    judged = rng.dirichlet(np.ones(COLUMNS))
    before = _peak_mb()
    figures: Figures = {}
    with timed(figures):
        scores = WAYS[way](values, group, groups, judged)
    figures["beyond_mb"] = _peak_mb() - before
    figures["checksum"] = float(np.sum(scores))
    return figures


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def landgauge(values: Floats, group: Ints, groups: int, judged: Floats) -> Floats:
    """The project's own."""
    found = objective.grouped(values, group, groups, "entropy", shift=SHIFT)
    weights = [judged if isinstance(f, Undefined) else combine.linear(judged, f.weights, ALPHA) for f in found]
    return combine.weighted(values, np.array(weights), group)


def plain_numpy(values: Floats, group: Ints, groups: int, judged: Floats) -> Floats:
    """The formulas of a textbook on whole arrays."""
    scores = np.empty(len(values))
    for number in range(groups):
        own = values[group == number]
        scaled = (own - own.min(axis=0)) / (own.max(axis=0) - own.min(axis=0)) + SHIFT
        share = scaled / scaled.sum(axis=0)
        information = -(share * np.log(share)).sum(axis=0) / np.log(len(own))
        scores[group == number] = own @ (ALPHA * judged + (1 - ALPHA) * (1 - information) / (1 - information).sum())
    return scores


def pymcdm(values: Floats, group: Ints, groups: int, judged: Floats) -> Floats:
    """The library's entropy weights of the values normalised by the range."""
    from pymcdm import weights as library

    scores = np.empty(len(values))
    for number in range(groups):
        own = values[group == number]
        entropy = library.entropy_weights(objective.normalise(own) + SHIFT)
        scores[group == number] = own @ (ALPHA * judged + (1 - ALPHA) * entropy)
    return scores


WAYS = {"landgauge": landgauge, "plain_numpy": plain_numpy, "pymcdm": pymcdm}


def _draws(units: int, draws: int) -> Figures:
    rng = np.random.default_rng(SEED)
    values, weights = rng.random((units, COLUMNS)), rng.dirichlet(np.ones(COLUMNS))

    def judge(score: Floats) -> tuple[Ints, Ints]:
        return stability.ranks_of(score), rank.grade_by_bands(score, list(GRADES))

    _, grade = judge(values @ weights)
    figures: Figures = {}
    with timed(figures):
        several = stability.draws_of_weights(weights, 100.0, draws, SEED)
        found = stability.under_weights(values, several, grade, judge, False, 0.05, 0.95)
    figures["checksum"] = float(found.grade_probability.sum())
    return figures


if __name__ == "__main__":
    main()
