"""Pages of the report in a real browser: a generated city, New York's zones, and the Chromium that shows them.

LANDGAUGE_PAGES names a folder with published warehouses `demo` and `newyork`, so that they need not be made again.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from landgauge import cli
from landgauge.errors import COMPLAINTS, DONE
from landgauge.settings import Settings, year_end
from reporting.print import find_browser
from reporting.report import report

ROOT = Path(__file__).resolve().parents[2]
NEWYORK = ROOT.parent / "shared" / "data" / "nyc_industrial_zones"
YEAR = 2024


@pytest.fixture(scope="session")
def browser():
    from playwright.sync_api import sync_playwright  # installed by `make test-pages` only

    with sync_playwright() as tool:
        shown = tool.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        yield shown
        shown.close()


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A generated city whose report is written by this code."""
    folder = tmp_path_factory.mktemp("city")
    if settings := _again("demo", folder):
        return settings
    call = ["demo", "--warehouse", str(folder), "--parcels", "400", "--enterprises", "1500", "--years", "2"]
    assert cli.main(call) in (DONE, COMPLAINTS)
    return Settings(folder, YEAR, year_end(YEAR))


@pytest.fixture(scope="session")
def newyork(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The industrial zones of New York: real lots, no enterprises, no contracts."""
    folder = tmp_path_factory.mktemp("newyork")
    if settings := _again("newyork", folder):
        return settings
    if not NEWYORK.is_dir():
        pytest.skip("the New York data set is not beside the project (../shared/data)")
    landing = shutil.copytree(ROOT / "examples" / "newyork", folder / "landing")
    shutil.copytree(NEWYORK, landing / "raw")
    call = ["evaluate", "--landing", str(landing), "--warehouse", str(folder), "--year", str(YEAR)]
    assert cli.main(call) in (DONE, COMPLAINTS)
    return Settings(folder, YEAR, year_end(YEAR))


def _again(name: str, folder: Path) -> Settings | None:
    """The report of a published warehouse, written anew; None where none is named."""
    named = Path(os.environ.get("LANDGAUGE_PAGES", os.devnull)) / name / "published" / "current.duckdb"
    if not named.is_file():
        return None
    (folder / "published").mkdir()
    (folder / "published" / "current.duckdb").symlink_to(named.resolve())
    settings = Settings(folder, YEAR, year_end(YEAR))
    report(settings)
    return settings
