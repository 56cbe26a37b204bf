"""The report as people see it: on a desk, on a phone, on paper, in two languages.

Every claim is measured in Chromium on the pages of a generated city and of the New York zones.
"""

from __future__ import annotations

import re
import statistics
import subprocess
from pathlib import Path

import pytest
from page_files import chosen, of

from landgauge.settings import Settings
from reporting.language import CHINESE
from reporting.print import print_pages

pytestmark = pytest.mark.acceptance
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
MOST_BYTES = 15_000_000
MOST_SECONDS = 3.0

# Text whose contrast with what lies behind it is below 4.5 : 1 (3 : 1 for large text), WCAG 2.2, 1.4.3.
FAINT = """() => {
  const numbers = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => { const [r, g, b] = numbers(c).slice(0, 3).map(v => (v /= 255) <= .04045 ? v / 12.92
      : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor,
      n = numbers(c); if (n.length < 4 || n[3] > .9) return c; } return "rgb(255,255,255)"; };
  const faint = [];
  for (const e of document.querySelectorAll("body *:not(script):not(style)")) {
    if (e.closest("svg") || !e.offsetParent) continue;
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.nodeValue.trim())) continue;
    const style = getComputedStyle(e), [a, b] = [light(style.color), light(behind(e))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if ((a + .05) / (b + .05) < (large ? 3 : 4.5)) faint.push(e.tagName + " " + e.textContent.slice(0, 30));
  }
  return faint;
}"""
# Drawings without a size, and attributes that hold no number.
BROKEN = """() => {
  document.querySelectorAll("details").forEach(d => d.open = true);
  const broken = [];
  for (const svg of document.querySelectorAll("svg")) {
    const box = svg.getBoundingClientRect();
    if (box.width < 10 || box.height < 5) broken.push("no size: " + svg.outerHTML.slice(0, 80));
    if (!svg.querySelector("path, rect, line, polyline, polygon, circle")) broken.push("empty: " + svg.outerHTML);
  }
  for (const e of document.querySelectorAll("svg, svg *")) for (const a of e.attributes)
    if (/NaN|undefined|Infinity/.test(a.value) && a.name !== "aria-label") broken.push(e.tagName + " " + a.name);
  return broken;
}"""
# What sticks out of the page to the right without a box of its own in which it can be scrolled.
WIDE = """() => document.scrollingElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1
    && !e.closest(".scroll, svg")).map(e => e.tagName + "#" + e.id + " " + e.textContent.slice(0, 30))"""
# The ink of a sample: how many dark points it has when it is drawn with the page's own font.
INK = """text => { const c = document.createElement("canvas"); c.width = 40 * text.length; c.height = 50;
  const x = c.getContext("2d"); x.font = "32px " + getComputedStyle(document.body).fontFamily; x.fillText(text, 2, 38);
  const d = x.getImageData(0, 0, c.width, c.height).data; let n = 0;
  for (let i = 3; i < d.length; i += 4) n += d[i] > 128; return n; }"""
TIMES = """() => new Promise(done => { const first = () => performance.getEntriesByName("first-contentful-paint")[0];
  const wait = () => first() && performance.timing.loadEventEnd ? done([first().startTime,
    performance.timing.loadEventEnd - performance.timing.navigationStart]) : setTimeout(wait, 20); wait(); })"""
TEXTS = """() => { const found = [], walk = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  for (let n = walk.nextNode(); n; n = walk.nextNode())
    if (!/^(SCRIPT|STYLE|NOSCRIPT)$/.test(n.parentNode.tagName) && n.nodeValue.trim()) found.push(n.nodeValue);
  return found; }"""


@pytest.fixture(scope="module", params=["generated", "newyork"])
def pages(request) -> tuple[Settings, list[Path]]:
    settings = request.getfixturevalue(request.param)
    return settings, chosen(settings)


@pytest.fixture
def opened(browser):
    """A function that opens a page and says what the browser complained of."""
    contexts = []

    def show(path: Path, size: str = "desk", query: str = ""):
        width, height = SIZES[size]
        context = browser.new_context(viewport={"width": width, "height": height}, has_touch=size == "phone")
        contexts.append(context)
        tab, said = context.new_page(), []
        tab.on("console", lambda m: said.append(f"{m.type}: {m.text}"))
        tab.on("pageerror", lambda e: said.append(str(e)))
        tab.on("request", lambda r: r.url.startswith("file:") or said.append(f"asked for {r.url}"))
        tab.goto(path.as_uri() + query)
        return tab, said

    yield show
    for context in contexts:
        context.close()


def test_the_city_has_its_pages(generated):
    there = [path.stem.split("-")[0] for path in chosen(generated)]
    assert there[0] == "city"
    if any(of(generated).glob("district-*.html")):
        assert there.count("district") == 2 and there.count("zone") == 2


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_pages_draw_without_complaint_and_fit(pages, opened, size, language):
    for path in pages[1]:
        assert path.stat().st_size < MOST_BYTES, path.name
        tab, said = opened(path, size, f"?lang={language}")
        assert tab.evaluate(BROKEN) == [], path.name
        assert tab.evaluate(WIDE) == [], path.name
        assert tab.evaluate(FAINT) == [], path.name
        assert said == [], path.name
        figures = tab.locator("#map svg, figure svg").count()
        assert figures > 0 or not path.stem.startswith("city"), path.name


def test_first_view_is_quick(pages, opened, record_property):
    for path in pages[1]:
        times = [opened(path)[0].evaluate(TIMES) for _ in range(3)]
        paint, load = (statistics.median(t[i] for t in times) / 1000 for i in (0, 1))
        record_property(path.stem, f"{paint:.2f} s to the first paint, {load:.2f} s to load")
        print(
            f"\n{pages[0].warehouse.name} {path.name}: {path.stat().st_size / 1e6:.2f} MB, {paint:.2f} s, {load:.2f} s"
        )
        assert max(paint, load) < MOST_SECONDS, path.name


def test_chinese_is_drawn_and_not_boxes(pages, opened):
    """Different characters have different ink; boxes for missing glyphs have all the same."""
    tab, _ = opened(pages[1][0])
    inks = [tab.evaluate(INK, character) for character in "产业用地后评估一龘"]
    assert len(set(inks)) > 6 and min(inks) > 20 and inks[-1] > 4 * inks[-2]


def test_language_switches_both_ways_and_is_kept(pages, opened):
    for path in pages[1]:
        tab, said = opened(path)
        before, title = tab.evaluate(TEXTS), tab.title()
        assert tab.evaluate("document.documentElement.lang") == "zh-CN"
        tab.click("#language")
        english = tab.evaluate(TEXTS)
        assert tab.evaluate("document.documentElement.lang") == "en"
        assert "post-evaluation" in tab.title() and len(english) == len(before)
        assert sum(map(bool, map(CHINESE.search, english))) < 0.9 * sum(map(bool, map(CHINESE.search, before)))
        tab.reload()
        assert tab.evaluate("document.documentElement.lang") == "en", "the choice is kept"
        tab.click("#language")
        assert (tab.evaluate(TEXTS), tab.title()) == (before, title), path.name
        assert said == []


def test_page_is_chinese_without_a_script(generated, browser):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(chosen(generated)[0].as_uri())
    assert "年产业用地后评估报告" in tab.title() and not tab.locator("#language").is_visible()
    assert tab.locator("#map path").first.is_visible()
    context.close()


def test_keyboard_reaches_the_switch_and_the_map(generated, opened):
    tab, _ = opened(chosen(generated)[0])
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.id") == "language"
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.documentElement.lang") == "en"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
    tab.focus("#map .zoom button")
    before = tab.get_attribute("#map svg", "viewBox")
    tab.keyboard.press("Enter")
    assert tab.get_attribute("#map svg", "viewBox") != before


def test_a_parcel_says_what_it_is_in_the_shown_language(generated, opened):
    tab, _ = opened(chosen(generated)[0])
    tab.locator("#map path").first.dispatch_event("click")
    chinese = tab.inner_text("#picked")
    tab.click("#language")
    english = tab.inner_text("#picked")
    assert "（" in chinese and "（" not in english and chinese.split()[0] == english.split()[0]


@pytest.mark.parametrize(("language", "heading"), [("zh", "方法与来源"), ("en", "Methods and sources")])
def test_pdf_holds_the_text_in_fonts_of_its_own(pages, language, heading):
    settings, paths = pages
    for path in paths:
        (file,) = print_pages(settings, path.stem, language)
        text = _run("pdftotext", "-layout", str(file), "-")
        assert heading in text, path.name
        assert re.search(r"^\s*1 ?/ ?\d+\s*$", text, re.MULTILINE), "page numbers"
        fonts = [line for line in _run("pdffonts", str(file)).splitlines()[2:] if line.strip()]
        assert fonts and all(re.search(r"\byes +(yes|no) +(yes|no) +\d+ +\d+$", line) for line in fonts), "embedded"
        assert re.search(r"Page size:.*\(A4\)", _run("pdfinfo", str(file)))
        assert file.stat().st_size < MOST_BYTES


def test_equal_pages_give_equal_pdfs(generated):
    first = [path.read_bytes() for path in print_pages(generated, "city", "zh")]
    assert first == [path.read_bytes() for path in print_pages(generated, "city", "zh")]


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
