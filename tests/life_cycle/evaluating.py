"""Findings, evaluations and results, year after year (sections 3 and 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from . import policy
from .days import year_end
from .known import Known
from .land import actual_value
from .records import SelfReport, Target, Verdict

CONCLUSIVE = ("达标", "不达标")


@dataclass(frozen=True)
class Finding:
    """One target in one evaluation year."""

    target: Target
    year: int
    actual: float | None
    source: str | None
    meets: bool | None
    verdict: Verdict | None
    outcome: str
    basis: str
    disagrees: bool
    self_report_needed: bool
    department: str | None


@dataclass(frozen=True)
class Evaluation:
    """The result of one stage in one year; `period` is that of 过程."""

    stage: str
    period: int | None
    year: int
    result: str
    result_date: date | None
    first_result: str
    findings: tuple[Finding, ...]


def meets(comparison: str, actual: float | None, target: float | None) -> bool | None:
    """Compare in the target's direction, with a tolerance in the enterprise's favour (F2)."""
    if comparison == "符合" or actual is None or target is None:
        return None
    slack = policy.TOLERANCE * abs(target)
    if comparison == ">=":
        return actual >= target - slack
    return actual <= target + slack if comparison == "<=" else abs(actual - target) <= slack


def decide(evidence: bool | None, verdict: Verdict | None, numbered: bool) -> tuple[str, str, bool]:
    """Return outcome, basis, and whether evidence and verdict disagree (F3, F4)."""
    said = verdict.verdict if verdict else None
    if not numbered:
        return (said, "verdict", False) if said else ("待评", "none", False)
    shown = {True: "达标", False: "不达标", None: None}[evidence]
    disagrees = said is not None and shown is not None and said != shown
    if said is not None and said == shown:
        return said, "both", False
    if said is not None and verdict.opinion:
        return said, "verdict", disagrees
    return (shown, "evidence", disagrees) if shown else ("待评", "none", disagrees)


def find(known: Known, target: Target, year: int, verdict: Verdict | None) -> Finding:
    """Hold one target against evidence and verdict of a year."""
    value, _ = actual_value(known, target.stage, target.indicator_code, year)
    source = "marts" if value is not None else None
    report: SelfReport | None = known.reports.get((target.stage, year, target.indicator_code))
    if value is None and report is not None and report.value is not None:
        value, source = report.value, "self_report"
    evidence = meets(target.comparison, value, target.target_value)
    numbered = target.comparison != "符合"
    outcome, basis, disagrees = decide(evidence, verdict, numbered)
    department = known.department(target.department, target.indicator_code)
    needed = numbered and value is None and report is None
    return Finding(target, year, value, source, evidence, verdict, outcome, basis, disagrees, needed, department)


def overall(findings: tuple[Finding, ...]) -> str:
    """Return the result of an evaluation (R4)."""
    outcomes = {f.outcome for f in findings}
    if "不达标" in outcomes:
        return "不达标"
    return "达标" if "达标" in outcomes and "待评" not in outcomes else "待评"


def evaluate(known: Known, stage: str, year: int) -> Evaluation:
    """Evaluate one stage in one year, by what is known by Y and by what was known in the year itself (K2)."""
    targets = [t for t in known.targets if t.stage == stage]
    now, then = known.verdicts_known_by(known.year), known.verdicts_known_by(year)
    findings = tuple(find(known, t, year, now.get((stage, year, t.indicator_code))) for t in targets)
    at_first = tuple(find(known, t, year, then.get((stage, year, t.indicator_code))) for t in targets)
    result = overall(findings)
    dates = [f.verdict.verdict_date for f in findings if f.basis in ("verdict", "both") and f.verdict]
    result_date = None if result == "待评" else max(dates, default=year_end(year))
    period = known.period(year) if stage == "过程" else None
    return Evaluation(stage, period, year, result, result_date, overall(at_first), findings)


def evaluations(known: Known) -> list[Evaluation]:
    """Return every evaluation of the agreement in the order of stages and years (R3)."""
    rows = [row for stage in policy.STAGES for row in _of_stage(known, stage)]
    for row in rows:
        due = known.first_due(row.stage, row.period)
        if not row.findings and due is not None and due.year == row.year:
            known.conflicts.add("stage_without_target")
    return rows


def _of_stage(known: Known, stage: str) -> list[Evaluation]:
    judged = {v.evaluation_year for v in known.verdicts_known_by(known.year).values() if v.stage == stage}
    reported = {r.evaluation_year for r in known.reports.values() if r.stage == stage}
    years = judged | reported | set(range(known.agreement.signed_date.year, known.as_of.year + 1))
    rows: list[Evaluation] = []
    for year in sorted(years):
        period = known.period(year) if stage == "过程" else None
        passed = any(r.result == "达标" for r in rows if r.period == period)
        if year in judged or _is_due(known, stage, year, year in reported, passed):
            rows.append(evaluate(known, stage, year))
    return rows


def _is_due(known: Known, stage: str, year: int, reported: bool, passed: bool) -> bool:
    """Say whether a year without verdict is an evaluation year (R3)."""
    due = known.first_due(stage, known.period(year))
    if (due is not None and year < due.year) or (known.ended is not None and year > known.ended.year):
        return False
    if reported:
        return True
    if due is None or not known.over(year):
        return False
    if year == due.year:
        return True
    measured = any(
        actual_value(known, stage, t.indicator_code, year)[0] is not None for t in known.targets if t.stage == stage
    )
    return stage in policy.REEVALUATED and not passed and measured


def failed_years(rows: list[Evaluation], up_to: int) -> int:
    """Count the distinct years with a failed stage up to a year (R6)."""
    return len({r.year for r in rows if r.result == "不达标" and r.stage in policy.COUNTS_FAILED and r.year <= up_to})


def latest_failed(rows: list[Evaluation], stages: tuple[str, ...], by: date) -> Evaluation | None:
    """Return the last conclusive evaluation of the stages dated up to a day that failed."""
    failed = [r for r in rows if r.result == "不达标" and r.stage in stages and r.result_date <= by]
    return max(failed, key=order, default=None)


def order(row: Evaluation) -> tuple:
    """Order conclusive evaluations by result date, year, and stage (section 7)."""
    return row.result_date, row.year, policy.STAGES.index(row.stage)
