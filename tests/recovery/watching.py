"""Readers that look at a published city while runs are killed and repeated: each look must see one whole state."""

from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from tests.recovery import children, values
from tests.recovery.values import Values, differences

_REST_S = 0.1  # between two looks, and thrice as long as a look took: the run shares the processors
_RESTS = 3
Look = Callable[[Path], Values]


def _snapshot(published: Path) -> Values:
    return values.of_snapshot((published / "current.duckdb").resolve())


def _parquet(published: Path) -> Values:
    return values.of_parquet(published / "parquet")


def _pages(published: Path) -> Values:
    """A page is whole, or it is an error; its values change with the stage report, page by page."""
    for path in sorted(published.glob("report/*/city.html")):
        if not path.read_bytes().rstrip().endswith(b"</html>"):
            raise ValueError(f"{path} is not whole")
    return {}


LOOKS: dict[str, Look] = {"snapshot": _snapshot, "parquet": _parquet, "pages": _pages}


class Readers:
    """A process for each way to read, from entering to leaving; `told` is how often each saw which state."""

    def __init__(self, published: Path, states: dict[str, dict[str, Values]], notes: Path) -> None:
        """`states`: the values of each way to read in the state `before` and `after`."""
        self.published, self.states, self.notes = published, states, notes
        self.stop = notes / "readers.stop"
        self.told: dict[str, dict[str, int]] = {}

    def __enter__(self) -> Readers:
        """Start the readers, and go on when each has looked once."""
        self.processes = {name: self._start(name) for name in LOOKS}
        return self

    def _start(self, name: str) -> int:
        pid = os.fork()
        if pid == 0:
            children._leave(lambda: self._look(name), self.notes / f"reader-{name}.log")
        return pid

    def _look(self, name: str) -> int:
        seen, newest = {"before": 0, "after": 0}, "before"
        while True:
            last, began = self.stop.exists(), time.monotonic()
            try:
                state = self._state(name, newest)
            except Exception:
                traceback.print_exc()
                return 1
            seen[state] += 1
            newest = state
            if last:
                (self.notes / f"reader-{name}.json").write_text(json.dumps(seen), encoding="utf-8")
                return 0
            self._rest(_REST_S + _RESTS * (time.monotonic() - began))

    def _rest(self, seconds: float) -> None:
        """Sleep, but no longer than until it is time for the last look."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.stop.exists():
            time.sleep(_REST_S)

    def _state(self, name: str, newest: str) -> str:
        """Which state this look sees; after the new one the old one does not come back."""
        found = LOOKS[name](self.published)
        for state in ("before", "after") if newest == "before" else ("after",):
            if not differences(self.states[state].get(name, {}), found):
                return state
        unlike = {state: differences(of[name], found)[:10] for state, of in self.states.items()}
        raise ValueError(f"neither the state before nor the one after (last seen: {newest}); other tables: {unlike}")

    def __exit__(self, *_: object) -> None:
        """Let each look once more, and take what it saw."""
        self.stop.touch()
        codes = {name: children.ended(pid) for name, pid in self.processes.items()}
        self.stop.unlink()
        failed = [name for name, code in codes.items() if code != 0]
        if failed:
            texts = [(self.notes / f"reader-{name}.log").read_text(encoding="utf-8") for name in failed]
            raise AssertionError("a reader did not see one whole state:\n" + "\n".join(texts))
        self.told = {name: json.loads((self.notes / f"reader-{name}.json").read_text()) for name in LOOKS}
