"""Cost per row of the models of the layer `indicators`, on DuckDB and on local Spark.

Takes a place that was handed over `--through indicators` (docs/spark.md) so many times over: enterprises and parcels
are multiplied with codes of their own; zones, districts and policy stay. Prints rows of fct_indicator_value, seconds
and CPU seconds of each engine, Spark's by its JVM and the Python that drives it. Ends with 1 where the engines count
other rows.

    python -m benchmarks.on_spark PLACE [--times 5 50]
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
from pathlib import Path

import duckdb

from landgauge.settings import DBT_PROJECT, PROJECT_ROOT
from warehouse import db

KEYS = ("uscc", "parcel_code", "other_parcel_code")
SPARK_SIDE = """
import os, sys, time
from pathlib import Path
from warehouse.spark.build import build, session
spark = session("local[2]", {"spark.driver.memory": sys.argv[2], "spark.sql.shuffle.partitions": "4"})
rows = build(spark, sys.argv[1], Path(sys.argv[3]))["fct_indicator_value"]
stat = Path("/proc", str(spark._jvm.java.lang.ProcessHandle.current().pid()), "stat").read_text()
jvm = stat.rsplit(")", 1)[1].split()
print("cost", rows, (int(jvm[11]) + int(jvm[12])) / os.sysconf("SC_CLK_TCK") + time.process_time())
"""


def multiply(place: Path, target: Path, times: int) -> None:
    """Write the handed tables `times` over, each copy of an enterprise or parcel under a code of its own."""
    handed = json.loads((place / "handed.json").read_text(encoding="utf-8"))
    with duckdb.connect() as con:
        for table in handed["tables"]:
            source = place / "handed" / table.replace(".", "/") / "part.parquet"
            copy = target / source.relative_to(place)
            copy.parent.mkdir(parents=True, exist_ok=True)
            names = [row[0] for row in con.execute(f"describe select * from '{source}'").fetchall()]
            new = ", ".join(f"{key} || '-' || n as {key}" for key in KEYS if key in names)
            rows = f"select * exclude (n) replace ({new}) from '{source}', range({times}) as copies (n)"
            con.execute(f"copy ({rows if new else f'from {str(source)!r}'}) to '{copy}' (format parquet)")
    (target / "handed.json").write_text(json.dumps(handed), encoding="utf-8")


def on_duckdb(place: Path, memory: str) -> tuple[int, float, float]:
    """Load the tables and build the models by dbt; return rows, seconds and CPU seconds of the building."""
    handed = json.loads((place / "handed.json").read_text(encoding="utf-8"))
    files = {name: place / f"{name}.duckdb" for name in ("warehouse", "scratch")}
    with duckdb.connect(str(files["warehouse"])) as con:
        con.execute(f"attach '{files['scratch']}' as scratch")
        for table in handed["tables"]:
            catalog = "scratch." if table.startswith("intermediate.") else ""
            con.execute(f"create schema if not exists {catalog}{table.split('.')[0]}")
            source = place / "handed" / table.replace(".", "/") / "part.parquet"
            con.execute(f"create table {catalog}{table} as from '{source}'")
    environment = os.environ | {
        "LANDGAUGE_DATABASE": str(files["warehouse"]),
        "LANDGAUGE_SCRATCH": str(files["scratch"]),
        "LANDGAUGE_EXTENSIONS": str(db.install_extensions()),
        "LANDGAUGE_MEMORY": memory,
    }
    command = [sys.executable, "-m", "dbt.cli.main", "run", "--quiet", "--select", *handed["build"]]
    command += ["--vars", json.dumps(handed["variables"]), "--project-dir", str(DBT_PROJECT), "--profiles-dir"]
    command += [str(DBT_PROJECT), "--target-path", str(place / "dbt"), "--log-path", str(place / "dbt")]
    start, before = time.perf_counter(), _children()
    subprocess.run(command, env=environment, check=True)
    seconds, cpu = time.perf_counter() - start, _children() - before
    with duckdb.connect(str(files["warehouse"]), read_only=True) as con:
        return con.execute("select count(*) from marts.fct_indicator_value").fetchone()[0], seconds, cpu


def on_spark(place: Path, python: Path, memory: str) -> tuple[int, float, float]:
    """Build the models on local Spark with two threads; return rows, seconds and CPU seconds, its start included."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT_ROOT), "PYSPARK_PYTHON": str(python)}
    command = [str(python), "-c", SPARK_SIDE, place.resolve().as_uri(), memory, str(place / "logs")]
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    _, rows, cpu = next(line for line in done.stdout.splitlines() if line.startswith("cost ")).split()
    return int(rows), time.perf_counter() - start, float(cpu)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Measure each size and show a line for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("place", type=Path)
    parser.add_argument("--times", type=int, nargs="+", default=[5, 50])
    parser.add_argument("--spark", type=Path, default=PROJECT_ROOT / "build" / "spark" / "env" / "bin" / "python")
    parser.add_argument("--work", type=Path, default=PROJECT_ROOT / "build" / "spark" / "bench")
    parser.add_argument("--memory", default="1500", help="MB, for each engine; default: %(default)s")
    given = parser.parse_args()
    alike = True
    for times in given.times:
        work = given.work / str(times)
        shutil.rmtree(work, ignore_errors=True)
        multiply(given.place, work, times)
        found = {
            "duckdb": on_duckdb(work, given.memory + "MB"),
            "spark": on_spark(work, given.spark, given.memory + "m"),
        }
        for engine, (rows, seconds, cpu) in found.items():
            print(f"{times} times\t{engine}\t{rows} rows\t{seconds:.1f} s\t{cpu:.1f} s CPU", flush=True)
        alike &= len({rows for rows, _, _ in found.values()}) == 1
        shutil.rmtree(work)
    return 0 if alike else 1


if __name__ == "__main__":
    sys.exit(main())
