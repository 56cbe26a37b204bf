"""Runs in a process of its own: ingests landing areas one after the other by the command line."""

from __future__ import annotations

import ctypes
import json
import resource
import shutil
import signal
import sys
import time
from pathlib import Path

from landgauge.cli import main
from landgauge.settings import ReadingLimits

from .tables import YEAR

_PR_SET_PDEATHSIG = 1
MARK = "@@ "  # before the name of the folder whose messages follow


def run_all(folders: list[str], answers: Path) -> None:
    """Each folder holds `landing`; beside it come `warehouse` and `first.duckdb`, the state after the first time.

    Where a warehouse came to be everything is done a second time: that must change nothing.
    """
    for folder in folders:
        print(f"{MARK}{folder}", file=sys.stderr, flush=True)
        root, started = Path(folder), time.monotonic()
        codes = [_run(folder)]
        database = root / "warehouse" / "warehouse.duckdb"
        if database.is_file():
            shutil.copyfile(database, root / "first.duckdb")
            codes.append(_run(folder))
        answer = {"folder": folder, "codes": codes, "seconds": time.monotonic() - started, "peak_mb": _peak_mb()}
        with answers.open("a") as out:
            out.write(json.dumps(answer) + "\n")


def _peak_mb() -> int:
    """Peak memory of the run; the reading process counts where it went beyond the limit that it sets itself."""
    run, reading = _own_peak_mb(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return run if reading <= ReadingLimits().memory_mb else max(run, reading)


def _own_peak_mb() -> int:
    """ru_maxrss would also hold what the process that started this one had at its peak; VmHWM begins anew."""
    status = Path("/proc/self/status")
    if not status.is_file():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(peak.split()[1]) // 1024


def _run(folder: str) -> int:
    return main(["ingest", "--landing", f"{folder}/landing", "--warehouse", f"{folder}/warehouse", "--year", str(YEAR)])


def _end_with_parent() -> None:
    """A harness that is killed leaves no child that waits for ever."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    _end_with_parent()
    run_all(sys.argv[2:], Path(sys.argv[1]))
