"""Makes the kept warehouse of an earlier version: `make keep-warehouse COMMIT=…` (any commit of this repository).

The program of that commit, run in today's environment, writes a generated city of two years and evaluates the first;
then a district hands in one file anew and the year is evaluated again: a ledger with history, two runs of a year.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from tests.upgrade.kept_warehouse import ARCHIVE, EVALUATED, NEXT, NOTE

ROOT = Path(__file__).resolve().parents[2]
WRITE = "from pathlib import Path; from ingestion.synthetic.city import write_city; write_city(Path({!r}), {})"
SHAPE = f"60, 180, 2, {NEXT}, 1"  # parcels, enterprises, years, last year, seed
SERIES = {"00", "C"}  # of the district series what is not told by industry: most rows of most marts
KEPT = ("landing", "files", "warehouse.duckdb", "published/current.duckdb")  # what a test needs


def main(commit: str) -> None:
    """Write the archive and the note beside it; raises CalledProcessError where that version cannot run."""
    with tempfile.TemporaryDirectory() as place:
        code, city = Path(place, "code"), Path(place, "city")
        _export(commit, code)
        landing = city / "landing"
        _python(code, "-c", WRITE.format(str(landing), SHAPE))
        _trim(landing / "district_series")
        _evaluate(code, city)
        _hand_in_anew(landing)
        _evaluate(code, city)
        with tarfile.open(ARCHIVE, "w:xz", preset=9) as archive:
            for name in KEPT:
                archive.add(city / name, name)
    said = subprocess.run(
        ["git", "-C", str(ROOT), "log", "-1", "--date=short", "--format=%h of %cd: %s", commit],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    NOTE.write_text(f"GENERATED data. A warehouse made by commit {said}", encoding="utf-8")
    print(f"{ARCHIVE}: {ARCHIVE.stat().st_size:,} bytes")


def _export(commit: str, code: Path) -> None:
    code.mkdir(parents=True)
    packed = code.with_suffix(".tar")
    subprocess.run(["git", "-C", str(ROOT), "archive", f"--output={packed}", commit], check=True)
    with tarfile.open(packed) as archive:
        archive.extractall(code)


def _python(code: Path, *arguments: str, accept: tuple[int, ...] = (0,)) -> None:
    done = subprocess.run([sys.executable, *arguments], cwd=code, env=os.environ | {"PYTHONPATH": str(code)})
    if done.returncode not in accept:
        raise subprocess.CalledProcessError(done.returncode, arguments)


def _evaluate(code: Path, city: Path) -> None:
    place = ["--landing", str(city / "landing"), "--warehouse", str(city)]
    _python(code, "-m", "landgauge.cli", "evaluate", *place, "--year", str(EVALUATED), accept=(0, 1))


def _trim(folder: Path) -> None:
    for path in sorted(folder.rglob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as handle:
            header, *rows = csv.reader(handle)
        with path.open("w", encoding="utf-8", newline="") as handle:
            csv.writer(handle).writerows([header, *(row for row in rows if row[1] in SERIES)])


def _hand_in_anew(landing: Path) -> None:
    """The first csv of taxes without its last row: its content differs, its name is the same."""
    path = next(p for p in sorted((landing / "taxes" / str(EVALUATED)).glob("*.csv")))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))


if __name__ == "__main__":
    main(sys.argv[1])
