"""Rows of results: what was measured, where and of which commit, one JSON object a line."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psutil

Row = dict[str, Any]
ROOT = Path(__file__).resolve().parents[1]
COMMITTED = ROOT / "benchmarks" / "results.jsonl"
_PACKAGES = ("duckdb", "numpy", "pandas", "polars", "pyarrow", "pyspark")
_LISTED = (
    "import importlib.metadata as m, json, sys; "
    "print(json.dumps({d.name: d.version for d in m.distributions() if d.name in sys.argv[1:]}))"
)


def machine() -> Row:
    """Return processor, cores, memory and system: what a figure is worth nothing without."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": _processor(),
        "cores": cores,
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def versions(python: str) -> Row:
    """Return the versions that an environment has of Python and of the libraries measured."""
    done = subprocess.run([python, "-c", _LISTED, *_PACKAGES], stdout=subprocess.PIPE, text=True, check=True)
    return {"python": platform.python_version(), **dict(sorted(json.loads(done.stdout).items()))}


def commit() -> str:
    """Return the commit that is measured, with a mark where files differ from it."""
    given = ["git", "-C", str(ROOT), "describe", "--always", "--abbrev=10", "--dirty", "--exclude", "*"]
    done = subprocess.run(given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return done.stdout.strip() or importlib.metadata.version("landgauge")


def busy() -> float:
    """Return how many other processes wanted a processor in the last minute, on average."""
    return round(os.getloadavg()[0], 1)


def append(path: Path, row: Row) -> None:
    """Add a row to a file of results."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(_rounded(row), ensure_ascii=False) + "\n")


def read(paths: Iterable[Path]) -> list[Row]:
    """Return the rows of the files that are there, in order."""
    lines = (line for path in paths if path.is_file() for line in path.read_text(encoding="utf-8").splitlines())
    return [json.loads(line) for line in lines if line.strip()]


def _rounded(value: Any) -> Any:
    """Figures to the millisecond; more would be noise."""
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, 3) if isinstance(value, float) else value
