"""English beside the Chinese of a page: every Chinese text of the page, found in it, with its English.

The pages are written in Chinese. `english.yml` holds what their texts are in English, whole or with places ({}, or {n}
for a number) for what changes; the marts bring the English names and formulas of their own. A page carries the pairs
of its own texts as JSON, and page.js exchanges them: no text stands twice, and without a script the page is Chinese.
Names, documents and notes that come from files stay as they were handed in.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from reporting.marts import Marts

PLACE = "<!--english-->"  # stands in a page where its pairs go
CHINESE = re.compile("[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
_WHOLE = re.compile(r"<(script|style)\b.*?</\1>", re.DOTALL)
_TEXTS = re.compile(r'>([^<>]+)<|\s(?:title|aria-label|placeholder)="([^"]+)"')
_CATALOGUE = Path(__file__).parent / "english.yml"
_NUMBER = r"([-−+\d][\d.,–]*%?|—)"
_PLACES = {r"\{n\}": _NUMBER, r"\{\}": "([^。；、]+?)", r"\{\*\}": "(.+?)"}
_WORD = re.compile("[\u4e00-\u9fff]")
_STOPS = {"。": ". ", "；": "; ", "、": ", "}


class Form(NamedTuple):
    """A text with places: a part of it that is fixed, the pattern of the whole, and its English."""

    fixed: str
    pattern: re.Pattern[str]
    english: str


@cache
def _catalogue() -> tuple[dict[str, str], tuple[Form, ...], tuple[Form, ...]]:
    """Texts; forms; and forms that the browser fills in itself, because a page has too many texts of them."""
    read = yaml.safe_load(_CATALOGUE.read_text(encoding="utf-8"))
    whole = {zh: en for zh, en in read["texts"].items() if "{" not in zh}
    open_ = {zh: en for zh, en in read["texts"].items() if "{" in zh}
    return whole, _forms(open_), _forms(read["of_each_parcel"])


def _forms(texts: Mapping[str, str]) -> tuple[Form, ...]:
    """Patterns of texts with places, those with most fixed text first."""
    order = sorted(texts, key=lambda zh: (-len(re.sub(r"\{.?\}", "", zh)), zh))
    return tuple(_form(zh, texts[zh]) for zh in order)


def _form(text: str, english: str) -> Form:
    pattern = re.escape(text)
    for place, taken in _PLACES.items():
        pattern = pattern.replace(place, taken)
    return Form(max(re.split(r"\{.?\}", text), key=len), re.compile(pattern), english)


def of_marts(marts: Marts) -> dict[str, str]:
    """Return what the marts themselves say in both languages: indicators, formulas, schemes, messages and checks."""
    asked = [
        "select name_zh as zh, name_en as en from dim_indicator",
        "select formula_zh, formula_en from dim_indicator",
        "select name_zh, name_en from dim_scheme",
        "select min(message_zh), arg_min(message_en, message_zh) from fct_quarantine "
        "group by year, dataset, rule_code, severity",
        "select regexp_replace(comment, ' [(].*', ''), regexp_extract(comment, ' [(](.*)[)]', 1) "
        "from duckdb_tables() where schema_name = 'marts' and table_name like 'qc_%'",
    ]
    asked += [
        f'select min(message_zh), arg_min(detail, message_zh) from marts."{table}" group by rule_code'
        for table, have in sorted(marts.have.items())
        if table.startswith("qc_") and {"rule_code", "message_zh", "detail"} <= have
    ]
    found = marts.rows(f"{' union '.join(asked)} order by zh, en")
    return {_plain(r["zh"]): r["en"] for r in found if r["zh"] and r["en"]}


class English:
    """The English of texts; `own` are pairs beside those of the catalogue."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        """Take the pairs that a page's marts bring."""
        whole, self._forms, self.left = _catalogue()
        self._known: dict[str, str | None] = {**(own or {}), **whole}

    def of(self, text: str) -> str | None:
        """Return a text's English; None for a text that has none, such as a name."""
        if text not in self._known:
            self._known[text] = self._filled(text) or self._joined(text)
        return self._known[text]

    def _filled(self, text: str) -> str | None:
        for form in self._forms:
            if form.fixed in text and (found := form.pattern.fullmatch(text)):
                said = [self.of(part) for part in found.groups()]
                if any(said) or _WORD.search(form.pattern.pattern):  # else it is a name with a bracket in it
                    return form.english.format(*(a or b for a, b in zip(said, found.groups(), strict=True)))
        return None

    def _joined(self, text: str) -> str | None:
        """The English of clauses, when all have one, or of an enumeration, in which names may stand."""
        for stops, enough in (("。；", all), ("、", any)):
            parts = [part for part in re.split(f"([{stops}])", text) if part]
            if len(parts) > 1 and "，" not in text * (stops == "、") and enough(self._fits(p) for p in parts[::2]):
                return "".join(_STOPS.get(p) or self.of(p) or p for p in parts).strip()
        return None

    def _fits(self, text: str) -> bool:
        return not CHINESE.search(text) or self.of(text) is not None


def with_english(page: str, english: English) -> str:
    """Return the page with the pairs of its texts in the place that it keeps for them."""
    return page.replace(PLACE, _as_json(pairs(page, english), english))


def pairs(page: str, english: English) -> dict[str, str]:
    """Return the Chinese texts of a page with their English, in the order in which they stand in the page."""
    found: dict[str, str] = {}
    for text in texts(page):
        form = next((m for f in english.left if f.fixed in text and (m := f.pattern.fullmatch(text))), None)
        for part in form.groups() if form else (text,):
            if part not in found and CHINESE.search(part) and (said := english.of(part)):
                found[part] = said
    return found


def texts(page: str) -> Iterator[str]:
    """Yield the Chinese texts of a page once each: text nodes and what is said to a pointer or a screen reader."""
    seen = set()
    for node, attribute in _TEXTS.findall(_WHOLE.sub("", page)):
        text = node or attribute
        if text not in seen and CHINESE.search(text):
            seen.add(text)
            yield _plain(html.unescape(text))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _as_json(found: Mapping[str, str], english: English) -> str:
    """The pairs as JSON that can stand in a page: nothing in it ends a script."""
    left = [[f"^{form.pattern.pattern}$", form.english] for form in english.left]
    text = json.dumps({"texts": found, "forms": left}, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
