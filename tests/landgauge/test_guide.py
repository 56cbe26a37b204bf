"""The Chinese documentation says the same as the program and the English README, and its links lead somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from landgauge import policy
from landgauge.cli import _parser
from landgauge.yaml_file import read

ROOT = Path(__file__).parents[2]
GUIDE = sorted((ROOT / "docs" / "zh").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", ROOT / "docs" / "explain.md", *GUIDE]
_BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.S | re.M)


def commands(page: Path) -> list[str]:
    """Commands of a page's code blocks, without remarks."""
    lines = "\n".join(_BLOCK.findall(page.read_text(encoding="utf-8"))).splitlines()
    return [line.split(" # ")[0].strip() for line in lines if re.match(r"(\.venv/bin/)?(make|landgauge) ", line)]


def test_both_readmes_name_the_same_commands():
    assert commands(ROOT / "README.md") == commands(ROOT / "README.zh-CN.md") != []


def test_the_readmes_link_to_each_other_at_the_top():
    for page, other in (("README.md", "README.zh-CN.md"), ("README.zh-CN.md", "README.md")):
        head = (ROOT / page).read_text(encoding="utf-8").split("\n\n")[1]
        assert f"]({other})" in head


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_command_line_takes_every_command(page):
    for command in commands(page):
        words = shlex.split(command.removeprefix(".venv/bin/"))
        if words[0] == "landgauge" and not {"SCALE", "[--scheme"} & set(words):
            _parser().parse_args([word.replace("YYYY", "2024") for word in words[1:]])


def test_the_guide_explains_every_rule_that_a_declarer_can_break():
    text = (ROOT / "docs" / "zh" / "reporting.md").read_text(encoding="utf-8")
    rules = {rule.split(":")[0] for rule in read(ROOT / "ingestion" / "messages.yml", "messages.yml")}
    # corrections and files are explained beside the table
    assert {rule for rule in rules if f"`{rule}`" not in text} == {"old_value", "row_shape", "file"}


def test_the_guide_names_the_grades_of_the_shipped_scheme():
    text = (ROOT / "docs" / "zh" / "reading.md").read_text(encoding="utf-8")
    grades = [r for r in policy.rows("scheme_grade") if (r["scheme_code"], r["scale"]) == ("gz_performance", "parcel")]
    assert len(grades) == 4
    for row in grades:
        line = next(line for line in text.splitlines() if line.startswith(f"| {row['grade']} | {row['name_zh']} |"))
        assert row["min_score"] in line
