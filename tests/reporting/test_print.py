"""Printing: which pages, by which browser, and what is said when it cannot; the browser here is a stand-in."""

from __future__ import annotations

import sys

import pytest

from landgauge.errors import ConfigurationError, StageFailed
from reporting.print import print_pages

BROWSER = """#!{python}
import sys, time
target = next(a.split("=", 1)[1] for a in sys.argv if a.startswith("--print-to-pdf="))
open(target, "w").write(f"/CreationDate (D:{{time.strftime('%Y%m%d%H%M%S')}}+00'00') {{sys.argv[-1]}}")
"""


@pytest.fixture
def printing(settings, tmp_path, monkeypatch):
    """Settings of a year with pages, and a browser that writes what it was asked for."""
    folder = settings.published / "report" / "2024"
    folder.mkdir(parents=True)
    for name in ("city", "district-1", "index"):
        (folder / f"{name}.html").write_text("")
    browser = tmp_path / "browser"
    browser.write_text(BROWSER.format(python=sys.executable))
    browser.chmod(0o755)
    monkeypatch.setenv("LANDGAUGE_BROWSER", str(browser))
    return settings


def test_the_pdf_stands_beside_its_page_and_tells_no_moment(printing):
    (file,) = print_pages(printing, "district-1", "en")
    assert file == printing.published / "report" / "2024" / "district-1.en.pdf"
    content = file.read_text()
    assert "(D:20241231000000+00'00')" in content and content.endswith("district-1.html?lang=en")


def test_all_pages_but_the_index_are_printed(printing):
    assert [p.name for p in print_pages(printing, "all", "zh")] == ["city.pdf", "district-1.pdf"]


@pytest.mark.parametrize("page", ["zone-9", "index", "../2024/city"])
def test_a_page_that_is_not_there_is_named(printing, page):
    with pytest.raises(ConfigurationError, match=f"has no page {page}") as error:
        print_pages(printing, page, "zh")
    assert "city, district-1" in error.value.next_step


def test_without_a_browser_it_says_what_to_install(printing, monkeypatch, tmp_path):
    monkeypatch.delenv("LANDGAUGE_BROWSER")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="no Chromium") as error:
        print_pages(printing, "city", "zh")
    assert "apt-get install chromium fonts-noto-cjk" in error.value.next_step


def test_a_browser_that_prints_nothing_is_an_error(printing, monkeypatch, tmp_path):
    (tmp_path / "browser").write_text("#!/bin/sh\necho broken >&2\nexit 1\n")
    with pytest.raises(StageFailed, match=r"did not print city\.html: broken"):
        print_pages(printing, "city", "zh")
