"""Real runs as forked children: each is `landgauge` whole, in a process group of its own.

Importing the project takes longer than half of its stages. One process imports it once, opens nothing and starts no
thread; its forks begin where `landgauge` begins, at `landgauge.cli.main`.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

_USED = (
    *("dbt.cli.main", "dbt.adapters.duckdb.connections", "duckdb", "expectations.gate", "ingestion.load"),
    *("ingestion.synthetic.city", "landgauge.cli", "landgauge.stages.contracts", "landgauge.stages.forecast"),
    *("landgauge.stages.publication", "landgauge.stages.score", "reporting.report", "warehouse.publish"),
)


def import_all() -> None:
    """Import what a run imports in its course."""
    for name in _USED:
        importlib.import_module(name)


def start(arguments: Sequence[str], log: Path, before: Callable[[], object] = lambda: None) -> int:
    """Start `landgauge` with these arguments in a process group of its own; return its id. It writes to `log`.

    `before` is called in the child, to set limits.
    """
    pid = os.fork()
    if pid == 0:
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it would be ignored here, too
        before()
        _leave(lambda: _run(arguments), log)
    return pid


def _run(arguments: Sequence[str]) -> int:
    from landgauge.cli import main

    sys.argv = ["landgauge", *arguments]
    os.environ.setdefault("LANDGAUGE_KEPT_SNAPSHOTS", "1")  # every copy costs disk
    return main(arguments)


def _leave(work: Callable[[], int], log: Path) -> None:
    """Do the work with its output in the log, and end the process with its exit code."""
    code = 70  # what the work itself never returns
    try:
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.stdout = sys.stderr = os.fdopen(2, "w", buffering=1)
        code = work()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def ended(pid: int) -> int | None:
    """Wait for a child; return its exit code, None where it was killed."""
    status = os.waitpid(pid, 0)[1]
    return None if os.WIFSIGNALED(status) else os.waitstatus_to_exitcode(status)


def has_ended(pid: int) -> bool:
    """Tell whether a child has ended, without taking its exit code away."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def kill_group(pid: int) -> None:
    """Kill a run with everything that it started."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:  # it had ended
        return


def done(arguments: Sequence[str], log: Path, before: Callable[[], object] = lambda: None) -> int | None:
    """Run `landgauge` to its end; return the exit code."""
    return ended(start(arguments, log, before))


def apart(work: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns (as JSON) in a child, so that this process opens no file of the engine's."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        with os.fdopen(writing, "w") as out:
            try:
                json.dump({"is": work(*arguments)}, out)
            except BaseException:
                json.dump({"error": traceback.format_exc()}, out)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        found = json.load(answer)
    os.waitpid(pid, 0)
    if "error" in found:
        raise RuntimeError(found["error"])
    return found["is"]
