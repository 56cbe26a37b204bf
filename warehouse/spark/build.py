"""The Spark side: make the handed tables known to a session and let dbt build the rest in it.

Runs in an environment of its own (deploy/spark-requirements.txt), so it imports neither DuckDB nor dbt-duckdb.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession

from landgauge.errors import DONE, STOPPED, StageFailed
from landgauge.settings import DBT_PROJECT

# What makes Spark read the models as DuckDB does: overflow is an error, "x" is a name, a backslash is itself, and
# decimals are added without rounding.
_AS_DUCKDB = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.parser.escapedStringLiterals": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.sources.default": "parquet",
}
_BUILT = ("intermediate", "marts")


def session(master: str, options: Mapping[str, str]) -> SparkSession:
    """Start a session on a cluster; `options` are Spark's own settings, but for those on which the answers depend."""
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("landgauge")
    for name, value in {"spark.ui.enabled": "false", **options, **_AS_DUCKDB}.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    # DuckDB's two ways to set figures into a text count as Python's do; NULL where anything is. printf has another name
    # than Spark's own, which rounds otherwise. Lambdas travel to the workers by value, which need nothing else
    spark.udf.register("format", lambda text, *given: None if None in (text, *given) else text.format(*given))
    spark.udf.register("c_printf", lambda text, *given: None if None in (text, *given) else text % given)
    return spark


def build(spark: SparkSession, address: str, logs: Path) -> dict[str, int]:
    """Build on Spark what was handed over at `address`, as Parquet at `address`/marts; return the rows of each mart.

    Raises StageFailed naming the first models that failed.
    """
    handed = json.loads("\n".join(row.value for row in spark.read.text(f"{address}/handed.json").collect()))
    for schema in ("main", "staging", "policy", *_BUILT):
        place = f"{address}/{schema}"
        _clear(spark, place)
        spark.sql(f"create database {schema} location '{place}'")
    for table in handed["tables"]:
        spark.sql(f"create database if not exists {table.split('.')[0]}")
        folder = f"{address}/handed/{table.replace('.', '/')}"
        spark.sql(f"create table {table} using parquet location '{folder}'")
    _dbt(handed, logs)
    marts = sorted(table.name for table in spark.catalog.listTables("marts"))
    return {name: spark.table(f"marts.{name}").count() for name in marts}


def _clear(spark: SparkSession, place: str) -> None:
    jvm: Any = spark._jvm
    path = jvm.org.apache.hadoop.fs.Path(place)
    path.getFileSystem(spark._jsc.hadoopConfiguration()).delete(path, True)


def _dbt(handed: Mapping[str, Any], logs: Path) -> None:
    places = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    places += ["--target-path", str(logs / "dbt"), "--log-path", str(logs / "dbt"), "--target", "spark"]
    variables = ["--vars", json.dumps(handed["variables"], ensure_ascii=False)]
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    done = dbtRunner().invoke(["run", "--quiet", "--select", *handed["build"], *variables, *places])
    results = list(getattr(done.result, "results", None) or [])
    failed = [f"{r.node.name}: {r.message}" for r in results if str(r.status) in ("error", "skipped")]
    if not done.success or failed:
        raise StageFailed(f"dbt failed on Spark: {'; '.join(failed[:5]) or done.exception}", f"The log is in {logs}.")


def _workers(spark: SparkSession) -> int:
    """How many processes beside this one have taken up work."""
    spark.range(1000, numPartitions=1000).count()
    return int(spark._jsc.sc().statusTracker().getExecutorInfos().__len__()) - 1


def main(arguments: list[str] | None = None) -> int:
    """Build what stands at an address; exit 3 where a model fails."""
    parser = argparse.ArgumentParser(prog="python -m warehouse.spark.build", description=__doc__)
    parser.add_argument("address", help="where the tables were handed over: file:///…, or as Spark calls the store")
    parser.add_argument("--master", default="local[*]", help="the cluster; default: %(default)s")
    parser.add_argument("--conf", action="append", default=[], metavar="NAME=VALUE", help="a setting of Spark")
    parser.add_argument("--logs", type=Path, default=Path("logs"), help="folder for dbt's log; default: %(default)s")
    given = parser.parse_args(arguments)
    spark = session(given.master, dict(pair.split("=", 1) for pair in given.conf))
    try:
        print(f"worker processes\t{_workers(spark)}")
        for name, rows in build(spark, given.address, given.logs).items():
            print(f"{name}\t{rows}")
    except StageFailed as error:
        print(f"{error.message}\n{error.next_step}", file=sys.stderr)
        return STOPPED
    finally:
        spark.stop()
    return DONE


if __name__ == "__main__":
    sys.exit(main())
