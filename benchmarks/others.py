"""The benchmarks of single parts, by name: each keeps its own command, options and comparison."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import record

MODULES = ("rules", "ingest", "pairing", "marts", "scoring", "forecast", "gate", "contracts")
_PLACE, _NAME = "LANDGAUGE_BENCHMARK_RESULTS", "LANDGAUGE_BENCHMARK_NAME"


def run(name: str, arguments: Sequence[str], results: Path) -> None:
    """Run a benchmark; what it measures side by side becomes rows of the results."""
    given = os.environ | {_PLACE: str(results.resolve()), _NAME: " ".join((name, *arguments))}
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *arguments], env=given, cwd=record.ROOT, check=True)


def keep(found: dict[str, dict[str, object]]) -> None:
    """Add the medians of a benchmark's steps to the results, where `run` has started it."""
    if _PLACE not in os.environ:
        return
    name, *arguments = os.environ[_NAME].split(" ")
    shared = {"workload": name, "arguments": arguments, "commit": record.commit(), "machine": record.machine()}
    for engine, figures in found.items():
        versions = record.versions(sys.executable)
        record.append(Path(os.environ[_PLACE]), shared | {"engine": engine, "figures": figures, "versions": versions})
