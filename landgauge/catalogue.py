"""What the indicator catalogue is written out to: the wide marts' columns, docs/indicators.md, README's table.

`python -m landgauge.catalogue` rewrites all three from `seeds/policy/indicator.csv`; a test holds them against it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from landgauge import policy
from landgauge.settings import PROJECT_ROOT

SCALES = ("parcel", "enterprise", "block", "zone", "district", "city", "industry")
BEGIN, END = "<!-- indicators: written by make catalogue -->", "<!-- /indicators -->"
_ARROWS = {"positive": "↑", "negative": "↓", "neutral": "–"}
_INTRO = (
    "# Indicators\n\n"
    "Written by `make catalogue` from `dbt_project/seeds/policy/indicator.csv`; `marts.dim_indicator` holds the same "
    "rows. How to add one: [adding-an-indicator.md](adding-an-indicator.md). `make docs-dbt` writes the documentation "
    "of all models with their lineage.\n\n"
    "↑ more is better, ↓ less is better, – neither by itself. Unit 1: a plain ratio, 0.35 and not 35. In sources, "
    "[found] was read there, [inference] concluded from it, and [known] is general knowledge of the field whose text "
    "was not at hand; without a mark the document is named and its text was not at hand.\n"
)

Row = dict[str, str]


def outputs(root: Path = PROJECT_ROOT) -> dict[Path, str]:
    """Return what each written file has to hold, by its path below `root` (a working copy of the project)."""
    rows = policy.rows("indicator", root / "dbt_project" / "seeds" / "policy")
    reasons = policy.rows("null_reason", root / "dbt_project" / "seeds" / "policy")
    marts = root / "dbt_project" / "models" / "marts" / "indicators" / "_indicators.yml"
    readme, page = root / "README.md", root / "docs" / "indicators.md"
    return {
        marts: with_columns(marts.read_text(encoding="utf-8"), rows),
        readme: with_table(readme.read_text(encoding="utf-8"), rows),
        page: document(rows, reasons),
    }


def with_columns(text: str, rows: list[Row]) -> str:
    """Return the marts' yml with each `fct_<scale>_year` describing the scale's indicators as the catalogue does.

    A column that is there gets its description anew; one that is not is added above `run_id`, as a double.
    """
    parts = re.split(r"(?m)^(?=- name: )", text)
    return "".join(_model(part, rows) for part in parts)


def _model(part: str, rows: list[Row]) -> str:
    named = re.match(r"- name: fct_(\w+)_year\n", part)
    if not named or named[1] not in SCALES:
        return part
    for row in _of_scale(rows, named[1]):
        column = f"  - name: {row['indicator_code']}\n    data_type: double\n    description: "
        entry = column + _yaml(f"{row['name_zh']} ({row['name_en']}), {row['unit']}") + "\n"
        if column in part:
            part = re.sub(re.escape(column) + ".*\n", lambda _, entry=entry: entry, part)
        else:
            part = part.replace("  - name: run_id\n", entry + "  - name: run_id\n")
    return part


def with_table(text: str, rows: list[Row]) -> str:
    """Return README with the table of indicators between its marks. Raises ValueError where these are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"README needs the lines {BEGIN} and {END}")
    return f"{before}{BEGIN}\n{_by_scale(rows)}{END}{after}"


def document(rows: list[Row], reasons: list[Row]) -> str:
    """Return docs/indicators.md."""
    definitions = (
        (
            f"`{row['indicator_code']}`",
            f"{row['name_zh']}<br>{row['name_en']}",
            f"{row['unit']} {_ARROWS[row['direction']]}",
            "<br>".join(dict.fromkeys((row["formula_zh"], row["formula_en"]))),
            ", ".join(_listed(row["scales"])),
        )
        for row in rows
    )
    origins = (
        (f"`{row['indicator_code']}`", row["source"], ", ".join(_listed(row["null_reasons"] or ""))) for row in rows
    )
    missing = ((f"`{row['null_reason']}`", f"{row['name_zh']}: {row['name_en']}") for row in reasons)
    return "\n".join(
        (
            _INTRO,
            _by_scale(rows),
            "## Definitions\n" + _markdown(("code", "indicator", "unit", "formula", "scales"), definitions),
            "## Sources and reasons of a missing value\n" + _markdown(("code", "source", "reasons"), origins),
            "The reasons, in order of precedence:\n\n" + _markdown(("reason", "meaning"), missing),
        )
    )


def _by_scale(rows: list[Row]) -> str:
    """Return a table of the indicators' names, each once, by the scales that they have."""
    lines: dict[str, list[str]] = {}
    for row in rows:
        scales = _listed(row["scales"])
        lines.setdefault(", ".join(s for s in SCALES if s in scales), []).append(row["name_zh"])
    cells = ((str(len(names)), ", ".join(names), scales) for scales, names in lines.items())
    return _markdown((str(len(rows)), "indicators", "scales"), cells)


def _of_scale(rows: list[Row], scale: str) -> list[Row]:
    return [row for row in rows if scale in _listed(row["scales"])]


def _listed(cell: str) -> list[str]:
    return cell.split("|") if cell else []


def _markdown(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _yaml(text: str) -> str:
    """Return the text as a scalar of YAML, in quotes where a plain one would read as something else."""
    plain = ": " not in text and " #" not in text and re.match(r"[\w\u4e00-\u9fff]", text) and not text.endswith(":")
    return text if plain else json.dumps(text, ensure_ascii=False)


def main(root: Path = PROJECT_ROOT) -> int:
    """Write the files that differ and name them; return 0."""
    for path, text in outputs(root).items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"written: {path.relative_to(root)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*(Path(argument) for argument in sys.argv[1:2])))
