"""Random lives of agreements: the models give what the twin gives, row for row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from . import warehouse_file
from .comparing import COMPARISONS, credit_difference, difference, lives_of
from .conftest import EARLIER
from .decision_table import YEAR, cases
from .facts import agreements
from .records import Facts

LATER = date(2024, 2, 29)
EVERY_DAY = (  # the year of the files and the as-of date: within the year, at its end, after it
    *((2005, date(2005, 12, 31)), (2012, date(2012, 2, 29))),
    *((2019, date(2019, 12, 31)), (2025, date(2026, 8, 31))),
)


def _compare(path: Path, facts: Sequence[Facts], year: int, as_of: date) -> str:
    lives = lives_of(facts, year, as_of)
    found = [difference(path, lives, comparison) for comparison in COMPARISONS]
    return "\n".join(text for text in [*found, credit_difference(path, lives)] if text)


@pytest.mark.parametrize("day", [EARLIER, LATER], ids=str)
def test_a_few(built: dict[date, Path], random_facts: list[Facts], day: date) -> None:
    written = [facts for case in cases() for facts in case.facts]
    assert not _compare(built[day], [*random_facts, *written], min(day.year, YEAR), day)


@pytest.mark.acceptance
def test_ten_thousand_over_thirty_years(tmp_path: Path) -> None:
    facts, path = agreements(2, 10_000), tmp_path / "warehouse.duckdb"
    warehouse_file.write(path, facts)
    warehouse_file.seed(path)
    warehouse_file.arrange(path)
    for year, as_of in EVERY_DAY:
        warehouse_file.build(path, year, as_of)
        assert not _compare(path, facts, year, as_of)
