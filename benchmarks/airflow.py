"""What Airflow adds: each year of a generated city by `landgauge evaluate` and by the annual DAG, in turn.

Airflow runs as docker-compose.yml starts it, on PostgreSQL; its services stand still while the command line works.
A year is timed from the moment at which its run is queued to its end, CPU with that of all services. What is done
stands in FOLDER/figures.json after each year; called again, a killed benchmark repeats the year in which it was, from
the warehouse as that stood before, and goes on. Ends with 1 where the marts differ or Airflow adds more than 25 %.

    python -m benchmarks.airflow [--parcels N] [--enterprises N] [--years N] [--last-year Y] [--seed N] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import measure
from benchmarks.measure import Figures
from ingestion.synthetic.city import write_city
from tests.orchestration import measured
from tests.orchestration.deployment import copy_code, deployed, end_processes, no_repository
from tests.same_marts import different_tables

PROGRAMS = Path(os.environ.get("ORCHESTRATION", "build/orchestration")).resolve() / "env" / "bin"
SIDES = ("command", "airflow")
_WANTED_RATIO = 1.25
_SAVING = {"LANDGAUGE_KEPT_SNAPSHOTS": "1"}
_LONGEST_S = 6 * 3600


def by_command(folder: Path, year: int) -> Figures:
    """Evaluate a year in FOLDER/command by the command line; returns `wall` and `cpu` seconds."""
    places = ["--landing", folder / "landing", "--warehouse", folder / "command" / "warehouse"]
    call = [PROGRAMS / "python", "-m", "landgauge.cli", "evaluate", *places, "--year", year]
    code = folder / "command" / "code"
    shutil.rmtree(code, ignore_errors=True)
    copy_code(code)
    environment = os.environ | _SAVING | {"PYTHONPATH": str(code)} | no_repository(code)
    began, cpu = time.monotonic(), _children_cpu()
    with (folder / "command.log").open("ab") as log:
        done = subprocess.run([*map(str, call)], env=environment, cwd=code, stdout=log, stderr=log)
    if done.returncode not in (0, 1):
        sys.exit(f"{year} failed: {folder / 'command.log'}")
    return {"wall": time.monotonic() - began, "cpu": _children_cpu() - cpu}


def by_airflow(folder: Path, year: int) -> Figures:
    """Evaluate a year in FOLDER/airflow by the annual DAG; returns `wall`, `cpu` and `stages` in seconds."""
    services = folder / "services"
    with deployed(services, PROGRAMS, folder / "airflow", _SAVING) as deployment:
        deployment.start()
        api, cpu = deployment.api(), deployment.cpu_seconds()
        api.unpause("annual_evaluation")
        run = api.ended("annual_evaluation", api.trigger("annual_evaluation", {"year": year}), _LONGEST_S)
        cpu = deployment.cpu_seconds() - cpu
        if run["state"] != "success":
            sys.exit(f"{year} failed: {services / 'logs'}")
        stages = sum(measured.stage_seconds(deployment, year).values())
    return {"wall": measured.wall(run), "cpu": cpu, "stages": stages}


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def turn(folder: Path, done: Figures, year: int, side: str, run: Callable[[Path, int], Figures]) -> None:
    """Run one year by one side, unless it is done; a year that was broken off begins from the warehouse before it."""
    # named by its year: what a year that is done has left must not stand for the state before the next
    name, own, before = f"{year} {side}", folder / side / "warehouse", folder / side / f"before_{year}"
    if name not in done:
        if before.is_dir():
            shutil.rmtree(own, ignore_errors=True)
        else:
            own.mkdir(parents=True, exist_ok=True)
            own.rename(before)
        _copy(before, own)
        done[name] = run(folder, year)
        _write(folder, done)
        print(f"{name}: {_shown(done[name])}", flush=True)
    shutil.rmtree(before, ignore_errors=True)


def _copy(warehouse: Path, target: Path) -> None:
    """Copy a warehouse; publications and files taken in, which nobody changes, are linked: large years fill a disk."""

    def link_or_copy(source: str, copied: str) -> str:
        place = Path(source).relative_to(warehouse).parts
        if place[0] == "files" or place[:2] == ("published", "kept"):
            os.link(source, copied, follow_symlinks=False)
            return copied
        return shutil.copy2(source, copied, follow_symlinks=False)

    shutil.copytree(warehouse, target, symlinks=True, copy_function=link_or_copy)


def _write(folder: Path, done: Figures) -> None:
    new = folder / "figures.new"
    new.write_text(json.dumps(done, indent=1), encoding="utf-8")
    new.replace(folder / "figures.json")


def _shown(figures: Figures) -> str:
    return ", ".join(f"{name} {value:,.1f} s" for name, value in figures.items())


def prepare(options: argparse.Namespace) -> Figures:
    """Write the city, unless it stands there, and return what was measured so far."""
    size = [options.parcels, options.enterprises, options.years, options.last_year, options.seed]
    folder: Path = options.folder
    for place in (folder / "command" / "code", folder / "services" / "home"):
        end_processes(place)  # of a benchmark that was killed
    kept = folder / "figures.json"
    done = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    if done.setdefault("size", size) != size:
        sys.exit(f"{folder} holds a city of another size ({done['size']}): remove it or name another --folder.")
    if not kept.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        write_city(folder / "landing", *size)
        for side in SIDES:
            (folder / side).mkdir()
        (folder / "airflow" / "landing").symlink_to(folder / "landing")
        _write(folder, done)
    for name in [name for name in done if name != "size"]:
        print(f"{name}: {_shown(done[name])} (done before)")
    return done


def conclude(folder: Path, done: Figures, years: range) -> int:
    """Print the ratios by year and together, compare the marts; returns the exit code."""
    for kind in ("wall", "cpu"):
        both = [[done[f"{year} {side}"][kind] for side in SIDES] for year in years]
        both.append([sum(column) for column in zip(*both, strict=True)])
        for name, (command, airflow) in zip([*years, "together"], both, strict=True):
            print(f"{kind} {name}: command {command:,.1f} s, airflow {airflow:,.1f} s, ratio {airflow / command:.3f}")
        done[f"ratio of {kind}"] = both[-1][1] / both[-1][0]
    published = [folder / side / "warehouse" / "published" / "current.duckdb" for side in SIDES]
    different = different_tables(*published)
    print(f"tables that differ: {different or 'none'}")
    return int(bool(different) or done["ratio of wall"] > _WANTED_RATIO)


def main() -> int:
    """Measure what is not measured yet; the sides take turns at being first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, size in (
        ("parcels", 100_000),
        ("enterprises", 1_000_000),
        ("years", 5),
        ("last-year", 2024),
        ("seed", 1),
    ):
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--folder", type=Path, default=Path("build/benchmarks/airflow"))
    options = parser.parse_args()
    options.folder = options.folder.resolve()
    print(f"{measure.machine()}; {options.parcels:,} parcels, {options.enterprises:,} enterprises a year", flush=True)
    done = prepare(options)
    years = range(options.last_year - options.years + 1, options.last_year + 1)
    for year in years:
        for side in SIDES if year % 2 else SIDES[::-1]:
            turn(options.folder, done, year, side, {"command": by_command, "airflow": by_airflow}[side])
    return conclude(options.folder, done, years)


if __name__ == "__main__":
    sys.exit(main())
