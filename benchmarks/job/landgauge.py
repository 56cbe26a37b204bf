"""The job by the project's own code, without dbt: ingestion's reader and row rules, exact sums, scoring in numpy.

Beyond what the bare script does, every row is held against the rules of its columns (characters and check digit of the
code, lists, bounds, references), each refused row is kept as it came with a reason, and each file has a ledger entry.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.job import sql
from benchmarks.job.indicators import FULL_MARKS, GRADES, MINIMUM_PRESENT, NAMES, NEGATIVE
from benchmarks.job.phases import Made, Phases
from benchmarks.sizes import FIRST_YEAR
from ingestion import contract, intake, ledger, resolve, rows
from ingestion.ledger import Load
from ingestion.scan import Target
from ingestion.source import Request
from landgauge import profile
from scoring import ideal, standardise, tables, weights
from scoring.deriving import objective
from scoring.scheme import Grade, IndicatorRule, Scheme
from scoring.score import Beside, score_block

contract.FOLDER = Path(__file__).parent / "contracts"  # the contracts of this process: no others are read before
Floats = NDArray[np.float64]
_CHUNK = 100_000  # units scored at a time, as by the stage
_CITY = profile.load(None)


def open_file(folder: Path, memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Open the working file of this engine; what a killed run left there is kept."""
    config = {"memory_limit": memory, "threads": threads} if memory else {"threads": threads}
    con = duckdb.connect(str(folder / "landgauge.duckdb"), config=config | {"storage_compatibility_version": "latest"})
    con.execute("create schema if not exists marts")
    rows.prepare(con, _CITY)
    ledger.create(con)
    return con


def total(expression: str) -> str:
    """Return SQL for an exact sum, as the project's models write it (decision 0002)."""
    return f"cast(sum(cast({expression} as decimal(38, 16))) as double)"


def parcels(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Read the parcels into raw and make the table `parcels` of those that are accepted."""
    _take(con, "parcels", FIRST_YEAR, path)
    con.execute("create or replace table parcels as from accepted.parcels")


def partition(con: duckdb.DuckDBPyConnection, path: Path, years: tuple[int, ...], phases: Phases) -> Made:
    """Make the scored parcels of the years of one file."""
    with phases("read"):
        con.execute("truncate raw.enterprise_years")
        _read(con, "enterprise_years", years[-1], path)
    with phases("dedupe"):
        resolve.resolve(con, contract.load("enterprise_years"), years[-1])
        intake.drop_sources(con)
    with phases("indicators"):
        accepted = f"(from accepted.enterprise_years where data_year = {years[-1]})"
        con.execute(f"create or replace temp table parcel_year as {sql.parcel_year(years, accepted, total)}")
    with phases("score"):
        scored, weighted = zip(*(_score_year(con, year) for year in years), strict=True)
        con.register("scored", pa.concat_tables(scored))
        con.register("weighted", pa.concat_tables(weighted))
    joined = "select p.*, s.score, s.grade from parcel_year as p join scored as s on p.rowid = s.place"
    return Made(joined, "from weighted")


def _take(con: duckdb.DuckDBPyConnection, dataset: str, year: int, path: Path) -> None:
    _read(con, dataset, year, path)
    resolve.resolve(con, contract.load(dataset), year)


def _read(con: duckdb.DuckDBPyConnection, dataset: str, year: int, path: Path) -> None:
    """Put the rows of a file where they belong, as the stage `ingest` does; a file read before is read anew."""
    load_id = int(year) * 10 + len(dataset) % 10
    load = Load(load_id, "0" * 64, dataset, year, path.name, "new", "")
    request = Request(path, path.name, contract.load(dataset), Target(dataset, year), path.parent)
    intake.store(con, load, request, _CITY, intake.open_parts(con, request), stray=False)


def _score_year(con: duckdb.DuckDBPyConnection, year: int) -> tuple[pa.Table, pa.Table]:
    """Return the score and grade of the year's parcels by their place in `parcel_year`, and the weights."""
    places, values = _values(con, year)
    derived = objective.entropy(values, NEGATIVE, objective.AVAILABLE).weights
    scheme = _scheme(derived)
    ends = ideal.ends(scheme, values, np.zeros(len(values), dtype=np.int64), 1)
    score = np.concatenate([_score_chunk(scheme, values[i : i + _CHUNK], ends) for i in range(0, len(values), _CHUNK)])
    nobody = np.zeros(len(score), dtype=np.int64)
    codes = pa.array([grade.code for grade in scheme.grades])
    grade = tables.grades(scheme, score, nobody, nobody)
    graded = codes.take(pa.array(grade, mask=grade < 0))
    weighted = {f"w_{j}": [weight] for j, weight in enumerate(derived)}
    scored = pa.table({"place": places, "score": pa.array(score, from_pandas=True), "grade": graded})
    return scored, pa.table({"year": pa.array([year], pa.int32()), **weighted})


def _score_chunk(scheme: Scheme, values: Floats, ends: ideal.Ends) -> Floats:
    best, worst = ends.apply(np.full(values.shape, np.nan), np.zeros(len(values), dtype=np.int64))
    return score_block(scheme, values, best, beside=Beside(worst)).score


def _values(con: duckdb.DuckDBPyConnection, year: int) -> tuple[NDArray[np.int64], Floats]:
    """Stream the indicators of a year's parcels (n, k) into one array, and their places in `parcel_year`."""
    where = f"from parcel_year where year = {year}"
    count = con.execute(f"select count(*) {where}").fetchall()[0][0]
    places, values = np.empty(count, dtype=np.int64), np.empty((count, len(NAMES)))
    reader = con.execute(f"select rowid, {', '.join(NAMES)} {where}").to_arrow_reader(_CHUNK)
    start = 0
    for batch in reader:
        rows_here = slice(start, start + batch.num_rows)
        places[rows_here] = batch.column(0).to_numpy()
        for j in range(len(NAMES)):
            values[rows_here, j] = batch.column(j + 1).to_numpy(zero_copy_only=False)
        start += batch.num_rows
    return places, values


def _scheme(derived: Floats) -> Scheme:
    rules = tuple(
        IndicatorRule(
            name, "", float(weight), standardise.MIN_MAX, standardise.NEGATIVE if less else standardise.POSITIVE,
            None, None, "entropy", "", True,
        )
        for name, less, weight in zip(NAMES, NEGATIVE, derived, strict=True)
    )  # fmt: skip
    grades = tuple(Grade(code, code, bound, np.nan) for code, bound in GRADES.items())
    return Scheme(
        "job", "1", "parcel", "", weights.REWEIGHT, MINIMUM_PRESENT, "min", "bands", FULL_MARKS, rules, (), grades
    )
