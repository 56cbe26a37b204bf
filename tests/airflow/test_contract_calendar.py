"""`airflow dags test contract_calendar` writes the worklists of each month, and they differ as days go by."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from openpyxl import load_workbook

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
DAYS = ("2025-01-01", "2025-07-01", "2026-01-01")


def run(command: list[str], log: Path, extra: dict[str, str] | None = None) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | (extra or {})
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=900)
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    assert done.returncode in (0, 1), f"{command}: exit {done.returncode}, log {log}\n{done.stderr[-3000:]}"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated city of one year, and the worklists of three days."""
    root = tmp_path_factory.mktemp("calendar")
    city = root / "city"
    size = ["--parcels", "150", "--enterprises", "400", "--years", "1", "--last-year", "2024"]
    run([str(BIN / "landgauge"), "demo", "--warehouse", str(city), *size], root / "demo.log")
    environment = {
        "AIRFLOW_HOME": str(root / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "LANDGAUGE_WAREHOUSE": str(city),
        "PATH": f"{BIN}:{os.environ['PATH']}",
    }
    run(["sh", str(ROOT / "deploy" / "init.sh")], root / "init.log", environment)
    for day in DAYS:
        conf = json.dumps({"as_of": day})
        command = [str(BIN / "airflow"), "dags", "test", "contract_calendar", "--conf", conf]
        run(command, root / f"{day}.log", environment)
        assert (city / "worklists" / day).is_dir(), (root / f"{day}.log").read_text(encoding="utf-8")[-3000:]
    return city


def lines(book: Path, title: str) -> list[dict[str, object]]:
    rows = load_workbook(book, read_only=True)[title].iter_rows(values_only=True)
    head = next(rows)
    return [dict(zip(head, row, strict=True)) for row in rows]


def calendar(warehouse: Path, day: str) -> list[dict[str, object]]:
    books = sorted((warehouse / "worklists" / day / "行政区").glob("*.xlsx"))
    assert books
    return [row for book in books for row in lines(book, "到期与逾期")]


def key(row: dict[str, object]) -> tuple[object, ...]:
    return row["协议编号"], row["事项"], row["应完成日期"]


def test_each_day_has_its_own_calendar(warehouse: Path) -> None:
    for day in DAYS:
        for row in calendar(warehouse, day):
            overdue = str(row["应完成日期"])[:10] < day
            assert row["状态"] == ("已逾期" if overdue else "即将到期")
            assert (int(str(row["距到期（天）"])) < 0) == overdue


def test_what_is_due_on_one_day_and_not_done_is_overdue_later(warehouse: Path) -> None:
    found = {day: {key(row): row["状态"] for row in calendar(warehouse, day)} for day in DAYS}
    assert len({frozenset(rows.items()) for rows in found.values()}) == len(DAYS)
    soon = {k for k, state in found[DAYS[0]].items() if state == "即将到期" and str(k[2])[:10] < DAYS[1]}
    late = {k for k in soon if found[DAYS[1]].get(k) == "已逾期"}
    assert late, "nothing fell due between the first and the second day"
