"""A csv of 5,000,000 rows into the raw tables, beside DuckDB's own CREATE TABLE AS SELECT with the same types.

The project also keeps the file as it came with its digest, numbers the rows, normalises them, holds them against
every row rule, and looks for duplicates and orphans; each of these is shown beside the whole.

    python -m benchmarks.ingest [--rows N] [--repeats N] [--folder DIR]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from benchmarks import declarations, measure
from ingestion import intake, ledger, load, resolve
from landgauge.settings import Settings, threads_available, year_end
from warehouse import db

YEAR = 2024
_PARCELS = "宗地代码,行政区代码,土地用途代码,宗地面积\n440112001001GB00001,440112,M1,1000\n"
_TYPES = ("VARCHAR", *("DOUBLE",) * 8)
_CHECKSUM = "select count(*), bit_xor(hash({})) from {}"
_PARTS = ((ledger, "keep"), (intake, "take"), (resolve, "resolve_pending"))


def ours(source: Path, folder: Path) -> measure.Figures:
    """The stage `ingest` on a landing area with this file."""
    landing = folder / "landing"
    for dataset in ("parcels", "operations"):
        (landing / dataset / str(YEAR)).mkdir(parents=True)
    (landing / "parcels" / str(YEAR) / "parcels.csv").write_text(_PARCELS, encoding="utf-8")
    os.link(source, landing / "operations" / str(YEAR) / "operations.csv")
    settings = Settings(warehouse=folder / "warehouse", landing=landing, year=YEAR, as_of=year_end(YEAR))
    figures: measure.Figures = {}
    for module, name in _PARTS:
        setattr(module, name, _adding(figures, name, getattr(module, name)))
    with measure.timed(figures):
        load.ingest(settings)
    with db.connect(settings) as con:
        names = [row[0] for row in con.execute("describe raw.operations").fetchall() if row[0] not in _OWN]
        figures["checksum"] = str(con.execute(_CHECKSUM.format(", ".join(names), "raw.operations")).fetchone())
    return figures


_OWN = ("load_id", "row_no", "data_year")


def _adding(figures: measure.Figures, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Add up what the calls of a function cost."""

    def called(*args: Any, **kwargs: Any) -> Any:
        own: measure.Figures = {}
        with measure.timed(own):
            result = function(*args, **kwargs)
        figures[name] = figures.get(name, 0.0) + own["seconds"]
        return result

    return called


def bare(source: Path, folder: Path) -> measure.Figures:
    """DuckDB alone, into a file."""
    columns = ", ".join(f"'c{i}': '{kind}'" for i, kind in enumerate(_TYPES, start=1))
    figures: measure.Figures = {}
    with duckdb.connect(str(folder / "bare.duckdb"), config={"threads": threads_available()}) as con:
        with measure.timed(figures):
            con.execute(
                f"create table raw as select * from read_csv('{source}', header = true, columns = {{{columns}}})"
            )
        figures["checksum"] = str(con.execute(_CHECKSUM.format("*columns(*)", "raw")).fetchone())
    return figures


def main() -> int:
    """Run both in turn and print the ratios of their medians; ends with 1 where the tables differ."""
    found = measure.compare(
        "benchmarks.ingest", __doc__, {"bare": bare, "ours": ours}, lambda *place: declarations.write(*place)[0]
    )
    if found is None:
        return 0
    agree = found["ours"]["checksum"] == found["bare"]["checksum"]
    base, whole = found["bare"]["seconds"], found["ours"]
    print(f"create table as select: {base:.2f} s, peak {found['bare']['peak_mb']:.0f} MB; same values: {agree}")
    for name, text in (("take", "into raw, with every row rule"), ("keep", "kept with its digest"),
                       ("resolve_pending", "duplicates and orphans"), ("seconds", "the whole stage")):  # fmt: skip
        print(f"{text}: {whole[name]:.2f} s, ratio {whole[name] / base:.2f}")
    print(f"peak of the whole stage: {whole['peak_mb']:.0f} MB")
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
