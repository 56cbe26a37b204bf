"""What an engine has made of the job, as counts and sums that every engine must agree on."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from benchmarks.job.indicators import GRADES, NAMES, NUMBERS

AGREED = 1e-9  # relative
_PARCELS = ", ".join(f"count({name}) as n_{name}, sum({name}) as {name}" for name in NUMBERS)
_GRADES = ", ".join(f"count(*) filter (grade = '{grade}') as grade_{grade}" for grade in GRADES)
_WEIGHTS = ", ".join(f"sum(w_{j} * (year - 2000)) as w_{j}" for j in range(len(NAMES)))
_DISTRICT = ("parcels", "site_area_m2", "enterprises", "output_cny10k", "land_output_cny10k_per_ha", "rated", "score")
_DISTRICTS = ", ".join(f"sum({name} * (year - 2000) * cast(district_code as double)) as {name}" for name in _DISTRICT)
_QUESTIONS = {
    "parcel_year": f"select count(*) as rows, {_PARCELS}, {_GRADES}, sum(score * site_area_m2 * year) as tied",
    "weight": f"select {_WEIGHTS}",
    "district_year": f"select count(*) as rows, {_DISTRICTS}",
}


def answer(folder: Path) -> dict[str, float]:
    """Return the counts and sums of the results that stand as Parquet in `folder`."""
    found: dict[str, float] = {}
    with duckdb.connect() as con:
        for table, question in _QUESTIONS.items():
            cursor = con.execute(f"{question} from read_parquet('{_files(folder, table)}')")
            names = [column[0] for column in cursor.description or ()]
            row = cursor.fetchone() or ()
            found |= {f"{table}.{name}": float(value or 0) for name, value in zip(names, row, strict=True)}
    return found


def _files(folder: Path, table: str) -> Path:
    """A file, or those of a folder as Spark writes them."""
    return (
        folder / f"{table}.parts" / "*.parquet" if (folder / f"{table}.parts").is_dir() else folder / f"{table}.parquet"
    )


def checksum(found: dict[str, float]) -> str:
    """Return the first digits of a digest of an answer, to six places: the same for every engine that agrees."""
    text = "\n".join(f"{name} {value:.6g}" for name, value in sorted(found.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def differences(one: dict[str, float], other: dict[str, float]) -> list[str]:
    """Return the names of what differs by more than AGREED of its size."""
    apart = {name: abs(one[name] - other.get(name, float("nan"))) for name in one}
    return [name for name, gap in apart.items() if not gap <= AGREED * max(1.0, abs(one[name]))]
