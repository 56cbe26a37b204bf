"""What every benchmark here needs: a step in a process of its own, its seconds and peak memory, and the machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import psutil

from benchmarks import others

Figures = dict[str, Any]


def machine() -> str:
    """Processor count, memory and versions: what a figure is worth nothing without."""
    memory = psutil.virtual_memory().total / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {memory:.0f} GiB, Python {platform.python_version()}, DuckDB {duckdb.__version__}"


@contextmanager
def timed(figures: Figures, name: str = "seconds") -> Iterator[None]:
    """Add the wall and CPU seconds of a block to the figures."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    figures[name] = time.perf_counter() - wall
    figures[f"cpu_{name}"] = time.process_time() - cpu


def report(figures: Figures) -> None:
    """Print a step's figures and the peak memory of its process as the last line, for `in_process`.

    A step that has put its own peak there keeps it.
    """
    figures.setdefault("peak_mb", peak_mb())
    print(json.dumps(figures))


def peak_mb(process: int | None = None) -> float:
    """Peak resident memory of this process, or of another; the kernel's usual figure may be that of its starter."""
    status = Path(f"/proc/{process or 'self'}/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def in_process(module: str, *arguments: str, python: str = sys.executable) -> Figures:
    """Run `python -m module arguments` and return what it reports."""
    root = Path(__file__).resolve().parents[1]
    command = [python, "-m", module, *arguments]
    done = subprocess.run(command, cwd=root, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def side_by_side(steps: dict[str, Callable[[], Figures]], repeats: int) -> dict[str, Figures]:
    """Run the steps in turn, several times; returns the medians of their figures, and the checksums, which agree."""
    found: dict[str, list[Figures]] = {name: [] for name in steps}
    for number in range(1, repeats + 1):
        for name, step in steps.items():
            found[name].append(step())
            shown = ", ".join(f"{k} {v:.2f}" for k, v in found[name][-1].items() if isinstance(v, float))
            print(f"  {number}/{repeats} {name}: {shown}", flush=True)
    middle = {name: _middle(several) for name, several in found.items()}
    others.keep(middle)
    return middle


def _middle(several: list[Figures]) -> Figures:
    first = several[0]
    return {k: median(f[k] for f in several) if isinstance(v, float) else v for k, v in first.items()}


def compare(
    module: str, purpose: str | None, steps: dict[str, Callable[[Path, Path], Figures]], source: Callable[..., Path]
) -> dict[str, Figures] | None:
    """Be the command line of a benchmark that runs steps on one file side by side, each in a process of its own.

    A step gets the file and an empty folder; `source(folder, rows)` returns the file. Returns the medians of each
    step's figures, or None in the process of a step.
    """
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--step", choices=tuple(steps), help=argparse.SUPPRESS)
    options = parser.parse_args()
    folder = options.folder.resolve()
    path = source(folder, options.rows)
    if options.step:
        own = folder / f"{module}_{options.step}"
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir(parents=True)
        report(steps[options.step](path, own))
        return None
    given = ("--rows", str(options.rows), "--folder", str(folder))
    print(f"{machine()}; {options.rows:,} rows, {path.stat().st_size / 1e6:.0f} MB")
    runs = {name: partial(in_process, module, "--step", name, *given) for name in steps}
    return side_by_side(runs, options.repeats)
