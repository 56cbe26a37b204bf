"""Which facts of an agreement count, as known by files of year Y on day D (K1, K2, section 2)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from . import policy
from .days import add_months, year_end
from .records import Agreement, Event, Facts, SelfReport, Target, Value, Verdict

T = TypeVar("T")
DUES = ("start_due", "completion_due", "production_due", "capacity_due")


def latest(rows: Iterable[T], key: Callable[[T], Hashable], year: int) -> list[T]:
    """Return of each key the row of the latest file up to the year (K2)."""
    newest: dict[Hashable, Any] = {}
    for row in sorted((r for r in rows if r.data_year <= year), key=lambda r: r.data_year):
        newest[key(row)] = row
    return list(newest.values())


def verdict_key(row: Verdict | SelfReport) -> tuple:
    return row.stage, row.evaluation_year, row.indicator_code


@dataclass
class Known:
    """One agreement as known by year Y on day D.

    `conflicts` are the codes shown, `inferred` the steps without a day of their own (C3).
    """

    facts: Facts
    year: int
    as_of: date
    conflicts: set[str] = field(default_factory=set)
    inferred: set[str] = field(default_factory=set)
    land: dict[int, Any] = field(default_factory=dict)  # remembered by `land`
    known_by: dict[int, dict[tuple, Verdict]] = field(default_factory=dict)
    actual: dict[tuple, tuple[float | None, str | None]] = field(default_factory=dict)

    @cached_property
    def written(self) -> Agreement:
        """The agreement as last written."""
        return latest(self.facts.agreements, lambda r: r.agreement_no, self.year)[0]

    @cached_property
    def agreement(self) -> Agreement:
        """The agreement with the dates that are owed (term_before_due, term_before_lease_end)."""
        row = self.written
        for name in DUES:
            due = getattr(row, name)
            if due is not None and due > row.term_end_date:
                self.conflicts.add("term_before_due")
                row = replace(row, **{name: None})
        lease = row.lease_end_date
        if lease is not None and row.term_end_date < lease:
            self.conflicts.add("term_before_lease_end")
            lease = None
        return replace(row, lease_end_date=lease if row.supply_mode == "先租后让" else None)

    @cached_property
    def targets(self) -> list[Target]:
        rows = latest(self.facts.targets, lambda r: (r.stage, r.indicator_code, r.comparison), self.year)
        return sorted(rows, key=lambda r: (policy.STAGES.index(r.stage), r.indicator_code, r.comparison))

    @cached_property
    def events(self) -> list[Event]:
        """Those that have happened, not before signing, in the order of their days."""
        rows = latest(self.facts.events, lambda r: (r.event, r.event_date, r.stage, r.indicator_code), self.year)
        happened = [r for r in rows if r.event_date <= self.as_of]
        counting = [r for r in happened if r.event_date >= self.agreement.signed_date]
        if len(counting) < len(happened):
            self.conflicts.add("event_before_signing")
        return sorted(counting, key=lambda r: (r.event_date, r.event, r.stage or "", r.indicator_code or ""))

    def named(self, *names: str) -> list[Event]:
        return [r for r in self.events if r.event in names]

    def first(self, *names: str, since: date = date.min) -> date | None:
        """Return the day of the first of these events on or after a day."""
        return next((r.event_date for r in self.named(*names) if r.event_date >= since), None)

    @cached_property
    def milestones(self) -> dict[str, date | None]:
        """First day of each step that was reached; a step before an earlier one is not known (event_out_of_order)."""
        firsts = {name: self.first(name) for name in policy.MILESTONES}
        reached: dict[str, date | None] = {}
        for place, name in enumerate(policy.MILESTONES):
            day = firsts[name]
            earlier = [firsts[other] for other in policy.MILESTONES[:place]]
            if day is not None and any(other is not None and day < other for other in earlier):
                self.conflicts.add("event_out_of_order")
                day = None
            reached[name] = day
        for place, name in enumerate(policy.MILESTONES):  # reached at the latest with the next step that was (C3)
            later = [reached[other] for other in policy.MILESTONES[place:]]
            self.inferred |= {name} if reached[name] is None and any(later) else set()
            reached[name] = next((day for day in later if day), None)
        return reached

    @cached_property
    def ended(self) -> date | None:
        """The day on which the contract ended (C2)."""
        decided = self.first("终止同意", "收回决定")
        term = self.agreement.term_end_date
        ran_out = term if self.as_of > term and not self.named("续期决定") else None
        return min((day for day in (decided, ran_out) if day is not None), default=None)

    def department(self, raised_by: str | None, indicator: str) -> str | None:
        """Return who judges a target: the most specific arrangement valid on D, else who raised it (D3)."""
        found = []
        for raised, district, of_indicator, assigned, valid_from, valid_to in policy.ASSIGNMENTS:
            fits = raised == raised_by and district in (None, self.facts.district_code)
            valid = date.fromisoformat(valid_from) <= self.as_of
            valid = valid and (valid_to is None or self.as_of <= date.fromisoformat(valid_to))
            if fits and valid and of_indicator in (None, indicator):
                found.append(((district is not None) + (of_indicator is not None), assigned))
        return max(found)[1] if found else raised_by

    @cached_property
    def values(self) -> dict[tuple[str, int, str], Value]:
        return {(v.parcel_code, v.year, v.indicator_code): v for v in self.facts.values if v.year <= self.year}

    def verdicts_known_by(self, year: int) -> dict[tuple, Verdict]:
        """Return the latest counting verdict of each key in files up to a year."""
        year = min(year, self.year)
        if year not in self.known_by:
            self.known_by[year] = {verdict_key(r): r for r in latest(self.counting, verdict_key, year)}
        return self.known_by[year]

    @cached_property
    def counting(self) -> list[Verdict]:
        """The verdicts that count, of every file: one that does not displaces none that does."""
        rows = [r for r in self.facts.verdicts if r.verdict_date <= self.as_of and r.data_year <= self.year]
        wrong = {id(r): next(iter(self._wrong(r)), None) for r in rows}
        self.conflicts |= {code for code in wrong.values() if code}
        counting = [r for r in rows if not wrong[id(r)]]
        said: dict[tuple, set[str]] = {}
        for row in counting:
            said.setdefault(verdict_key(row), set()).add(row.verdict)
        if any({"达标", "不达标"} <= verdicts for verdicts in said.values()):
            self.conflicts.add("verdicts_contradict")
        return counting

    def _wrong(self, verdict: Verdict) -> Iterable[str]:
        """Yield why a verdict does not count; the first reason is shown."""
        aimed = [t for t in self.targets if (t.stage, t.indicator_code) == (verdict.stage, verdict.indicator_code)]
        competent = {t.department for t in aimed}
        competent |= {self.department(t.department, t.indicator_code) for t in aimed}
        if verdict.evaluation_year < self.agreement.signed_date.year:
            yield "evaluation_before_signing"
        if self.ended is not None and verdict.evaluation_year > self.ended.year:
            yield "evaluation_after_end"
        if not aimed:
            yield "verdict_without_target"
        elif verdict.department not in competent:
            yield "verdict_by_other_department"

    @cached_property
    def unknown_department(self) -> bool:
        """Say whether a department of targets, verdicts or events is in no list."""
        rows = [r for r in self.facts.verdicts if r.data_year <= self.year and r.verdict_date <= self.as_of]
        named = {r.department for r in (*self.targets, *self.events, *rows)}
        return bool(named - set(policy.DEPARTMENTS) - {None})

    @cached_property
    def reports(self) -> dict[tuple, SelfReport]:
        return {verdict_key(r): r for r in latest(self.facts.self_reports, verdict_key, self.year)}

    def over(self, year: int) -> bool:
        """Say whether a year is complete on D."""
        return year_end(year) <= self.as_of

    @cached_property
    def process_dues(self) -> list[date]:
        """First due dates of the periods of 过程 (R1)."""
        base = self.milestones["达产"] or self.agreement.capacity_due
        months = round(12 * (self.agreement.process_interval_years or policy.PROCESS_YEARS))
        dues: list[date] = []
        if base is not None:
            while (due := add_months(base, (len(dues) + 1) * months)) < self.expiry_due:
                dues.append(due)
        return dues

    @property
    def expiry_due(self) -> date:
        return add_months(self.agreement.term_end_date, -policy.BEFORE_TERM_MONTHS)

    def first_due(self, stage: str, period: int | None = None) -> date | None:
        """Return the first due date of a stage's evaluation (R1)."""
        if stage == "过程":
            return self.process_dues[period - 1] if period and period <= len(self.process_dues) else None
        fixed = {"开竣工": self.agreement.completion_due, "达产": self.agreement.capacity_due}
        return self.expiry_due if stage == "到期" else fixed.get(stage)

    def period(self, year: int) -> int:
        """Return the period of 过程 to which an evaluation of a year belongs (R2)."""
        return max(1, sum(due.year <= year for due in self.process_dues))
