"""Foreign formats are read in a process of their own, so that no file can crash, hang or bloat the run.

The libraries behind workbooks, layers and Parquet are fast and trusting: a mutated file may abort them, make them
allocate without end or, worst, invalidate the working database. The reading process has a memory limit and a time
limit; it writes what it read as Parquet files of ours, and only those are opened here.
"""

from __future__ import annotations

import copy
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from ingestion.refusal import Rejected
from landgauge import log
from landgauge.errors import ConfigurationError
from landgauge.settings import PROJECT_ROOT, ReadingLimits

_LOG = log.get("ingestion")
_BLOCK = 1 << 16
_GRACE_SECONDS = 10  # for a process to start and end
_KEPT_BYTES = 1 << 30  # of what was read, beside that of the file that is being read
_ENVIRONMENT = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # the others reserve address space far beyond what they use
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


class Worker:
    """The reading process: started at the first file, started anew after a crash, ended with the `with` block."""

    def __init__(self, work: Path, limits: ReadingLimits | None = None) -> None:
        """`work` is a folder of the run; what is read stands below it, the oldest until room is needed."""
        self.limits = limits or limits_from_environment()
        self._folder = work / "reading"
        self._process: subprocess.Popen[bytes] | None = None
        self._asked = 0
        self._kept: dict[str, _Reading] = {}  # by task, in the order of reading

    def __enter__(self) -> Worker:
        """Return the worker; nothing is started yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the process and drop what it wrote."""
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def read(self, kind: str, path: Path, **options: Any) -> dict[str, Any]:
        """Return what a file holds: metadata, and the Parquet files that the process wrote of it.

        A file that was read before, also by another link to it, and has not been written since is not read again.
        Raises Rejected where the file cannot be read within the limits, OSError where the disk is full.
        """
        task = {"kind": kind, "path": str(path), **options}
        state = path.stat()
        file = (str(path.resolve()), path.suffix, state.st_ino, state.st_size, state.st_mtime_ns)
        key = json.dumps([file, kind, options], sort_keys=True)
        if key not in self._kept:
            self._make_room()
            answer = self._read_anew(task, path)
            folder = self._folder / str(self._asked)
            self._kept[key] = _Reading(answer, folder, sum(part.lstat().st_size for part in folder.rglob("*")))
        return copy.deepcopy(self._kept[key].answer)

    def _make_room(self) -> None:
        """Drop what was read first, until what is kept is small enough, and what a reading that failed has left."""
        while sum(reading.size for reading in self._kept.values()) > _KEPT_BYTES:
            del self._kept[next(iter(self._kept))]
        kept = {reading.folder for reading in self._kept.values()}
        for folder in self._folder.glob("*"):
            if folder not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _read_anew(self, task: dict[str, Any], path: Path) -> dict[str, Any]:
        seconds = self.limits.seconds + self.limits.seconds_per_mb * path.stat().st_size / 1e6
        used = self._process is not None
        try:
            return _judged(self._ask(task, seconds))
        except _Died as death:
            if not used:
                raise _crash(death, self.limits) from death
            _LOG.debug("%s: the reading process ended (%s); once more in a fresh one", path.name, death)
        try:  # the files before may have left it in a bad state, and no file may suffer for another
            return _judged(self._ask(task, seconds))
        except _Died as death:
            raise _crash(death, self.limits) from death

    def _fresh_folder(self) -> Path:
        self._asked += 1
        folder = self._folder / str(self._asked)  # never the same path twice: readers may cache by path
        folder.mkdir(parents=True)
        return folder

    def _ask(self, task: dict[str, Any], seconds: float) -> dict[str, Any]:
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        try:
            task = {**task, "folder": str(self._fresh_folder()), "seconds": seconds}
            process.stdin.write(json.dumps(task).encode() + b"\n")
            process.stdin.flush()
            answer = json.loads(self._line(process, seconds))
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise _Died(process.returncode) from error
        if answer.pop("leaves", False):
            self.close()
        return answer

    def _line(self, process: subprocess.Popen[bytes], seconds: float) -> bytes:
        assert process.stdout is not None
        end, found = time.monotonic() + seconds, b""
        while not found.endswith(b"\n"):
            ready, _, _ = select.select([process.stdout], [], [], max(end - time.monotonic(), 0))
            if not ready:
                self.close()
                detail = f"读取超过 {seconds:.0f} 秒, 已停止 (reading took longer than {seconds:.0f} s and was stopped)"
                raise Rejected("unreadable", detail)
            block = os.read(process.stdout.fileno(), _BLOCK)
            if not block:
                process.wait(_GRACE_SECONDS)
                raise EOFError
            found += block
        return found

    def _start(self) -> subprocess.Popen[bytes]:
        paths = [str(PROJECT_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "ingestion.reading_process", json.dumps(asdict(self.limits))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a broken file can make the libraries complain without end
            env={**os.environ, **_ENVIRONMENT, "PYTHONPATH": os.pathsep.join(paths)},
        )


def limits_from_environment() -> ReadingLimits:
    """Return the limits with LANDGAUGE_READ_SECONDS and LANDGAUGE_READ_MEMORY_MB applied.

    Raises ConfigurationError where one of them is no number from 1 on.
    """
    seconds, memory = (_from_one(name) for name in ("LANDGAUGE_READ_SECONDS", "LANDGAUGE_READ_MEMORY_MB"))
    usual = ReadingLimits()
    return replace(usual, seconds=seconds or usual.seconds, memory_mb=int(memory or usual.memory_mb))


def _from_one(name: str) -> float | None:
    text = os.environ.get(name)
    if not text:
        return None
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) < 1:
        raise ConfigurationError(f"{name}={text!r} is no number from 1 on", "Give a number, or leave it unset.")
    return float(text)


@dataclass(frozen=True)
class _Reading:
    """What the process answered, the folder of the files that it wrote, and their bytes."""

    answer: dict[str, Any]
    folder: Path
    size: int


class _Died(Exception):
    """The process ended without an answer."""

    def __init__(self, code: int | None) -> None:
        super().__init__(code)
        self.code = code


def _crash(death: _Died, limits: ReadingLimits) -> Rejected:
    code = death.code or 0
    name = signal.Signals(-code).name if code < 0 and -code in set(signal.Signals) else str(code)
    detail = (
        f"读取程序异常终止: 文件损坏, 或需要超过 {limits.memory_mb} MB 内存 "
        f"(the reader broke down, {name}: a damaged file, or one that needs more than {limits.memory_mb} MB)"
    )
    return Rejected("unreadable", detail)


def _judged(answer: dict[str, Any]) -> dict[str, Any]:
    if "rejected" in answer:
        raise Rejected(*answer["rejected"])
    if "disk" in answer:
        raise OSError(28, answer["disk"])
    return answer
