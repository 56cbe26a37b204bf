"""What the forecast seeds have in common: rows of text that must be readable, and accuracy grades of GM(1,1)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scoring.forecast.gm11 import AccuracyGrade

Seeds = Mapping[str, Sequence[Mapping[str, str]]]


class PolicyError(ValueError):
    """A forecast seed that cannot be worked with; the message names seed and value."""


def grades(seeds: Seeds) -> tuple[AccuracyGrade, ...]:
    """Return the accuracy grades of GM(1,1), best first; raises PolicyError where a limit cannot be read."""
    rows = sorted(seeds["forecast_grade"], key=lambda row: number(row["grade_order"], "forecast_grade grade_order"))
    return tuple(_grade(row) for row in rows)


def setting(settings: Mapping[str, str], name: str) -> float:
    """Return a row of forecast_setting as a number; raises PolicyError where it is missing or unreadable."""
    if name not in settings:
        raise PolicyError(f"forecast_setting has no row {name}")
    return number(settings[name], f"forecast_setting {name}")


def number(cell: str, what: str, otherwise: float | None = None) -> float:
    """Return a cell as a finite number, `otherwise` where it is empty; raises PolicyError that names what it is."""
    if not cell and otherwise is not None:
        return otherwise
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise PolicyError(f"{what}: expected a number, found {cell!r}")
    return value


def _grade(row: Mapping[str, str]) -> AccuracyGrade:
    name = f"forecast_grade {row['grade']}"
    probability, ratio = row["min_small_error_probability"], row["max_posterior_ratio"]
    return AccuracyGrade(row["grade"], number(probability, name), number(ratio, name))
