"""The workload `job`: its engines side by side, each run in a process of its own, with equal answers."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import measure
from benchmarks.job import answer, data
from benchmarks.job.step import DUCK, PEERS
from benchmarks.plan import Plan
from benchmarks.record import Row

ENGINES = (*DUCK, *PEERS)
ELSEWHERE = ("polars", "spark")  # in an environment of their own
_FINISHED = "finished"


def engines(plan: Plan) -> tuple[str, ...]:
    """Return the engines that can be run: those asked for, less those whose environment is not there."""
    return tuple(e for e in plan.engines or ENGINES if e in ENGINES and (e not in ELSEWHERE or plan.peers.is_file()))


def run(plan: Plan) -> Iterator[Row]:
    """Yield a row for each run of each engine, in turn; raises SystemExit where two answers differ."""
    source = plan.folder / "data" / plan.name
    data.write(source, plan.size)
    expected: dict[str, float] = {}
    for repeat in range(1, plan.repeats + 1):
        for engine in engines(plan):
            folder = plan.folder / "job" / f"{plan.name}_{engine}"
            row = _run(plan, engine, source, folder)
            found = answer.answer(folder)
            apart = answer.differences(expected, found) if expected else []
            expected = expected or found
            if apart:
                raise SystemExit(f"job {plan.name}: {engine} differs in {', '.join(apart[:5])}")
            yield {"engine": engine, "repeat": repeat, **row, "checksum": answer.checksum(found)}


def _run(plan: Plan, engine: str, source: Path, folder: Path) -> measure.Figures:
    """Run one engine; with yearly files what a killed run has finished stands."""
    if not plan.size.yearly_files or (folder / _FINISHED).is_file():
        shutil.rmtree(folder, ignore_errors=True)
    python = str(plan.peers) if engine in ELSEWHERE else sys.executable
    limits = ("--threads", str(plan.threads), *(("--memory", plan.memory) if plan.memory else ()))
    size = (str(plan.size.parcels), str(plan.size.enterprises), str(plan.size.years), str(int(plan.size.yearly_files)))
    figures = measure.in_process("benchmarks.job.step", engine, *size, str(source), str(folder), *limits, python=python)
    (folder / _FINISHED).touch()
    return figures
