from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from landgauge.settings import Settings
from reporting.report import render, report
from tests.reporting import snapshot


@pytest.fixture(scope="session")
def city(tmp_path_factory) -> Path:
    """A snapshot of a city that has everything."""
    return snapshot.write(tmp_path_factory.mktemp("city") / "current.duckdb")


@pytest.fixture(scope="session")
def page(city: Path) -> str:
    return render(city, snapshot.YEAR)


@pytest.fixture(scope="session")
def soup(page: str) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    """Publish a snapshot, write its report by the stage, and return the page."""

    def write(**options: object) -> str:
        settings = Settings(warehouse=tmp_path, year=snapshot.YEAR, as_of=date(snapshot.YEAR, 12, 31))
        settings.published.mkdir(parents=True)
        snapshot.write(settings.snapshot, **options)
        report(settings)
        return (settings.published / "report" / "2024" / "city.html").read_text(encoding="utf-8")

    return write
