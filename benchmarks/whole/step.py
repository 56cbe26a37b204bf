"""One engine's evaluation of all years of a generated city, in a process of its own."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from pathlib import Path

import duckdb

from benchmarks import measure, record

ENGINES = ("bare", "landgauge")
_DONE = (0, 1)  # exit codes: done, and done with complaints


def main() -> None:
    """Evaluate what is not done yet and report the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("landing", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("years", type=int, nargs="+")
    parser.add_argument("--memory", default="")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    measure.report(_bare(options) if options.engine == "bare" else _landgauge(options))


def _bare(options: argparse.Namespace) -> measure.Figures:
    from benchmarks.whole import bare

    figures: measure.Figures = {}
    with measure.timed(figures):
        done = bare.run(options.landing, tuple(options.years), options.folder, options.memory, options.threads)
    return figures | {"resumed": done}


def _landgauge(options: argparse.Namespace) -> measure.Figures:
    """A command for each year, as people run it; CPU and memory are those of the commands and what they start."""
    figures: measure.Figures = {}
    done = [year for year in options.years if (options.folder / f"done_{year}").is_file()]
    with measure.timed(figures):
        for year in (year for year in options.years if year not in done):
            _evaluate(options, year)
            (options.folder / f"done_{year}").touch()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    figures |= {"cpu_seconds": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
    return figures | {"resumed": done, "phases": _stages(options.folder)}


def _evaluate(options: argparse.Namespace, year: int) -> None:
    limit = ("--memory-limit", options.memory) if options.memory else ()
    places = ("--landing", str(options.landing), "--warehouse", str(options.folder))
    command = [sys.executable, "-m", "landgauge.cli", "evaluate", *places, "--year", str(year), *limit]
    ended = subprocess.run(
        [*command, "--threads", str(options.threads)], cwd=record.ROOT, check=False, stdout=sys.stderr
    ).returncode
    if ended not in _DONE:
        raise SystemExit(f"landgauge evaluate --year {year} ended with {ended}")


def _stages(folder: Path) -> dict[str, measure.Figures]:
    """Seconds of each stage, added up over the years."""
    sql = "select stage, sum(seconds), max(peak_mb) from run.stage group by stage order by min(started_at)"
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as con:
        return {name: {"seconds": seconds, "peak_mb": peak} for name, seconds, peak in con.execute(sql).fetchall()}


if __name__ == "__main__":
    main()
