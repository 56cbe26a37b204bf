"""What the engines of the job have in common: what they return, and the seconds of their phases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks import measure


@dataclass(frozen=True)
class Made:
    """What an engine has made of a file: SQL for its scored parcels, and for the weights of its years."""

    scored: str
    weights: str


class Phases:
    """Adds up wall and CPU seconds by name: `with phases("read"): …`."""

    def __init__(self) -> None:
        """No phase has been seen yet."""
        self.seconds: dict[str, measure.Figures] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Measure a block as part of a phase."""
        own: measure.Figures = {}
        with measure.timed(own):
            yield
        total = self.seconds.setdefault(name, {"seconds": 0.0, "cpu_seconds": 0.0})
        for key, value in own.items():
            total[key] += value
