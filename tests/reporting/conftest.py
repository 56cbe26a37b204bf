from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import page_parser
import pytest
import report_snapshot

from landgauge.settings import Settings
from reporting.report import render, report


@pytest.fixture(scope="session")
def city(tmp_path_factory) -> Path:
    """A snapshot of a city that has everything."""
    return report_snapshot.write(tmp_path_factory.mktemp("city") / "current.duckdb")


@pytest.fixture(scope="session")
def page(city: Path) -> str:
    return render(city, report_snapshot.YEAR)


@pytest.fixture(scope="session")
def document(page: str) -> page_parser.Element:
    return page_parser.parse(page)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(warehouse=tmp_path, year=report_snapshot.YEAR, as_of=date(report_snapshot.YEAR, 12, 31))


@pytest.fixture
def written(settings: Settings) -> Callable[..., str]:
    """Publish a snapshot, write its report by the stage, and return the page."""

    def write(writer: Callable[..., Path] = report_snapshot.write, **options: object) -> str:
        settings.published.mkdir(parents=True, exist_ok=True)
        settings.snapshot.unlink(missing_ok=True)
        writer(settings.snapshot, **options)
        report(settings)
        return (settings.published / "report" / "2024" / "city.html").read_text(encoding="utf-8")

    return write
