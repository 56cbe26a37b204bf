"""The reading process: its limits, its end, and files of all formats that say the same."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlwt
from books import HEAD, in_sheet, xlsx
from landings import HEADER, P1, P2, P3, City, parcels

from ingestion import reading
from ingestion.reading import Worker, limits_from_environment
from ingestion.refusal import Rejected
from landgauge.errors import ConfigurationError
from landgauge.settings import ReadingLimits


def test_a_file_that_needs_too_much_memory_is_refused_and_the_next_one_read(tmp_path):
    large = in_sheet(xlsx([["x"] * 40] * 60), b">x<", b">" + b"x" * 30_000 + b"<")
    (tmp_path / "large.xlsx").write_bytes(large)  # 72 MB unpacked
    (tmp_path / "small.xlsx").write_bytes(xlsx([["x"]]))
    with Worker(tmp_path / "work", ReadingLimits(memory_mb=400)) as worker:
        with pytest.raises(Rejected, match="400 MB"):
            worker.read("sheet", tmp_path / "large.xlsx", sheet=None, head=HEAD)
        assert worker.read("sheet", tmp_path / "small.xlsx", sheet=None, head=HEAD)["sheets"][0]["rows"] == 1
    assert not (tmp_path / "work" / "reading").exists()


def test_a_file_is_read_once_whatever_it_is_called(tmp_path):
    (tmp_path / "kept").write_bytes(as_parquet())
    for name in ("a.parquet", "b.parquet"):
        (tmp_path / name).symlink_to(tmp_path / "kept")
    with Worker(tmp_path / "work") as worker:
        first = worker.read("parquet", tmp_path / "a.parquet")
        first["headers"].clear()
        worker.close()  # a second reading would start the process anew
        second = worker.read("parquet", tmp_path / "b.parquet")
        assert (worker._process, second["headers"]) == (None, HEADERS)
        assert pq.read_table(second["path"]).num_rows == len(ROWS)


def test_what_was_read_first_goes_when_room_is_needed(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_KEPT_BYTES", 1)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    for name in ("a", "b"):
        (tmp_path / f"{name}.parquet").write_bytes(as_parquet())
    with Worker(tmp_path / "work") as worker:
        first = worker.read("parquet", tmp_path / "a.parquet")
        with pytest.raises(Rejected):
            worker.read("parquet", tmp_path / "broken.parquet")
        second = worker.read("parquet", tmp_path / "b.parquet")
        assert list((tmp_path / "work").rglob("*.parquet")) == [Path(second["path"])]
        assert worker.read("parquet", tmp_path / "a.parquet")["path"] != first["path"]


def test_the_process_ends_with_the_one_that_asks(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(xlsx([["x"]]))
    code = (
        "import sys, time; from pathlib import Path; from ingestion.reading import Worker; "
        f"worker = Worker(Path({str(tmp_path)!r})); "
        f"worker.read('sheet', Path({str(tmp_path / 'a.xlsx')!r}), sheet=None, head=3); "
        "print(worker._process.pid, flush=True); time.sleep(60)"
    )
    asking = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert asking.stdout is not None
    reader = int(asking.stdout.readline())
    asking.send_signal(signal.SIGKILL)
    asking.wait()
    asking.stdout.close()
    for _ in range(100):
        if not _runs(reader):
            return
        time.sleep(0.05)
    pytest.fail("the reading process outlived the one that asked")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not (status.is_file() and status.read_text().rsplit(")", 1)[1].split()[0] == "Z")


@pytest.mark.parametrize("value", ["0", "-1", "much", "1e3"])
def test_limits_from_the_environment(monkeypatch, value):
    monkeypatch.setenv("LANDGAUGE_READ_MEMORY_MB", "2000")
    assert limits_from_environment() == ReadingLimits(memory_mb=2000)
    monkeypatch.setenv("LANDGAUGE_READ_SECONDS", value)
    with pytest.raises(ConfigurationError, match="LANDGAUGE_READ_SECONDS"):
        limits_from_environment()


HEADERS = ["编号", "行政区代码", "来源", "面积", "可供年份", "实现率"]
ROWS = [
    ["S1", "440112", "新增指标", 1000.5, 2026, 0.35],
    ["S2", "440112", "转出", 0.1, 2027, None],
    ["S3", "440112", "到期收回", None, 2027, 1],
]


def as_csv() -> bytes:
    return "\n".join(",".join("" if c is None else str(c) for c in row) for row in [HEADERS, *ROWS]).encode()


def as_xls() -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("表")
    for i, row in enumerate([HEADERS, *ROWS]):
        for j, cell in enumerate(row):
            if cell is not None:
                sheet.write(i, j, cell)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def as_parquet() -> bytes:
    columns = [pa.array(column) for column in zip(*ROWS, strict=True)]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, names=HEADERS), buffer)
    return buffer.getvalue()


def test_the_same_content_gives_the_same_rows_in_every_format(tmp_path):
    forms = {"csv": as_csv(), "xlsx": xlsx([HEADERS, *ROWS]), "xls": as_xls(), "parquet": as_parquet()}
    city = City(tmp_path).put({"parcels/2024/a.csv": parcels(P1)})
    years = {f"land_supply/{year}/a.{form}": content for year, (form, content) in enumerate(forms.items(), start=2021)}
    city.put(years).ingest()
    assert [city.ledger()[name] for name in years] == [("loaded", 3, 2, 1, 0)] * len(forms)
    rows, findings = (
        city.ask(f"select data_year, * exclude (load_id, data_year) from {table} order by all")
        for table in (
            "raw.land_supply",
            "(select load_id, data_year, row_no, rule_code, value, severity from quarantine.finding)",
        )
    )
    for found in (rows, findings):
        by_year = {row[0]: [other[1:] for other in found if other[0] == row[0]] for row in found}
        assert len(by_year) == len(forms)
        assert all(other == by_year[2021] for other in by_year.values())


def test_one_city_of_odd_workbooks(tmp_path):
    def merged(book: openpyxl.Workbook) -> None:
        for place in ("A1:F1", "A2:A4", "B2:B4", "C2:C4", "D2:E2"):
            book.active.merge_cells(place)

    three = [
        ["宗地表"],
        ["宗地代码", "行政区代码", "土地用途代码", "面积", None, "备注"],
        [None, None, None, "登记", "绿化", None],
        [None, None, None, "宗地面积", "绿地面积", None],
        [None, None, None, "(亩)", "(m²)", None],
        [P1, "440112", "M1", 3, 5, "x"],
        ["填表人：张三 日期：2024-01-02"],
    ]
    english = [
        HEADER.split(","),
        ["parcel_code", "district_code", "land_use_code", "site_area_m2"],
        [P2, "440112", "M1", 1],
    ]
    errors = [HEADER.split(","), [P3, "440112", "M1", "=1/0"], [None, None, None, None]]
    files = {"a": xlsx(three, merged), "b": xlsx(english), "c": xlsx(errors), "d": parcels(P3).encode()}
    city = City(tmp_path).put({f"parcels/2024/{name}.xlsx": content for name, content in files.items()})
    city.put({"parcels/2024/e.csv": xlsx([["x"]])})
    city.ingest()
    states = {name[-6]: state for name, state in city.ledger().items() if name.endswith("xlsx")}
    assert states["a"] == ("loaded", 2, 1, 1, 0)
    assert states["b"] == ("loaded", 1, 1, 0, 0)
    assert states["c"] == ("loaded", 1, 0, 1, 0)
    assert states["d"][0] == "rejected"
    areas = city.ask(f"select site_area_m2, green_area_m2 from raw.parcels where parcel_code = '{P1}'")
    assert areas == [(pytest.approx(2000), 5.0)]
    reasons = dict(city.ask("select file_name, reason from ledger.load where state = 'rejected'"))
    assert "文本" in reasons["parcels/2024/d.xlsx"]
    assert "xlsx" in reasons["parcels/2024/e.csv"]
    values = city.ask("select value from quarantine.finding where rule_code = 'type:site_area_m2' and load_id = 3")
    assert values == [("=1/0",)]
