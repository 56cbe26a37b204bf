"""Weights from data and judgement and the score of many units, beside libraries and plain numpy, with equal answers.

    python -m benchmarks.scoring [--rows 10000000] [--groups 20] [--units 100000] [--draws 1000] [--repeats 3]

First grouped entropy weights, their linear combination with given ones, and the score of all rows, each way in a
process of its own; `beyond_mb` is the peak of memory above what the input needs. Then ranks and grades of units under
draws of weights. Every row's result must be equal to 1e-9. scikit-criteria comes with the extra `benchmarks` and is
left out where it is not installed; the results of the rows stand in --folder.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Figures, in_process, machine, report, side_by_side, timed
from scoring import rank
from scoring.deriving import combine, objective
from scoring.deriving.refusal import Undefined
from scoring.judging import ranking, stability

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
COLUMNS, ALPHA, SEED = 12, 0.5, 7
SHIFT = 1e-4  # the library takes no zeros
AGREED = 1e-9
GRADES = (0.75, 0.6, 0.45, -np.inf)
CONCENTRATION, LOW, HIGH = 100.0, 0.05, 0.95


def main() -> None:
    """Run the benchmark, or one step of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value in {"rows": 10_000_000, "groups": 20, "units": 100_000, "draws": 1_000, "repeats": 3}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks/scoring"))
    parser.add_argument("--step", choices=(*WAYS, *DRAWN), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    if not options.step:
        _compare(options)
        return
    if options.step in DRAWN:
        figures, result = _draws(options.step, options.units, options.draws)
    else:
        figures, result = _score(options.step, options.rows, options.groups)
    np.save(options.folder / f"{options.step}.npy", result)
    report(figures)


def _compare(options: argparse.Namespace) -> None:
    """Run each way in a process of its own; ends with a message where a row differs."""
    print(f"{machine()}; {options.rows:,} rows x {COLUMNS}, {options.groups} groups")
    folder = options.folder.resolve()
    given = [f"--{name}={getattr(options, name)}" for name in ("rows", "groups", "units", "draws")]
    given.append(f"--folder={folder}")
    ways = [way for way in WAYS if way != "scikit_criteria" or importlib.util.find_spec("skcriteria")]
    if len(ways) < len(WAYS):
        print("scikit-criteria is not installed and left out")
    steps = {step: partial(in_process, "benchmarks.scoring", "--step", step, *given) for step in (*ways, *DRAWN)}
    found = side_by_side(steps, options.repeats)
    for name, figures in found.items():
        print(f"{name}: " + ", ".join(f"{k} {v:.9g}" for k, v in figures.items()))
    for several in (ways, tuple(DRAWN)):
        _agree(folder, several)


def _agree(folder: Path, steps: Sequence[str]) -> None:
    """End with a message where a row of one of the steps differs from the first one's."""
    own, *others = (np.load(folder / f"{step}.npy", mmap_mode="r") for step in steps)
    for step, other in zip(steps[1:], others, strict=True):
        apart = float(np.max(np.abs(own - other), initial=0.0))
        print(f"{step}: rows differ from those of {steps[0]} by at most {apart:.3g}")
        if not apart <= AGREED:
            raise SystemExit(f"{step} differs by {apart:g}")


def _score(way: str, rows: int, groups: int) -> tuple[Figures, Floats]:
    rng = np.random.default_rng(SEED)
    values, group = rng.random((rows, COLUMNS)), rng.integers(0, groups, rows)
    judged = rng.dirichlet(np.ones(COLUMNS))
    before = _peak_mb()
    figures: Figures = {}
    with timed(figures):
        scores = WAYS[way](values, group, groups, judged)
    figures["beyond_mb"] = _peak_mb() - before
    return figures, scores


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

    return _by_library(library.entropy_weights, values, group, groups, judged)


def scikit_criteria(values: Floats, group: Ints, groups: int, judged: Floats) -> Floats:
    """The library's entropy weights of the values normalised by the range."""
    from skcriteria.preprocessing import weighters

    return _by_library(weighters.entropy_weights, values, group, groups, judged)


def _by_library(
    entropy_weights: Callable[[Floats], Floats], values: Floats, group: Ints, groups: int, judged: Floats
) -> Floats:
    scores = np.empty(len(values))
    for number in range(groups):
        own = values[group == number]
        entropy = entropy_weights(objective.normalise(own) + SHIFT)
        scores[group == number] = own @ (ALPHA * judged + (1 - ALPHA) * entropy)
    return scores


WAYS = {"landgauge": landgauge, "plain_numpy": plain_numpy, "pymcdm": pymcdm, "scikit_criteria": scikit_criteria}


def _draws(way: str, units: int, draws: int) -> tuple[Figures, Floats]:
    """Rows: how often the grade stays, and the lower and upper rank."""
    rng = np.random.default_rng(SEED)
    values, weights = rng.random((units, COLUMNS)), rng.dirichlet(np.ones(COLUMNS))
    figures: Figures = {}
    with timed(figures):
        several = stability.draws_of_weights(weights, CONCENTRATION, draws, SEED)
        result = DRAWN[way](values, weights, several)
    return figures, result


def draws_landgauge(values: Floats, weights: Floats, several: Floats) -> Floats:
    """The project's own."""

    def judge(score: Floats) -> tuple[Ints, Ints]:
        return ranking.ranks_of(score), rank.grade_by_bands(score, list(GRADES))

    _, grade = judge(values @ weights)
    found = stability.under_weights(values, several, grade, judge, False, LOW, HIGH)
    return np.column_stack([found.grade_probability, found.rank_low, found.rank_high])


def draws_plain_numpy(values: Floats, weights: Floats, several: Floats) -> Floats:
    """All ranks of all draws kept and sorted."""
    bounds = np.array(GRADES[-2::-1])
    grade = np.searchsorted(bounds, values @ weights, side="right")
    ranks, same = np.empty((len(values), len(several)), dtype=np.int32), np.zeros(len(values))
    for number, own in enumerate(several):
        score = values @ own
        ranks[:, number] = len(score) - np.searchsorted(np.sort(score), score, side="right") + 1
        same += np.searchsorted(bounds, score, side="right") == grade
    ranks.sort(axis=1)
    last = len(several) - 1
    low, high = ranks[:, int(np.floor(LOW * last))], ranks[:, int(np.ceil(HIGH * last))]
    return np.column_stack([same / len(several), low, high])


DRAWN = {"draws_landgauge": draws_landgauge, "draws_plain_numpy": draws_plain_numpy}


if __name__ == "__main__":
    main()
