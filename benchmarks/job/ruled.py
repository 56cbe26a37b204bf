"""The job by a bare DuckDB script that also does what the project owes its readers: the same rules, the same sums.

As `bare`, but each row is held against the rules of its columns in the scan that reads it, with the first that it
breaks beside it; refused rows are kept; and sums are exact. Cells that are no number would end it.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.job import bare, data
from benchmarks.job.bare import parcels
from benchmarks.job.phases import Made, Phases
from ingestion.identifiers import USCC_ALPHABET
from landgauge import policy

__all__ = ["open_file", "parcels", "partition", "total"]

_EDITION = "2017"
_AT_LEAST_0 = ("output_cny10k", "revenue_cny10k", "fixed_investment_cny10k", "employees", "rd_expenditure_cny10k",
               "energy_tce")  # fmt: skip


def open_file(folder: Path, memory: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Open the result file of this engine, with the list of industries; what a killed run left there is kept."""
    con = bare.open_file(folder, memory, threads, "ruled")
    codes = sorted({row["code"].lstrip("ABCDEFGHIJKLMNOPQRST") for row in policy.rows("industry")
                    if row["edition"] == _EDITION and row["level"] == "2"})  # fmt: skip
    con.execute(f"create temp table division as select unnest({codes}) as code")
    return con


def total(expression: str) -> str:
    """Return SQL for an exact sum."""
    return f"cast(sum(cast({expression} as decimal(38, 16))) as double)"


def partition(con: duckdb.DuckDBPyConnection, path: Path, years: tuple[int, ...], phases: Phases) -> Made:
    """Make the scored parcels of the years of one file, and keep its refused rows with their reasons."""
    with phases("read"):
        con.execute(
            f"create or replace table raw as select r.*, case {_rules()} end as broken "
            f"from {bare.typed(path, data.ENTERPRISE_YEARS)} as r "
            "left join (select parcel_code as known from parcels) on r.parcel_code = known "
            "left join division on left(r.industry_code, 2) = division.code"
        )
        con.execute("create or replace table refused as from raw where broken is not null")
    return bare.score(con, years, phases, "broken is null", total)


def _rules() -> str:
    broken = {
        "required:uscc": "uscc is null",
        "pattern:uscc": f"not regexp_full_match(uscc, '[{USCC_ALPHABET}]{{18}}')",
        "check_digit:uscc": f"({_weighted()}) % {len(USCC_ALPHABET)} <> 0",
        "required:year": "year is null or year not between 1000 and 9999",
        "required:parcel_code": "r.parcel_code is null",
        "orphan:parcel_code": "known is null",
        "list:district_code": f"coalesce(district_code not in {data.DISTRICTS}, true)",
        "list:industry_code": "division.code is null",
        "required:output_cny10k": "output_cny10k is null",
        "required:employees": "employees is null",
        "required:tax_paid_cny10k": "tax_paid_cny10k is null",
        **{f"range:{name}": f"{name} < 0" for name in _AT_LEAST_0},
    }
    return " ".join(f"when {condition} then '{rule}'" for rule, condition in broken.items())


def _weighted() -> str:
    """The sum over a good code is a multiple of 31: each character's place in the alphabet by its weight."""
    weights = [pow(3, place, len(USCC_ALPHABET)) for place in range(17)] + [1]
    terms = (f"(strpos('{USCC_ALPHABET}', substr(uscc, {i}, 1)) - 1) * {w}" for i, w in enumerate(weights, start=1))
    return " + ".join(terms)
