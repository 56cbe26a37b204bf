"""The report on paper: a page of `published/report/<year>/` printed as PDF by a headless Chromium.

The page's own print style (A4, page numbers, repeated table heads) does the setting. Equal pages give equal bytes with
the same browser and fonts: the only moment that the browser writes, when it printed, is replaced by the year's end.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from landgauge.errors import ConfigurationError, StageFailed
from landgauge.settings import Settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LANGUAGES = ("zh", "en")
SECONDS = 300  # for one page; a city of 20,000 drawn parcels takes a few
_MOMENT = re.compile(rb"(/(?:Creation|Mod)Date \(D:)\d{14}")
_OPTIONS = (
    "--headless",
    "--no-sandbox",  # containers have none to give; the page is our own and its policy lets it load nothing
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)


def print_pages(settings: Settings, page: str, language: str) -> list[Path]:
    """Print a page (city, district-CODE, zone-CODE) or `all` of the settings' year, in `zh` or `en`; return the files.

    They stand beside the pages: `<page>.pdf`, in English `<page>.en.pdf`.
    Raises ConfigurationError for a page that is not there and without a browser, StageFailed when it cannot print.
    """
    browser = find_browser()
    return [_printed(browser, path, language, settings.year) for path in _asked(settings, page)]


def find_browser() -> str:
    """Return the browser that prints: that of LANDGAUGE_BROWSER, or the first that stands on the PATH.

    Raises ConfigurationError, which says what to install.
    """
    named = os.environ.get("LANDGAUGE_BROWSER")
    found = next((path for name in ([named] if named else BROWSERS) if (path := shutil.which(name))), None)
    if found is None:
        what = f"LANDGAUGE_BROWSER={named} is not a program" if named else "no Chromium was found on the PATH"
        advice = "Install it with a Chinese font (Debian: apt-get install chromium fonts-noto-cjk), or name it in "
        raise ConfigurationError(what, advice + "LANDGAUGE_BROWSER.")
    return found


def _asked(settings: Settings, page: str) -> list[Path]:
    folder = settings.published / "report" / str(settings.year)
    pages = {path.stem: path for path in sorted(folder.glob("*.html")) if path.stem != "index"}
    if not pages:
        raise ConfigurationError(f"{folder} holds no report", "Run `landgauge report` for that year first.")
    if page != "all" and page not in pages:
        there = ", ".join(list(pages)[:5]) + (", …" if len(pages) > 5 else "")
        raise ConfigurationError(f"{folder} has no page {page}", f"Name one of {len(pages)}: {there}; or all.")
    return list(pages.values()) if page == "all" else [pages[page]]


def _printed(browser: str, page: Path, language: str, year: int) -> Path:
    target = page.with_suffix(".pdf" if language == "zh" else f".{language}.pdf")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        draft = Path(folder) / "page.pdf"
        where = (f"--user-data-dir={folder}/profile", f"--print-to-pdf={draft}")
        said = _run([browser, *_OPTIONS, *where, f"{page.resolve().as_uri()}?lang={language}"], page)
        if not draft.is_file():
            raise StageFailed(f"{browser} did not print {page.name}: {said}", "Try the page in that browser.")
        content = _MOMENT.sub(rb"\g<1>%d1231000000" % year, draft.read_bytes())
    building = target.with_name(f".{target.name}.building")
    building.write_bytes(content)
    building.replace(target)
    return target


def _run(command: list[str], page: Path) -> str:
    """Run the browser; return the end of what it said."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        advice = "Try the page in that browser, or name another in LANDGAUGE_BROWSER."
        raise StageFailed(f"{command[0]} did not print {page.name}: {error.__class__.__name__}", advice) from error
    return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit code {done.returncode}"
