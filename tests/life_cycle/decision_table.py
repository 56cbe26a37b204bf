"""The written cases: facts of an agreement in a few words, and what is expected of it on certain days.

A case names the rules that it holds, the facts, and by as-of date what is expected. What is not mentioned under a
date is not compared; what is mentioned is compared whole (results: of the stages that are named; conflicts: without
stages that have no target, unless named): `consequences: {}` says that there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from .records import Agreement, Built, Change, Event, Facts, SelfReport, Target, Value, Verdict

FOLDER = Path(__file__).parent / "cases"
YEAR = 2024  # the knowledge year of every case
DEPARTMENT = "发展和改革部门"  # who raises and judges where a case says nothing
SIGNED, TERM_END = date(2010, 1, 1), date(2060, 1, 1)
PARTS = ("calendar", "results", "findings", "failed_years", "consequences", "conflicts", "credit", "ended", "warnings")
Expected = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One case: its facts (mostly of one agreement) and by as-of date what is expected."""

    name: str
    rules: tuple[str, ...]
    facts: tuple[Facts, ...]
    expected: dict[date, Expected]


def cases() -> list[Case]:
    """Return all cases in the order of the files. Raises ValueError for a key that means nothing."""
    found = []
    for path in sorted(FOLDER.glob("*.yml")):
        for given in yaml.safe_load(path.read_text(encoding="utf-8")):
            found.append(_case(given, f"C{len(found) + 1:03d}"))
    return found


def _case(given: dict[str, Any], number: str) -> Case:
    unknown = {part for day in given["expect"].values() for part in day} - set(PARTS)
    if unknown:
        raise ValueError(f"{given['name']}: {unknown}")
    facts = [_facts(given, number)]
    if "beside" in given:
        facts.append(_facts(given["beside"], f"{number}b"))
    return Case(given["name"], tuple(given["rules"]), tuple(facts), given["expect"])


def _facts(given: dict[str, Any], number: str) -> Facts:
    row = {"parcel_code": f"P-{number}", "uscc": f"U-{number}", "signed_date": SIGNED, "term_end_date": TERM_END}
    agreement = Agreement(agreement_no=number, **(row | given.get("agreement", {})))
    facts = Facts([agreement], district_code=given.get("district", "440106"))
    facts.targets = [_target(text) for text in given.get("targets", [])]
    facts.events = [_event(row) for row in given.get("events", [])]
    facts.verdicts = [_verdict(row) for row in given.get("verdicts", [])]
    facts.self_reports = [_report(text) for text in given.get("self_reports", [])]
    facts.changes = [_change(text, agreement.parcel_code) for text in given.get("changes", [])]
    facts.values = list(_values(given.get("evidence", {}), agreement.parcel_code))
    facts.built = [Built(agreement.parcel_code, year, *pair) for year, pair in given.get("built", {}).items()]
    return facts


def _target(text: str) -> Target:
    """Read `达产 land_output >= 100 by 某部门`; a target without a number is `达产 安全生产 符合`."""
    said, _, department = text.partition(" by ")
    stage, indicator, comparison, *number = said.split()
    return Target(stage, indicator, comparison, float(number[0]) if number else None, department or DEPARTMENT)


def _event(given: dict[str, Any]) -> Event:
    """Read `{整改通知: 2020-01-01, stage: 达产, deadline: 2020-06-30}`: the first key is the event with its day."""
    (event, day), *more = given.items()
    return Event(event, day, **dict(more))


def _verdict(given: dict[str, Any]) -> Verdict:
    """Read `{达产 2020 land_output: 达标, dated: 2020-12-01, by: …, opinion: …, file: 2021}`."""
    (of, verdict), *more = given.items()
    stage, year, indicator = of.split()
    rest = dict(more)
    day = rest.get("dated", date(int(year), 12, 1))
    department = rest.get("by", DEPARTMENT)
    return Verdict(
        stage, int(year), indicator, department, verdict, day, rest.get("opinion"), rest.get("file", day.year)
    )


def _report(text: str) -> SelfReport:
    """Read `达产 2020 land_output 99.5`."""
    stage, year, indicator, value = text.split()
    return SelfReport(stage, int(year), indicator, float(value))


def _change(text: str, own: str) -> Change:
    """Read `换号 own A 2020-01-01`; `own` is the agreement's parcel."""
    kind, old, new, day = text.split()
    names = [own if name == "own" else f"{own}-{name}" for name in (old, new)]
    return Change(*names, kind, date.fromisoformat(day))


def _values(given: dict[str, dict[Any, Any]], own: str) -> Iterator[Value]:
    """Read `{land_output: {2020: 99.5}}`, and of another parcel `{land_output: {2020 A: 99.5}}`."""
    for indicator, years in given.items():
        for key, value in years.items():
            year, *part = str(key).split()
            numerator, denominator = value if isinstance(value, list) else (value, 1.0)
            parcel = f"{own}-{part[0]}" if part else own
            yield Value(parcel, int(year), indicator, float(numerator), float(denominator))
