"""The twin's rows beside the models' rows, table by table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from pprint import pformat

import duckdb

from . import simulation
from .records import Facts
from .simulation import Life

Rows = Counter[tuple]


@dataclass(frozen=True)
class Comparison:
    """How a mart and the twin give the same rows: the first column is the agreement (of credit: the enterprise)."""

    table: str
    sql: str
    twin: Callable[[Life], list[tuple]]
    part: bool = False  # the twin knows some of the rows only


def _calendar(life: Life) -> list[tuple]:
    return [
        (d.obligation, d.due_date, d.stage, d.period_no, d.state, d.days_left, d.done_date, d.days_late)
        for d in life.calendar
    ]


def _departments(life: Life) -> list[tuple]:
    return [(d.obligation, d.due_date, d.stage, d.department) for d in life.calendar if d.department]


def _findings(life: Life) -> list[tuple]:
    return [
        (
            *(f.target.stage, f.year, f.target.indicator_code, f.target.comparison, f.actual, f.source, f.meets),
            *(f.verdict.verdict if f.verdict else None, f.outcome, f.basis, f.disagrees, f.self_report_needed),
            f.department,
        )
        for e in life.evaluations
        for f in e.findings
    ]


def _results(life: Life) -> list[tuple]:
    return [
        (e.stage, e.period, e.year, e.result, e.result_date, e.first_result, life.failed_years[e.year])
        for e in life.evaluations
    ]


def _consequences(life: Life) -> list[tuple]:
    return [
        (
            *(c.consequence_code, c.arises_date, c.due_date, c.stage, c.evaluation_year),
            *(c.state, c.done_date, c.decided_date),
        )
        for c in life.consequences
    ]


def _ended(life: Life) -> list[tuple]:
    return [(life.known.ended,)]


def _conflicts(life: Life) -> list[tuple]:
    return [(code,) for code in life.conflicts - {"parcel_merged"}]


def _warnings(life: Life) -> list[tuple]:
    return [(w.kind, w.raised_date, w.ended_date) for w in life.warnings]


WARNINGS = (
    "select agreement_no, kind, raised_date, ended_date from marts.fct_warning "
    "where kind like 'late_%' or kind like 'idle_%'"
)
COMPARISONS = (
    Comparison("dim_agreement", "select agreement_no, ended_date from marts.dim_agreement", _ended),
    Comparison(
        "fct_stage_finding",
        "select agreement_no, stage, evaluation_year, indicator_code, comparison, actual_value, evidence_source, "
        "evidence_meets, verdict, outcome, basis, disagrees, self_report_needed, department "
        "from marts.fct_stage_finding",
        _findings,
    ),
    Comparison(
        "fct_stage_result",
        "select agreement_no, stage, period_no, evaluation_year, result, result_date, first_result, "
        "failed_years_cumulative from marts.fct_stage_result",
        _results,
    ),
    Comparison(
        "fct_contract_conflict",
        "select distinct agreement_no, conflict_code from marts.fct_contract_conflict "
        "where conflict_code <> 'parcel_merged'",
        _conflicts,
    ),
    Comparison(
        "fct_stage_due",
        "select agreement_no, obligation, due_date, stage, period_no, state, days_left, done_date, days_late "
        "from marts.fct_stage_due",
        _calendar,
    ),
    Comparison(
        "departments of fct_stage_due",
        "select agreement_no, obligation, due_date, stage, department from marts.fct_stage_due",
        _departments,
        part=True,
    ),
    Comparison("fct_warning", WARNINGS, _warnings),
    Comparison(
        "fct_consequence",
        "select agreement_no, consequence_code, arises_date, due_date, stage, evaluation_year, state, done_date, "
        "decided_date from marts.fct_consequence",
        _consequences,
    ),
)


def lives_of(lives: Sequence[Facts], year: int, as_of: date) -> dict[str, Life]:
    """Return the simulated life of each agreement that is known by the year."""
    found = {f.agreement_no: simulation.live(f, year, as_of) for f in lives}
    return {number: life for number, life in found.items() if life is not None}


def difference(path: Path, lives: dict[str, Life], comparison: Comparison, shown: int = 3) -> str:
    """Return what differs between a mart and the twin, with all facts of the first agreement; empty: nothing."""
    with duckdb.connect(str(path), read_only=True) as con:
        model: Rows = Counter(tuple(_plain(v) for v in row) for row in con.execute(comparison.sql).fetchall())
    twin: Rows = Counter(
        (number, *(_plain(v) for v in row)) for number, life in lives.items() for row in comparison.twin(life)
    )
    alone, missed = Counter() if comparison.part else model - twin, twin - model
    numbers = sorted({row[0] for row in alone + missed})
    if not numbers:
        return ""
    parts = [f"{comparison.table}: {len(numbers)} agreements differ"]
    for number in numbers[:shown]:
        parts += [f"  {number} model alone: {row[1:]} x{n}" for row, n in _of(alone, number)]
        parts += [f"  {number} twin alone:  {row[1:]} x{n}" for row, n in _of(missed, number)]
    return "\n".join([*parts, told(lives[numbers[0]]) if numbers[0] in lives else "  the twin does not know it"])


def told(life: Life) -> str:
    """Return all facts of an agreement as text, but its evidence."""
    facts = life.known.facts
    shown = [facts.agreements, facts.targets, sorted(facts.events, key=lambda e: e.event_date)]
    shown += [sorted(facts.verdicts, key=lambda v: v.evaluation_year), facts.self_reports, facts.changes]
    return f"as of {life.known.as_of}, known {life.known.year}\n" + "\n".join(
        pformat(part, width=200) for part in shown
    )


def credit_difference(path: Path, lives: dict[str, Life]) -> str:
    """Return what differs between fct_credit and the twin's credit list."""
    sql = "select uscc, listed_date, repaired_date, is_listed from marts.fct_credit"
    with duckdb.connect(str(path), read_only=True) as con:
        model = Counter(con.execute(sql).fetchall())
    rows = simulation.credit(list(lives.values()))
    twin = Counter((r.uscc, r.listed_date, r.repaired_date, r.is_listed) for r in rows)
    return "" if model == twin else f"fct_credit: model alone {model - twin}, twin alone {twin - model}"


def _of(rows: Rows, number: str) -> list[tuple[tuple, int]]:
    return sorted(((row, n) for row, n in rows.items() if row[0] == number), key=str)


def _plain(value: object) -> object:
    """Numbers that differ in the last digits are the same."""
    return float(f"{value:.11e}") if isinstance(value, float) else value
