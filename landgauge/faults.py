"""What the machine lacked, or who ended the run: in a sentence, for the command line."""

from __future__ import annotations

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from landgauge.errors import LandgaugeError, StageFailed

_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DISK_TEXTS = ("No space left on device", "Disk quota exceeded", "File too large", "max_temp_directory_size")
_MEMORY = ("MemoryError", "OutOfMemoryException", "ArrowMemoryError")
_MEMORY_TEXTS = ("Out of Memory Error", "bad_alloc", "Cannot allocate memory", "can't start new thread")
_SHOWN = 300  # characters of a library's own message
_ENDING = (signal.SIGTERM, signal.SIGHUP)


def lacking(error: BaseException) -> LandgaugeError | None:
    """Return what to say where the disk or the memory was at its end; None where the fault is another."""
    chain = list(_chain(error))
    detail = " ".join(str(error).split())[:_SHOWN] or type(error).__name__
    if any(getattr(e, "errno", None) in _DISK or _speaks(e, _DISK_TEXTS) for e in chain):
        return StageFailed(
            f"the disk is full, or a file became larger than is allowed: {detail}",
            "What was published stands. Make room (`landgauge doctor` says how much is needed), then repeat.",
        )
    if any(type(e).__name__ in _MEMORY or _speaks(e, _MEMORY_TEXTS) for e in chain):
        return StageFailed(
            f"out of memory: {detail}",
            "What was published stands. Repeat with fewer --threads, another --memory-limit (below the machine's "
            "memory; without it most of that), or on a machine with more.",
        )
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _speaks(error: BaseException, texts: tuple[str, ...]) -> bool:
    return any(text in str(error) for text in texts)


_came: list[str] = []


def stop_if_ended() -> None:
    """Raise KeyboardInterrupt where a signal came that a library has turned into an error of its own, or swallowed."""
    if _came:
        raise KeyboardInterrupt


@contextmanager
def ended_by() -> Iterator[list[str]]:
    """Let SIGTERM and SIGHUP end the work as Ctrl-C does; yields the names of those that came.

    A library may turn the interruption into an error of its own, so ask the names. Further ones are ignored while the
    work ends. One that is ignored already (nohup) stays so, and so does a handler of somebody else's.
    """
    came: list[str] = []

    def end(number: int, _: FrameType | None) -> None:
        signal.signal(number, signal.SIG_IGN)
        came.append(signal.Signals(number).name)
        _came.extend(came)
        raise KeyboardInterrupt

    in_main = threading.current_thread() is threading.main_thread()
    mine = [number for number in _ENDING if in_main and signal.getsignal(number) is signal.SIG_DFL]
    for number in mine:
        signal.signal(number, end)
    try:
        yield came
    finally:
        _came.clear()
        for number in mine:
            signal.signal(number, signal.SIG_DFL)
