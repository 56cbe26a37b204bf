"""The English of the report: every text of the page has it, but for what was handed in; nothing else may change."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import duckdb
import page_parser
import pytest
import report_snapshot

from reporting import words
from reporting.balance import words as balance_words
from reporting.language import CHINESE, English, pairs, texts
from reporting.report import render

SEEDS = Path(__file__).parents[2] / "dbt_project" / "seeds" / "policy"
HANDED_IN = ("name", "document", "note", "source", "reason", "approved_by", "department", "message", "next_step")
HANDED_IN += ("formula", "unit")  # of indicators: the real ones have their English, see below


def handed_in(path) -> set[str]:
    """The Chinese texts of the snapshot that are names, documents or notes."""
    with duckdb.connect(str(path), read_only=True) as con:
        columns = con.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and data_type = 'VARCHAR'"
        ).fetchall()
        columns = [(table, column) for table, column in columns if any(word in column for word in HANDED_IN)]
        found = {v for t, c in columns for (v,) in con.execute(f'select distinct "{c}" from marts."{t}"').fetchall()}
        notes = con.execute("select distinct unnest(notes) from marts.fct_run").fetchall()
        notes += con.execute("select comment from duckdb_tables() where schema_name = 'marts'").fetchall()
    return {v for v in found | {note for (note,) in notes} if v and CHINESE.search(v)}


def without_english(page: str, known: set[str]) -> list[str]:
    """The texts of a page that show Chinese in English and were not handed in."""
    english = English()
    found = carried(page)["texts"]
    names = sorted(known, key=len, reverse=True)
    left = []
    for text in texts(page):
        if any(form.pattern.fullmatch(text) for form in english.left):
            continue
        rest = found.get(text, text)
        for name in names:
            rest = rest.replace(name, "")
        if CHINESE.search(rest):
            left.append(f"{text} → {found.get(text)}")
    return left


def carried(page: str) -> dict:
    (element,) = page_parser.parse(page).all("script", id="english")
    return json.loads(element.text)


def test_every_text_of_the_page_has_its_english(page, city):
    left = without_english(page, handed_in(city))
    assert not left, "reporting/english.yml lacks:\n" + "\n".join(left)


def test_a_text_without_english_is_found(page, city):
    """The test above can fail."""
    odd = page.replace("</main>", "<p>一个没有译文的句子</p></main>")
    assert without_english(odd, handed_in(city)) == ["一个没有译文的句子 → None"]


def test_every_word_for_a_code_has_its_english():
    english = English()
    tables = [t for module in (words, balance_words) for name, t in vars(module).items() if name.isupper()]
    names = [name[0] if isinstance(name, tuple) else name for t in tables if isinstance(t, dict) for name in t.values()]
    assert len(names) > 100
    assert [n for n in names if CHINESE.search(n) and (not english.of(n) or CHINESE.search(english.of(n)))] == []


def test_every_unit_and_grade_of_the_policy_has_its_english():
    english = English()
    seeds = {"indicator": "unit", "scheme_ratio": "unit", "scheme_grade": "name_zh"}
    for name, column in seeds.items():
        with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            found = {row[column] for row in csv.DictReader(file)}
        assert {f for f in found if CHINESE.search(f) and CHINESE.search(english.of(f) or f)} == set(), name


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("广州市 2024 年产业用地后评估报告", "广州市: post-evaluation of industrial land 2024"),
        ("合同义务：已履行 1,374 项、已逾期 183 项。", "Contract obligations: done 1,374, overdue 183."),
        ("2031 年 到期收回：−12.50 公顷", "2031 Taken back at term: −12.50 ha"),
        ("白云区、未分区", "白云区, No district"),
        ("城北厂（二期）", None),  # a name: its brackets stay
        ("某厂、某公司，某区", None),
    ],
)
def test_figures_and_names_stay_and_words_change(chinese, english):
    assert English().of(chinese) == english


def test_the_pairs_of_a_page_are_its_own_and_end_no_script(page):
    english = carried(page)["texts"]
    shown = set(texts(page))
    parts = {g for t in shown for f in English().left if (m := f.pattern.fullmatch(t)) for g in m.groups()}
    assert set(english) <= shown | parts
    (raw,) = re.findall(r'<script type="application/json" id="english">(.*?)</script>', page, re.DOTALL)
    assert "<" not in raw and ">" not in raw and "&" not in raw
    assert not [en for en in english.values() if not en]


def test_the_marts_own_english_is_used(tmp_path):
    path = report_snapshot.write(tmp_path / "current.duckdb")
    with duckdb.connect(str(path)) as con:
        columns = {
            c
            for (c,) in con.execute(
                "select column_name from duckdb_columns() where table_name = 'dim_scheme'"
            ).fetchall()
        }
        if "name_en" not in columns:
            con.execute("alter table marts.dim_scheme add column name_en varchar")
        con.execute("update marts.dim_scheme set name_en = 'A <scheme>'")
        (name,) = con.execute("select min(name_zh) from marts.dim_scheme").fetchone()
    assert carried(render(path, report_snapshot.YEAR))["texts"][name] == "A <scheme>"


def test_pairs_stand_in_the_order_of_the_page():
    assert list(pairs("<p>评分</p><p title='x'>地图</p><p>评分</p>", English())) == ["评分", "地图"]
