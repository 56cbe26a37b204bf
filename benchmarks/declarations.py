"""Five million rows of the operations dataset, generated: for the benchmarks of reading and of the row rules."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from ingestion.identifiers import USCC_ALPHABET

HEADERS = (
    "统一社会信用代码", "工业总产值", "营业收入", "工业增加值", "累计固定资产投资", "从业人员", "R&D人员", "R&D经费",
    "新产品销售收入",
)  # fmt: skip
# Each kind of defect in one row of a thousand; `hash` of the row number decides which.
_DEFECTS = {
    1: ("统一社会信用代码", "left(code, 17) || '-'"),
    2: ("统一社会信用代码", "''"),
    3: ("工业总产值", "'-' || output"),
    4: ("工业总产值", "'约' || output"),
    5: ("从业人员", "''"),
    6: ("R&D人员", "cast(employees + 1 as varchar)"),
    7: ("营业收入", "'-1'"),
    8: ("R&D经费", "'1.2.3'"),
    9: ("新产品销售收入", "'-0.5'"),
    10: ("累计固定资产投资", "'1e400'"),
}


def codes(rows: int, start: int = 0) -> pa.Array:
    """Return that many different codes with right check digits, in order, from the one numbered `start` on."""
    size = len(USCC_ALPHABET)
    values = np.zeros((rows, 18), dtype=np.int64)
    values[:, :8] = [9, 1, 4, 4, 0, 1, 1, 2]
    number = np.arange(start, start + rows)
    for place in range(16, 7, -1):
        values[:, place] = number % size
        number //= size
    weights = np.array([pow(3, place, size) for place in range(17)])
    values[:, 17] = -(values[:, :17] @ weights) % size
    letters = np.frombuffer(USCC_ALPHABET.encode(), dtype=np.uint8)[values]
    return pa.array(np.ascontiguousarray(letters).view("S18").ravel().astype(str))


def write(folder: Path, rows: int) -> tuple[Path, Path]:
    """Write the rows without defects as csv and with defects, all text, as Parquet; returns both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    clean, faulty = folder / f"operations_{rows}.csv", folder / f"operations_{rows}_faulty.parquet"
    if clean.is_file() and faulty.is_file():
        return clean, faulty
    with duckdb.connect() as con:
        con.register("codes", pa.table({"code": codes(rows)}))
        con.execute(f"create table figures as {_FIGURES}")
        named = ", ".join(f'{source} as "{header}"' for source, header in zip(_SOURCES, HEADERS, strict=True))
        con.execute(f"copy (select {named} from figures) to '{clean}' (header)")
        con.execute(f"copy (select {_with_defects()} from figures) to '{faulty}' (format parquet)")
    return clean, faulty


_SOURCES = ("code", "output", "revenue", "value_added", "investment", "employees", "rd_staff", "rd", "new_products")
_FIGURES = """
select
    code,
    hash(i) % 1000 as kind,
    round(1 + (hash(i, 1) % 10000000) / 100.0, 2) as output,
    round(1 + (hash(i, 2) % 10000000) / 100.0, 2) as revenue,
    round((hash(i, 3) % 3000000) / 100.0 - 1000, 2) as value_added,
    round((hash(i, 4) % 20000000) / 100.0, 2) as investment,
    100 + hash(i, 5) % 900 as employees,
    hash(i, 6) % 100 as rd_staff,
    round((hash(i, 7) % 100000) / 100.0, 2) as rd,
    round((hash(i, 8) % 100000) / 100.0, 2) as new_products
from (select code, row_number() over () as i from codes)
"""


def _with_defects() -> str:
    columns = []
    for source, header in zip(_SOURCES, HEADERS, strict=True):
        cases = "".join(f" when {kind} then {sql}" for kind, (column, sql) in _DEFECTS.items() if column == header)
        text = f"cast({source} as varchar)"
        columns.append(f'{f"case kind{cases} else {text} end" if cases else text} as "{header}"')
    return ", ".join(columns)
