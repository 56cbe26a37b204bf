"""A declaration, a superseding file and a correction of one year: three states, each rebuilt as it was published."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.synthetic.city import write_city
from landgauge import cli
from landgauge.errors import DONE, WRONG_CALL

pytestmark = pytest.mark.slow
DAYS = ("2025-03-01", "2025-04-01", "2025-05-01")
TIMES = {"started_at", "finished_at", "published_at", "loaded_at"}
CORRECTION = [
    "correction_no", "dataset", "year", "key_json", "column", "old_value", "new_value", "reason", "approved_by",
    "effective_date",
]  # fmt: skip
Tables = dict[str, list[tuple[Any, ...]]]


def published(folder: Path) -> Tables:
    """Every published table's rows, without times; of `fct_run` also without the note that says what it is."""
    with duckdb.connect(str(folder / "published" / "current.duckdb"), read_only=True) as con:
        columns: dict[str, list[str]] = {}
        for table, column in con.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' order by all"
        ).fetchall():
            if column not in TIMES and (table, column) != ("fct_run", "notes"):
                columns.setdefault(table, []).append(column)
        return {
            table: con.execute(f"select {', '.join(names)} from marts.{table} order by all").fetchall()
            for table, names in columns.items()
        }


def evaluate(city: Path, day: str) -> None:
    shutil.rmtree(city / "published", ignore_errors=True)  # fct_run keeps a row of every run published here
    arguments = ["--landing", str(city / "landing"), "--warehouse", str(city), "--year", "2024"]
    assert cli.main(["evaluate", *arguments, "--recorded-at", f"{day}T09:00:00"]) == DONE


def restate(city: Path, as_of: str, *more: str) -> int:
    return cli.main(["restate", "--warehouse", str(city), "--year", "2024", "--as-of", as_of, *more])


def rewrite(path: Path, column: str, change: float) -> tuple[dict[str, str], str]:
    """Multiply a figure of the first row that has it; returns that row as it was, and the new figure."""
    content = path.read_bytes()
    encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "gb18030"
    rows = list(csv.DictReader(io.StringIO(content.decode(encoding), newline="")))
    row = next(r for r in rows if r[column].replace(".", "").isdigit())
    before, row[column] = dict(row), str(float(row[column]) * change)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, list(row))
        writer.writeheader()
        writer.writerows(rows)
    return before, row[column]


def correct(landing: Path, old: str, new: str, uscc: str) -> None:
    path = landing / "corrections" / "2024" / "late.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    key = json.dumps({"uscc": uscc})
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(CORRECTION)
        writer.writerow(["LATE-1", "operations", 2024, key, "output_cny10k", old, new, "笔误", "张三", "2025-05-01"])


@pytest.fixture(scope="module")
def moments(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Tables]]:
    """A warehouse after three evaluations, and what was published after each."""
    city = tmp_path_factory.mktemp("city")
    write_city(city / "landing", 40, 120, 1, 2024, 7)
    found = []
    evaluate(city, DAYS[0])
    found.append(published(city))
    path = next(p for p in sorted((city / "landing" / "operations" / "2024").iterdir()) if p.suffix == ".csv")
    row, new = rewrite(path, "工业总产值", 2.0)
    evaluate(city, DAYS[1])
    found.append(published(city))
    correct(city / "landing", new, "77777", row["统一社会信用代码"])
    evaluate(city, DAYS[2])
    found.append(published(city))
    (city / "landing").rename(city / "landing.gone")
    return city, found


def test_the_three_states_differ(moments: tuple[Path, list[Tables]]) -> None:
    _, (first, second, third) = moments
    for one, other in ((first, second), (second, third)):
        assert one["fct_city_year"] != other["fct_city_year"]
        assert one["fct_load"] != other["fct_load"]


@pytest.mark.parametrize("number", range(3))
def test_each_state_is_rebuilt(moments: tuple[Path, list[Tables]], number: int) -> None:
    city, expected = moments
    live = {p: p.stat().st_mtime_ns for p in city.rglob("*") if p.is_file() and "restated" not in p.parts}
    assert restate(city, DAYS[number]) == DONE
    rebuilt = city / "restated" / "2024" / DAYS[number]
    found = published(rebuilt)
    assert set(found) == set(expected[number])
    for table, rows in found.items():
        assert rows == expected[number][table], table
    page = (rebuilt / "published" / "report" / "2024" / "city.html").read_text(encoding="utf-8")
    assert "历史重述" in page
    assert [p.name for p in rebuilt.parent.iterdir() if p.name.startswith(".")] == []
    changed = {p for p, then in live.items() if p.stat().st_mtime_ns != then}
    assert {p.name for p in changed} <= {"warehouse.lock"}


def test_nothing_was_known_before(moments: tuple[Path, list[Tables]], capsys: pytest.CaptureFixture[str]) -> None:
    city, _ = moments
    assert restate(city, "2025-03-01T08:59:59Z") == WRONG_CALL
    said = capsys.readouterr().err
    assert "2025-03-01 09:00:00" in said
    assert "Traceback" not in said
    assert restate(city, DAYS[2], "--out", str(city / "published")) == WRONG_CALL
    assert restate(city / "restated" / "2024" / DAYS[0], DAYS[0]) == WRONG_CALL
