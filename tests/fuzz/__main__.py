"""`make fuzz`: mutated files of all formats through the command line; exit 1 where an invariant breaks."""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from landgauge.settings import ReadingLimits

from . import batch, config_mutations
from .cases import Case, generate
from .invariants import Problem
from .landing import BATCH, KEYS, keep

CONFIGURATION = 20  # every twentieth case is a mapping.yml or city.yml


def main(argv: list[str] | None = None) -> int:
    options = _options().parse_args(argv)
    started, failures, summary = time.monotonic(), 0, Summary()
    batch.good_state()
    with ThreadPoolExecutor(options.jobs) as pool:
        for future in as_completed([pool.submit(_run, group, options) for group in _groups(options)]):
            cases, outcome = future.result()
            failures += _report(cases, outcome, options.keep, summary)
            done = sum(summary.files.values())
            print(f"{done} files, {failures} failures, {time.monotonic() - started:.0f} s", flush=True)
    summary.show()
    print(f"{sum(summary.files.values())} mutated files, {failures} failures, {time.monotonic() - started:.0f} s")
    return 1 if failures else 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--files", type=int, default=2400, help="mutated files")
    parser.add_argument("--start", type=int, default=0, help="number of the first file")
    parser.add_argument("--only", type=int, help="this file alone")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--seconds",
        type=float,
        default=20 + ReadingLimits().seconds,  # a reading that is stopped by its own limit is no hang
        help="that one file may take before it counts as hanging",
    )
    parser.add_argument("--jobs", type=int, default=max(len(os.sched_getaffinity(0)), 1))
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where failing files are kept")
    return parser


def _groups(options: argparse.Namespace) -> list[list[int]]:
    """Batches of numbers; a batch is either of data files or of configurations, every twentieth number."""
    numbers = [options.only] if options.only is not None else range(options.start, options.start + options.files)
    kinds = [[n for n in numbers if (n % CONFIGURATION == 0) == wanted] for wanted in (True, False)]
    return [kind[at : at + BATCH] for kind in kinds for at in range(0, len(kind), BATCH)]


def _run(numbers: list[int], options: argparse.Namespace) -> tuple[list[Case], batch.Outcome]:
    if numbers[0] % CONFIGURATION == 0:
        cases = [config_mutations.generate(options.seed, number, 0) for number in numbers]
        return cases, batch.run_configurations(cases, options.seconds)
    cases = [generate(options.seed, number, number % KEYS) for number in numbers]
    try:
        return cases, batch.run(cases, options.seconds)
    except Exception:  # a warehouse that cannot even be looked at is a failure like any other
        return cases, batch.Outcome([(Problem(traceback.format_exc()), cases)])


class Summary:
    """Counts by format and mutation."""

    def __init__(self) -> None:
        self.files, self.loaded, self.rejected, self.failed = Counter(), Counter(), Counter(), Counter()

    def add(self, case: Case, state: str | None, failed: bool) -> None:
        key = (case.format, case.mutation)
        self.files[key] += 1
        self.loaded[key] += state == "loaded"
        self.rejected[key] += state == "rejected"
        self.failed[key] += failed

    def show(self) -> None:
        print(f"{'format':<16}{'mutation':<32}{'files':>6}{'loaded':>8}{'rejected':>9}{'failed':>7}")
        for key in sorted(self.files):
            counts = f"{self.files[key]:>6}{self.loaded[key]:>8}{self.rejected[key]:>9}{self.failed[key]:>7}"
            print(f"{key[0]:<16}{key[1]:<32}{counts}")


def _report(cases: list[Case], outcome: batch.Outcome, folder: Path, summary: Summary) -> int:
    failed = {case.number for _, culprits in outcome.problems for case in culprits if len(culprits) == 1}
    for case in cases:
        summary.add(case, outcome.states.get(case.number), case.number in failed)
    for problem, culprits in outcome.problems:
        place = keep(folder, problem.text, culprits)
        of = ", ".join(f"{c.number} ({c.format}, {c.mutation}, {c.main!r})" for c in culprits[:3])
        print(f"FAILED {of}: {problem.text}\n  kept in {place}", flush=True)
    return len(outcome.problems)


if __name__ == "__main__":
    sys.exit(main())
