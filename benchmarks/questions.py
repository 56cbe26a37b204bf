"""Twenty questions of a BI tool to the published file of a large city: a connection for each, and one that is kept.

The questions stand in questions.yml, the file is made by `published_city`. Wall milliseconds say what a person waits on
a quiet machine, CPU milliseconds (of all threads together) compare runs on one that is not.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from string import Template
from typing import Any

import duckdb
import yaml

from benchmarks import published_city
from benchmarks.measure import machine
from landgauge.sql import literal

_FILE = Path(__file__).parent / "questions.yml"
Row = Mapping[str, str]
Answer = Callable[[str], int]  # the rows that a query has


@dataclass
class Answered:
    """What one question took, in milliseconds by repeat, and how many rows its largest answer has."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    rows: int = 0


def main() -> None:
    """Ask every question and print a table of what each took."""
    options = _options()
    asked = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    size = published_city.Size(*options.copies, options.years)
    path = options.folder / f"published_{size.parcels}_{size.enterprises}_{size.years}.duckdb"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        tables = re.findall(r"\bmarts\.(\w+)", _FILE.read_text(encoding="utf-8"))
        published_city.multiply(options.small, path, frozenset(tables), size, options.memory_limit)
    with duckdb.connect(str(path), read_only=True) as con:
        drawn = _drawn(con, asked["drawn"], options)
        print(f"{machine()}; {_contents(con)}; {path.stat().st_size / 1e6:,.0f} MB")
        if options.explain:
            sql = next(q["sql"] for q in asked["questions"] if q["name"] == options.explain)
            print(con.execute("explain analyze " + Template(sql).substitute(drawn[0])).fetchall()[0][1])
            return
    ways = {"own connection": partial(_own, path), "kept connection": _kept(path)}
    found = {way: _ask(asked["questions"], drawn, answer) for way, answer in ways.items()}
    print(_table(found))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=Path, default=Path("build/demo/published/current.duckdb"))
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--copies", type=int, nargs=2, default=(50, 2), metavar=("PARCELS", "ENTERPRISES"))
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory-limit", default="2GB", help="for making the file")
    parser.add_argument("--explain", metavar="NAME", help="show where the time of one question goes instead")
    return parser.parse_args()


def _drawn(con: duckdb.DuckDBPyConnection, sql: str, options: argparse.Namespace) -> list[Row]:
    """The values that the questions name, as SQL literals: a row for each repeat."""
    result = con.execute(Template(sql).substitute(seed=options.seed, repeats=options.repeats))
    names = [column[0] for column in result.description or ()]
    return [dict(zip(names, map(_literal, row), strict=True)) for row in result.fetchall()]


def _literal(value: Any) -> str:
    if isinstance(value, date):
        return f"date '{value.isoformat()}'"
    return literal(value) if isinstance(value, str) else str(value)


def _contents(con: duckdb.DuckDBPyConnection) -> str:
    sql = "select count(distinct {}), count(distinct year) from marts.{}"
    (parcels, years), (enterprises, _) = (
        con.execute(sql.format(*of)).fetchall()[0] for of in (("parcel_code", "dim_parcel"), ("uscc", "dim_enterprise"))
    )
    return f"{parcels:,} parcels, {enterprises:,} enterprises, {years} years"


def _own(path: Path, sql: str) -> int:
    with duckdb.connect(str(path), read_only=True) as con:
        return len(con.execute(sql).fetchall())


def _kept(path: Path) -> Answer:
    kept: list[duckdb.DuckDBPyConnection] = []

    def answer(sql: str) -> int:
        if not kept:
            kept.append(duckdb.connect(str(path), read_only=True))
        return len(kept[0].execute(sql).fetchall())

    return answer


def _ask(questions: Sequence[Mapping[str, str]], drawn: Sequence[Row], answer: Answer) -> dict[str, Answered]:
    """Every question with each row of values, all questions in turn, as a dashboard asks them."""
    found = {question["name"]: Answered() for question in questions}
    for row in drawn:
        for question in questions:
            sql, took = Template(question["sql"]).substitute(row), found[question["name"]]
            wall, cpu = time.perf_counter(), time.process_time()
            took.rows = max(took.rows, answer(sql))
            took.wall.append(1000 * (time.perf_counter() - wall))
            took.cpu.append(1000 * (time.process_time() - cpu))
    return found


def _table(found: Mapping[str, Mapping[str, Answered]]) -> str:
    """Markdown: of each question rows, and by way median and 95th percentile of wall and CPU milliseconds."""
    heads = [f"{way}: {what}" for way in found for what in ("median ms", "p95 ms", "p95 CPU ms")]
    lines = [" | ".join(["| question | rows", *heads]) + " |", "|---" * (2 + len(heads)) + "|"]
    first = next(iter(found.values()))
    for name in first:
        cells = [f"{cell:.1f}" for way in found.values() for cell in _figures([way[name]])]
        lines.append(" | ".join([f"| {name}", f"{first[name].rows:,}", *cells]) + " |")
    cells = [f"{cell:.1f}" for way in found.values() for cell in _figures(list(way.values()))]
    return "\n".join([*lines, " | ".join(["| **all**", "", *cells]) + " |"])


def _figures(answers: Sequence[Answered]) -> tuple[float, float, float]:
    wall = [ms for answered in answers for ms in answered.wall]
    cpu = [ms for answered in answers for ms in answered.cpu]
    return median(wall), _p95(wall), _p95(cpu)


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20, method="inclusive")[-1]


if __name__ == "__main__":
    main()
