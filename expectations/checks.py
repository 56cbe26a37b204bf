"""What is expected of a frame, and what came of it: plain values, so that only `engine` needs Great Expectations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

Level = Literal["warn", "stop"]


@dataclass(frozen=True)
class Check:
    """One expectation: `kind` is the class name in Great Expectations, `arguments` its keywords."""

    name: str
    kind: str
    arguments: Mapping[str, Any]
    message_zh: str
    message_en: str
    level: Level = "warn"


@dataclass(frozen=True)
class Batch:
    """One suite and the frame it is held against; `keys` name a row of the frame (none: the frame is one row).

    `tell` makes a sentence, in Chinese and English, of an expectation's name and a row that does not meet it.
    """

    suite: str
    frame: pd.DataFrame
    keys: tuple[str, ...]
    checks: tuple[Check, ...] = field(default_factory=tuple)
    tell: Callable[[str, Mapping[str, Any]], tuple[str, str]] | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of one expectation, as `run.gate` keeps it."""

    suite: str
    expectation: str
    level: Level
    success: bool
    observed: str
    message_zh: str
    message_en: str


def between(
    name: str,
    column: str,
    low: float | None,
    high: float | None,
    message: tuple[str, str],
    level: Level = "warn",
) -> Check:
    """Return the expectation that no value of a column lies outside the bounds; empty values are passed over."""
    return Check(name, "ExpectColumnValuesToBeBetween", _arguments(column, low, high), *message, level)


def figure(name: str, low: float | None, high: float | None, message: tuple[str, str], level: Level = "warn") -> Check:
    """Return the expectation on a figure of a one-row frame, whose column has the expectation's name."""
    return Check(name, "ExpectColumnMaxToBeBetween", _arguments(name, low, high), *message, level)


def _arguments(column: str, low: float | None, high: float | None) -> dict[str, Any]:
    bounds = (("min_value", low), ("max_value", high))
    return {"column": column} | {key: value for key, value in bounds if value is not None}
