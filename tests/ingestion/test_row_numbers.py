"""The number of a csv row is its place in the file: findings and corrections name rows by it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from landings import U1, City, parcels

from ingestion import delimited
from ingestion.contract import load as contract_of
from ingestion.scan import Target
from ingestion.source import Request

ENERGY = "统一社会信用代码,能源品种,消费量,计量单位\n"


@pytest.mark.parametrize("rows", [5, 5000])
def test_looking_values_up_keeps_the_numbers(tmp_path, rows):
    lines = "".join(f"{U1},其他,{number},tce\n" for number in range(1, rows + 1)) + f"{U1},柴火,1,t\n"
    city = City(tmp_path).put({"parcels/2024/p.csv": parcels(), "energy/2024/e.csv": ENERGY + lines})
    city.ingest()
    assert city.ask("select count(*), count(*) filter (row_no = quantity) from raw.energy") == [(rows, rows)]
    assert city.ask("select row_no from quarantine.finding where rule_code = 'list:energy_type'") == [(rows + 1,)]


def test_many_threads_keep_the_order(tmp_path):
    """The file is larger than what one thread takes at once; blank lines are no rows."""
    count = 1_500_000
    path = tmp_path / "e.csv"
    with path.open("w", encoding="utf-8") as handle:
        handle.write(ENERGY + "\n")
        for start in range(1, count + 1, 50_000):
            handle.write("".join(f"{U1},其他,{number},tce\n" for number in range(start, start + 50_000)) + ",,,\n")
    request = Request(path, "energy/2024/e.csv", contract_of("energy"), Target("energy", 2024), Path(tmp_path))
    with duckdb.connect(config={"threads": 4}) as con:
        (part,) = delimited.read(con, request)
        sql = f"select count(*), count(*) filter (row_no = cast(c3 as bigint)) from {part.relation}"
        assert con.execute(sql).fetchall() == [(count, count)]
