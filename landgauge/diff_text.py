"""The difference of two runs as text: sections to read, or every difference as a row or an object."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from landgauge.diff import Diff, Row, Run

SHOWN = 20  # scores of a scheme that the table shows; csv and json have all
_FILE, _UNIT = ("dataset", "year", "file_name"), ("scale", "scheme_code", "unit_code")


def text(found: Diff, form: str) -> str:
    """Return the difference as `table`, `csv` (section, subject, item, before, after) or `json` (one object)."""
    return {"table": _table, "csv": _csv, "json": _json}[form](found)


def _json(found: Diff) -> str:
    runs = {name: {**run.facts, "snapshot": run.snapshot.name} for name, run in _runs(found)}
    parts = {"facts": found.facts, "files": found.files, "marts": found.marts, "scores": found.scores}
    return json.dumps(runs | parts, ensure_ascii=False, default=str) + "\n"


def _runs(found: Diff) -> tuple[tuple[str, Run], tuple[str, Run]]:
    return ("first", found.first), ("second", found.second)


def _csv(found: Diff) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("section", "subject", "item", "before", "after"))
    writer.writerow(("run", "", "run_id", found.first.run_id, found.second.run_id))
    writer.writerow(("run", "", "year", found.first.year, found.second.year))
    writer.writerows(("run", "", r["item"], _plain(r["before"]), _plain(r["after"])) for r in found.facts)
    writer.writerows(("file", _name(r, _FILE), "sha256", r["before"], r["after"]) for r in found.files)
    for row in found.marts:
        writer.writerow(("mart", row["mart"], "rows", row["before"], row["after"]))
        writer.writerows(("mart", row["mart"], item, "", row[item]) for item in ("came", "went", "changed"))
    for row in found.scores:
        writer.writerows(_score_rows(row))
    return out.getvalue()


def _score_rows(row: Row) -> Iterator[tuple[Any, ...]]:
    """The pairs of before and after, then what is said of the change, one row each; nothing where there is none."""
    for item in ("version", "score", "grade", "rank"):
        yield "score", _name(row, _UNIT), item, row[f"{item}_before"], row[f"{item}_after"]
    for item in ("data_effect", "ideal_effect", "weight_effect", "cause", "no_effect_reason"):
        if row[item] is not None:
            yield "score", _name(row, _UNIT), item, "", row[item]


def _table(found: Diff) -> str:
    lines = [f"{name}: run {run.run_id} of {run.year}, {run.facts['state']}" for name, run in _runs(found)]
    lines += _section("What the runs were made with", ("item", "before", "after"), found.facts)
    same_year = found.first.year == found.second.year
    if same_year:
        lines += _section("Files", (*_FILE, "before", "after"), found.files)
        moved = [r for r in found.marts if r["came"] or r["went"] or r["changed"]]
        lines += _section("Rows of marts", ("mart", "before", "after", "came", "went", "changed"), moved)
    lines += ["", "Scores" + ("" if found.scores else ": none differs" if same_year else ": none")]
    for (scale, scheme), group in groupby(found.scores, key=lambda r: (r["scale"], r["scheme_code"])):
        lines += _scores(f"{scheme}, {scale}", list(group))
    return "\n".join(lines) + "\n"


def _section(title: str, columns: Sequence[str], rows: Sequence[Row]) -> list[str]:
    if not rows:
        return ["", f"{title}: no difference"]
    return ["", title, *_columns(columns, [[_short(r[c]) for c in columns] for r in rows])]


def _scores(title: str, rows: list[Row]) -> list[str]:
    """How many rose, fell and changed their grade, and the greatest changes."""
    changes = [r["score_change"] for r in rows]
    rose, fell = sum((c or 0) > 0 for c in changes), sum((c or 0) < 0 for c in changes)
    graded = sum(r["grade_before"] != r["grade_after"] for r in rows)
    head = f"{title}: {len(rows)} units; {rose} rose, {fell} fell, {graded} with another grade"
    greatest = sorted(rows, key=lambda r: (-abs(r["score_change"] or 0), r["unit_code"]))[:SHOWN]
    more = [f"{len(rows) - SHOWN} more: --format csv or json"] if len(rows) > SHOWN else []
    columns = ("unit_code", "score", "grade", "rank", "data", "ideal", "weight", "cause")
    return ["", head, *_columns(columns, [_score(r) for r in greatest]), *more]


def _score(row: Row) -> list[str]:
    pairs = [f"{_short(row[f'{c}_before'])} -> {_short(row[f'{c}_after'])}" for c in ("score", "grade", "rank")]
    effects = [_short(row[f"{c}_effect"]) for c in ("data", "ideal", "weight")]
    return [row["unit_code"], *pairs, *effects, row["cause"] or row["no_effect_reason"] or "-"]


def _columns(names: Sequence[str], cells: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in (list(names), *cells)) for i in range(len(names))]
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in (names, *cells)]


def _name(row: Row, columns: Sequence[str]) -> str:
    return ":".join(str(row[c]) for c in columns)


def _plain(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, list) else value


def _short(value: Any) -> str:
    """A value for a column of the table: a number to three places, a digest by its beginning, nothing as a dash."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    plain = str(_plain(value))
    return plain[:16] if len(plain) == 64 and plain.isalnum() else plain
