"""The written cases, by the twin in Python and by the dbt models."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from . import simulation
from .decision_table import YEAR, Case, cases
from .expecting import by_model, by_twin, expected

CASES = cases()
DAYS = sorted({day for case in CASES for day in case.expected})


def test_every_article_has_its_cases() -> None:
    rules = {rule for case in CASES for rule in case.rules}
    assert len(CASES) >= 60
    assert {"E1", "E2", "E3", "E4", "E5", "E6", "E7"} <= rules


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_twin(case: Case) -> None:
    for day in case.expected:
        lives = [simulation.live(facts, min(day.year, YEAR), day) for facts in case.facts]
        assert by_twin(lives, case.expected[day]) == expected(case.expected[day]), (case.name, day)


@pytest.mark.parametrize("day", DAYS, ids=str)
def test_models(built: dict[date, Path], day: date) -> None:
    wrong = {}
    with duckdb.connect(str(built[day]), read_only=True) as con:
        for case in CASES:
            if day in case.expected and (found := by_model(con, case, day)) != expected(case.expected[day]):
                wrong[case.name] = (found, case.expected[day])
    assert not wrong
