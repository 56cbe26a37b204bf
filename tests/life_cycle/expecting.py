"""What a case expects, and the same of the twin and of the models, as sorted texts that read alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import duckdb

from . import simulation
from .decision_table import Case, Expected
from .simulation import Life

Shown = dict[str, Any]
Cells = Sequence[Any]
QUERIES = {
    "calendar": "select obligation, due_date, state, done_date, days_late from marts.fct_stage_due",
    "results": "select stage, evaluation_year, result, result_date, first_result from marts.fct_stage_result",
    "findings": "select stage, evaluation_year, indicator_code, comparison, outcome, basis, disagrees, "
    "self_report_needed from marts.fct_stage_finding",
    "failed_years": "select max(failed_years_cumulative) from marts.fct_stage_result",
    "consequences": "select consequence_code, arises_date, state, due_date, done_date from marts.fct_consequence",
    "warnings": "select kind, raised_date, ended_date from marts.fct_warning",
    "conflicts": "select distinct conflict_code from marts.fct_contract_conflict",
    "ended": "select ended_date from marts.dim_agreement",
}


def expected(given: Expected) -> Shown:
    """Return what a case expects in the form of the two functions below."""
    made: Shown = {}
    for part, value in given.items():
        if part in ("calendar", "consequences"):
            made[part] = {name: sorted(map(str, rows)) for name, rows in value.items()}
        elif isinstance(value, list):
            made[part] = sorted(map(str, value))
        else:
            made[part] = value
    return made


def by_twin(lives: list[Life | None], given: Expected) -> Shown:
    """Return of the twin's lives the parts that a case expects."""
    known = [life for life in lives if life is not None]
    cells: dict[str, list[Cells]] = {
        "calendar": [(d.obligation, d.due_date, d.state, d.done_date, d.days_late) for n in known for d in n.calendar],
        "results": [(e.stage, e.year, e.result, e.result_date, e.first_result) for n in known for e in n.evaluations],
        "findings": [
            (
                *(e.stage, e.year, f.target.indicator_code, f.target.comparison),
                *(f.outcome, f.basis, f.disagrees, f.self_report_needed),
            )
            for n in known
            for e in n.evaluations
            for f in e.findings
        ],
        "failed_years": [(max(n.failed_years.values(), default=0),) for n in known],
        "consequences": [
            (c.consequence_code, c.arises_date, c.state, c.due_date, c.done_date) for n in known for c in n.consequences
        ],
        "warnings": [(w.kind, w.raised_date, w.ended_date) for n in known for w in n.warnings],
        "conflicts": [(code,) for n in known for code in sorted(n.conflicts)],
        "credit": [(r.listed_date, r.is_listed, r.repaired_date) for r in simulation.credit(known)],
        "ended": [(n.known.ended,) for n in known],
    }
    return {part: _show(part, cells[part], given) for part in given}


def by_model(con: duckdb.DuckDBPyConnection, case: Case, day: date) -> Shown:
    """Return of the marts the parts that a case expects on a day."""
    given = case.expected[day]
    numbers = [f.agreement_no for f in case.facts]
    firms = sorted({f.agreements[0].uscc for f in case.facts})
    found: dict[str, list[Cells]] = {}
    for part in given:
        if part == "credit":
            sql = "select listed_date, is_listed, repaired_date from marts.fct_credit where list_contains(?, uscc)"
            found[part] = con.execute(sql, [firms]).fetchall()
        else:
            found[part] = con.execute(f"{QUERIES[part]} where list_contains(?, agreement_no)", [numbers]).fetchall()
    return {part: _show(part, found[part], given) for part in given}


def _show(part: str, rows: list[Cells], given: Expected) -> Any:
    if part in ("calendar", "consequences"):
        say = _duty if part == "calendar" else _consequence
        texts: dict[str, list[str]] = {name: [] for name in given[part]} if part == "calendar" else {}
        for row in rows:
            if part == "consequences" or row[0] in texts:
                texts.setdefault(row[0], []).append(say(row))
        return {name: sorted(found) for name, found in texts.items()}
    if part == "results":
        stages = {name.split()[0] for name in given[part]}
        return {f"{stage} {year}": _result(*rest) for stage, year, *rest in rows if not stages or stage in stages}
    if part == "findings":
        wanted = given[part]
        return {_name(row): _finding(row) for row in rows if _name(row) in wanted}
    if part in ("failed_years", "ended"):
        return max((row[0] for row in rows if row[0] is not None), default=0 if part == "failed_years" else None)
    if part == "warnings":
        return sorted(_warning(row) for row in rows if row[0].startswith(("late_", "idle_")))
    if part == "credit":
        return sorted(_listing(row) for row in rows)
    return sorted({row[0] for row in rows} - ({"parcel_merged", "stage_without_target"} - set(given[part])))


def _duty(row: Cells) -> str:
    _, due, state, done, late = row
    return _said((due, state, done, None if late is None else f"late {late}"))


def _consequence(row: Cells) -> str:
    _, arises, state, due, done = row
    return _said((arises, state, done, due and f"due {due}"))


def _result(result: str, day: date | None, first: str) -> str:
    return _said((result, day, None if first == result else f"first {first}"))


def _name(row: Cells) -> str:
    return " ".join(map(str, row[:4]))


def _finding(row: Cells) -> str:
    _, _, _, _, outcome, basis, disagrees, asked = row
    return _said((outcome, basis, "disagrees" if disagrees else None, "asks" if asked else None))


def _listing(row: Cells) -> str:
    listed, on_list, repaired = row
    return _said((listed, "listed" if on_list else "off", repaired))


def _warning(row: Cells) -> str:
    kind, raised, ended = row
    return _said((kind, raised, ended and f"until {ended}"))


def _said(parts: Iterable[Any]) -> str:
    return " ".join(str(part) for part in parts if part)
