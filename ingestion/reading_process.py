"""The reading process: takes a task a line, writes Parquet files, answers a line. Started by `ingestion.reading`."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import importlib.abc
import json
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any

from ingestion.refusal import Rejected

_PR_SET_PDEATHSIG = 1
_LONGEST_DETAIL = 300  # characters of a library's message
_GRACE_SECONDS = 5  # beyond the asking side's limit, should that side be gone


def main() -> None:
    """Answer tasks until the input ends."""
    limits = json.loads(sys.argv[1])
    _contain(limits)
    sys.meta_path.insert(0, _Absent())
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # what libraries print must not come between the answers
        for line in sys.stdin.buffer:
            task = json.loads(line)
            signal.alarm(int(task["seconds"]) + _GRACE_SECONDS)
            answer = _answer(task, limits)
            signal.alarm(0)
            leaves = _is_swollen(limits)
            answers.write(json.dumps({**answer, "leaves": leaves}).encode() + b"\n")
            answers.flush()
            if leaves:
                return


class _Absent(importlib.abc.MetaPathFinder):
    """Hides what pyarrow and pyogrio import when it is there and do not need here: it would take a second."""

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        """Refuse the hidden packages."""
        if fullname in ("pandas", "geopandas", "pyproj"):
            raise ModuleNotFoundError(fullname)


def _contain(limits: dict[str, Any]) -> None:
    """Bound the memory, leave no core file, and end with the process that asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the asking side ends this one
    size = limits["memory_mb"] << 20
    written = limits["unpacked_mb"] << 20
    for kind, value in ((resource.RLIMIT_AS, size), (resource.RLIMIT_FSIZE, written), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError, OSError):  # macOS knows no limit of address space
            resource.setrlimit(kind, (value, value))
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            sys.exit(0)


def _is_swollen(limits: dict[str, Any]) -> bool:
    """Memory once used may not come back: the next file shall find as much as this one."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit > (limits["memory_mb"] << 20) / 4


def _answer(task: dict[str, Any], limits: dict[str, Any]) -> dict[str, Any]:
    try:
        return _read(task, limits)
    except Rejected as refusal:
        return {"rejected": [refusal.rule, refusal.detail]}
    except MemoryError:
        return {"rejected": ["unreadable", _too_much_memory(limits)]}
    except Exception as error:
        text = " ".join(str(error).split())[:_LONGEST_DETAIL]
        if getattr(error, "errno", None) == errno.ENOSPC or "No space left" in text:
            return {"disk": text}
        if type(error).__name__ in ("OutOfMemoryException", "ArrowMemoryError") or "bad_alloc" in text:
            return {"rejected": ["unreadable", _too_much_memory(limits)]}
        detail = f"文件损坏, 无法读取 (damaged: {type(error).__name__}: {text})"
        return {"rejected": ["unreadable", detail]}


def _too_much_memory(limits: dict[str, Any]) -> str:
    size = limits["memory_mb"]
    return f"读取需要超过 {size} MB 内存 (reading needs more than {size} MB; LANDGAUGE_READ_MEMORY_MB)"


def _read(task: dict[str, Any], limits: dict[str, Any]) -> dict[str, Any]:
    """Read by kind; each library is imported when its first file comes."""
    path, folder = Path(task["path"]), Path(task["folder"])
    match task["kind"]:
        case "sheet":
            from ingestion import reading_book

            return reading_book.read(path, folder, task["sheet"], task["head"], limits)
        case "parquet":
            from ingestion import reading_table

            return reading_table.read(path, folder, limits)
        case "vector" | "shp":
            from ingestion import reading_layer

            return reading_layer.read(path, folder, task, limits)
    raise ValueError(task["kind"])


if __name__ == "__main__":
    main()
