"""Draw the report's pictures: `pictures.py WAREHOUSE NEWYORK YEAR FOLDER`; NEWYORK is left out where it is not there.

Needs chromium, pdftoppm and playwright.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from landgauge.settings import Settings
from reporting.print import find_browser, print_pages
from reporting.report import report

DESK, PHONE = (1200, 1500), (390, 844)
DOTS_PER_INCH = 70


def main(warehouse: Path, newyork: Path, year: int, folder: Path) -> None:
    """Write report.png, report_phone.png, report_pdf.png and report_newyork.png into the folder."""
    with tempfile.TemporaryDirectory() as name, sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        settings = _written(warehouse, Path(name) / "city", year)
        page = settings.published / "report" / str(year) / "city.html"
        _draw(browser, page, DESK, folder / "report.png")
        _draw(browser, page, PHONE, folder / "report_phone.png")
        (pdf,) = print_pages(settings, "city", "en")
        target = folder / "report_pdf"
        command = ["pdftoppm", "-r", str(DOTS_PER_INCH), "-png", "-f", "1", "-singlefile", str(pdf), str(target)]
        subprocess.run(command, check=True)
        if (newyork / "published" / "current.duckdb").is_file():
            zones = _written(newyork, Path(name) / "newyork", year)
            page = zones.published / "report" / str(year) / "city.html"
            _draw(browser, page, DESK, folder / "report_newyork.png", "#map-section")
        browser.close()


def _written(warehouse: Path, folder: Path, year: int) -> Settings:
    """A folder with the warehouse's snapshot and the report that this code writes of it."""
    (folder / "published").mkdir(parents=True)
    (folder / "published" / "current.duckdb").symlink_to(warehouse.resolve() / "published" / "current.duckdb")
    settings = Settings(folder, year, date(year, 12, 31))
    report(settings)
    return settings


def _draw(browser: Browser, page: Path, size: tuple[int, int], target: Path, part: str | None = None) -> None:
    tab = browser.new_page(viewport={"width": size[0], "height": size[1]})
    tab.goto(page.as_uri())
    (tab.locator(part) if part else tab).screenshot(path=target)
    tab.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
