"""One working file with the written cases and random agreements, kept as it was built on each as-of date."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from . import decision_table, facts, warehouse_file
from .records import Facts

SEED, COUNT = 1, 250
EARLIER = date(2016, 12, 31)  # in a knowledge year of its own


@pytest.fixture(scope="session")
def random_facts() -> list[Facts]:
    return facts.agreements(SEED, COUNT)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, random_facts: list[Facts]) -> dict[date, Path]:
    """The file of each as-of date."""
    folder = tmp_path_factory.mktemp("life_cycle")
    path = folder / "warehouse.duckdb"
    cases = decision_table.cases()
    warehouse_file.write(path, [*random_facts, *(f for case in cases for f in case.facts)])
    warehouse_file.seed(path)
    warehouse_file.arrange(path)
    kept: dict[date, Path] = {}
    for day in sorted({EARLIER} | {day for case in cases for day in case.expected}):
        build = warehouse_file.build if len(kept) < 2 else warehouse_file.build_again
        build(path, min(day.year, decision_table.YEAR), day)
        kept[day] = Path(shutil.copy(path, folder / f"{day}.duckdb"))
    return kept
