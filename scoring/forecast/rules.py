"""By what activity is forecast: settings, methods with their limits, breaks; all of it data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scoring.forecast import policy
from scoring.forecast.gm11 import AccuracyGrade
from scoring.forecast.methods import METHODS, Limits
from scoring.forecast.policy import PolicyError, Seeds

SEEDS = ("forecast_setting", "forecast_method", "forecast_grade", "series_break")


@dataclass(frozen=True)
class MethodRule:
    """A method of activity with its limits and, where it needs one, the measure that drives it.

    `start_weight`: in the combination before any error is known; `cell_trials`: whether the back-test of cells
    (a district's divisions) is published trial by trial.
    """

    name: str
    limits: Limits
    driver: str = ""
    start_weight: float = 1.0
    cell_trials: bool = True


@dataclass(frozen=True)
class ActivityRules:
    """What the seeds say; `interval_scores`, `min_scores` are numbers of trials, `shrink_origins` of origins."""

    methods: tuple[MethodRule, ...]
    steps: int = 10
    fit_years: int = 10
    coverage: float = 0.9
    min_scores: int = 9
    backtest_min_points: int = 5
    interval_scores: int = 10000
    scale_by_forecast: bool = False
    scale_floor_share: float = 0.001
    shrink_origins: float = 1.0
    suspected_break_spread: float = 8.0
    breaks: tuple[Mapping[str, str], ...] = ()


def read(seeds: Seeds) -> ActivityRules:
    """Return the rules of activity from the policy seeds (rows of text).

    Raises PolicyError, naming seed and value, where a number cannot be read, a method is unknown or a limit is absurd.
    """
    settings = {row["setting"]: row["value"] for row in seeds["forecast_setting"]}
    rules = ActivityRules(
        methods=_methods(seeds),
        steps=int(policy.setting(settings, "horizon_years")),
        fit_years=int(policy.setting(settings, "fit_years")),
        coverage=policy.setting(settings, "interval_coverage"),
        min_scores=int(policy.setting(settings, "min_backtest_errors")),
        backtest_min_points=int(policy.setting(settings, "backtest_min_points")),
        interval_scores=int(policy.setting(settings, "interval_scores")),
        scale_by_forecast=policy.setting(settings, "interval_scale_by_forecast") > 0,
        scale_floor_share=policy.setting(settings, "scale_floor_share"),
        shrink_origins=policy.setting(settings, "shrink_origins"),
        suspected_break_spread=policy.setting(settings, "suspected_break_spread"),
        breaks=tuple(_break(row) for row in seeds["series_break"]),
    )
    if rules.steps < 1 or rules.fit_years < 2 or not 0 < rules.coverage < 1:
        raise PolicyError("forecast_setting: horizon_years >= 1, fit_years >= 2 and interval_coverage inside 0 … 1")
    return rules


def _methods(seeds: Seeds) -> tuple[MethodRule, ...]:
    grades = policy.grades(seeds)
    rows = seeds["forecast_method"]
    unknown = sorted({row["method"] for row in rows} - set(METHODS))
    if unknown or "naive" not in {row["method"] for row in rows}:
        raise PolicyError(f"forecast_method: naive must be there, and these are not known: {', '.join(unknown)}")
    methods = tuple(_method(row, grades) for row in rows)
    weights = [m.start_weight for m in methods]
    if min(weights) < 0 or not sum(weights) > 0:
        raise PolicyError("forecast_method: start_weight must not be below 0, and one above 0")
    return methods


def _method(row: Mapping[str, str], grades: Sequence[AccuracyGrade]) -> MethodRule:
    name = f"forecast_method {row['method']}"
    points = int(policy.number(row["min_points"], name))
    spread = policy.number(row["max_log_residual_sd"], name, float("inf"))
    return MethodRule(
        row["method"],
        Limits(points, spread, tuple(grades)),
        row["driver"],
        policy.number(row["start_weight"], name),
        row["cell_trials"] == "true",
    )


def _break(row: Mapping[str, str]) -> Mapping[str, str]:
    policy.number(row["first_year"], "series_break first_year")
    return row
