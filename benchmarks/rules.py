"""The row rules with quarantine on 5,000,000 rows, beside a bare script that does the same checks and the same split.

Both read the same Parquet file of text, write the good rows into a table and a line for each broken rule of the bad
ones into another. The bare script writes only the codes of the rules; the project also writes the row as it came,
the messages and the next step. Ends with 1 where the two disagree on a row or a rule.

    python -m benchmarks.rules [--rows N] [--repeats N] [--folder DIR]
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from benchmarks import declarations, measure
from ingestion import intake, ledger, rows
from ingestion.contract import load as contract_of
from ingestion.ledger import Load
from ingestion.scan import Target
from ingestion.source import Part, Request, fields_of
from landgauge import profile
from landgauge.settings import Settings, year_end
from warehouse import db

YEAR, DATASET = 2024, "operations"
MEMORY = "256MB"  # of the engine, as by --memory-limit; the libraries themselves take about as much
_CHECKSUM = "select count(*), bit_xor(hash(row_no, rule_code)) from {}"


def ours(source: Path, folder: Path) -> measure.Figures:
    """The project's own way: a part of a file stored in raw and quarantine."""
    settings = Settings(warehouse=folder, year=YEAR, as_of=year_end(YEAR), memory_limit=MEMORY)
    city, contract = profile.load(None), contract_of(DATASET)
    figures: measure.Figures = {}
    with db.connect(settings) as con:
        rows.prepare(con, city)
        ledger.create(con)
        request = Request(source, "operations/2024/faulty.parquet", contract, Target(DATASET, YEAR), folder)
        load = Load(1, "0" * 64, DATASET, YEAR, request.name, "new", "")
        con.execute(f"create temp view source_1 as {_given(source)}")
        part = Part("source_1", fields_of(list(declarations.HEADERS)))
        with measure.timed(figures):
            intake.store(con, load, request, city, [part], stray=False)
        figures["good_rows"] = con.execute(f"select count(*) from raw.{DATASET}").fetchone()[0]
        figures["checksum"] = str(con.execute(_CHECKSUM.format("quarantine.finding")).fetchone())
    return figures


def _given(source: Path) -> str:
    columns = ", ".join(f'"{header}" as c{i}' for i, header in enumerate(declarations.HEADERS, start=1))
    return (
        f"select file_row_number + 1 as row_no, {columns}, cast(null as varchar) as extra "
        f"from read_parquet('{source}', file_row_number = true)"
    )


def bare(source: Path, folder: Path) -> measure.Figures:
    """The same by hand. The look-up table of the check digit is the project's: the quickest form that is known."""
    figures: measure.Figures = {}
    with duckdb.connect(str(folder / "bare.duckdb"), config={"memory_limit": MEMORY}) as con:
        rows.prepare(con, profile.load(None))
        script = (Path(__file__).parent / "rules_bare.sql").read_text(encoding="utf-8").replace("{source}", str(source))
        with measure.timed(figures):
            con.execute(script)
        figures["good_rows"] = con.execute("select count(*) from good").fetchone()[0]
        figures["checksum"] = str(con.execute(_CHECKSUM.format("finding")).fetchone())
    return figures


def main() -> int:
    """Run both in turn and print the ratio of their medians."""
    found = measure.compare(
        "benchmarks.rules", __doc__, {"bare": bare, "ours": ours}, lambda *place: declarations.write(*place)[1]
    )
    if found is None:
        return 0
    agree = all(found["ours"][key] == found["bare"][key] for key in ("good_rows", "checksum"))
    for name, figures in found.items():
        seconds = f"{figures['seconds']:.2f} s, CPU {figures['cpu_seconds']:.2f} s"
        print(f"{name}: {seconds}, peak {figures['peak_mb']:.0f} MB")
    print(f"ratio {found['ours']['seconds'] / found['bare']['seconds']:.2f}; same rows and rules: {agree}")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
