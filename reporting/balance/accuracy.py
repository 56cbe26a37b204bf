"""What the forecasts are worth: errors and coverage of the back-test, and which methods were not used and why."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from reporting.marts import Marts, Row

COMBINATION = "combination"
BASELINES = ("naive", "drift")


SHOWN = (1, 3, 5)  # horizons that the page shows beside the last; the workbook holds all of them


@dataclass(frozen=True)
class Accuracy:
    """Of a measure: combination and best baseline by horizon, every method at the first horizon, and the verdict.

    `won` and `lost` are the horizons at which the combination's error was below every baseline's, and was not; `below`
    and `above` those at which the intervals held less, and more, often than they promise by more than `tolerance`.
    """

    measure: str
    horizons: list[Row]
    methods: list[Row]
    won: list[int]
    lost: list[int]
    below: list[int]
    above: list[int]
    tolerance: float | None


def accuracies(marts: Marts) -> list[Accuracy]:
    """Return the back-test's result of each measure, in order of name."""
    rows = marts.rows("select * from fct_forecast_accuracy order by measure, method, horizon")
    found: dict[Hashable, list[Row]] = {}
    for row in rows:
        found.setdefault(row["measure"], []).append(row)
    return [_of(str(measure), some) for measure, some in found.items()]


def _of(measure: str, rows: list[Row]) -> Accuracy:
    combined = [r for r in rows if r["method"] == COMBINATION]
    horizons = [r | _best_baseline(rows, r["horizon"]) for r in combined]
    first = min((r["horizon"] for r in rows), default=None)
    last = max((r["horizon"] for r in combined), default=None)
    return Accuracy(
        measure=measure,
        horizons=[r for r in horizons if r["horizon"] in (*SHOWN, last)],
        methods=[r for r in rows if r["horizon"] == first],
        won=[r["horizon"] for r in combined if r["combined_beats_baselines"] is True],
        lost=[r["horizon"] for r in combined if r["combined_beats_baselines"] is False],
        tolerance=next((r["coverage_apart_ratio"] for r in combined), None),
        below=[r["horizon"] for r in combined if _apart(r) < 0],
        above=[r["horizon"] for r in combined if _apart(r) > 0],
    )


def _best_baseline(rows: list[Row], horizon: int) -> Row:
    """The smallest error among the baselines at a horizon, and whose it is."""
    known = [r for r in rows if r["method"] in BASELINES and r["horizon"] == horizon and r["mase_ratio"] is not None]
    best = min(known, key=lambda r: (r["mase_ratio"], r["method"]), default=None)
    return {"baseline": best and best["method"], "baseline_mase": best and best["mase_ratio"]}


def _apart(row: Row) -> float:
    """Measured less nominal coverage; 0 within the tolerance, and where one of the three is not known."""
    measured, nominal, tolerance = row["coverage_ratio"], row["nominal_ratio"], row["coverage_apart_ratio"]
    if measured is None or nominal is None or tolerance is None or abs(measured - nominal) <= tolerance:
        return 0.0
    return measured - nominal


def not_used(marts: Marts) -> list[Row]:
    """Return methods of activity that were rejected: measure, method, reason, and for how many series of how many."""
    return marts.rows(
        "with s as (select measure, method, district_code, industry_code, bool_or(used) as used, "
        "min(rejected_reason) as rejected_reason from fct_activity_forecast where method <> 'not_allocated' "
        "group by all), "
        "n as (select measure, count(distinct (district_code, industry_code)) as series from s group by measure) "
        "select s.measure, s.method, s.rejected_reason, "
        "count(distinct (s.district_code, s.industry_code)) as rejected, n.series "
        "from s inner join n on n.measure = s.measure "
        "where not s.used and s.rejected_reason is not null group by all order by all"
    )
