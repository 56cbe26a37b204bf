"""The job in Spark on one machine: the same SQL, dropDuplicates for the keys."""

from __future__ import annotations

from pathlib import Path

import psutil
from pyspark.sql import DataFrame, SparkSession

from benchmarks import measure
from benchmarks.job import data, sql
from benchmarks.sizes import Size

_TYPES = {"VARCHAR": "string", "INTEGER": "int", "DOUBLE": "double"}
_HEAP = "3g"


def run(size: Size, source: Path, folder: Path, threads: int) -> measure.Figures:
    """Do the job; CPU and memory are those of Python and of the Java process together."""
    figures: measure.Figures = {}
    with measure.timed(figures):
        spark = _session(folder, threads)
        weight, scored = _scored(spark, size, source)
        # the scored parcels are read again for the districts: from the files, which costs less than to keep them
        scored.write.parquet(str(folder / "parcel_year.parts"))
        spark.read.parquet(str(folder / "parcel_year.parts")).createOrReplaceTempView("scored")
        weight.toPandas().to_parquet(folder / "weight.parquet")
        spark.sql(sql.roll_up("scored")).toPandas().to_parquet(folder / "district_year.parquet")
    for child in psutil.Process().children(recursive=True):
        times = child.cpu_times()
        figures["cpu_seconds"] += times.user + times.system
        figures["peak_mb"] = figures.get("peak_mb", measure.peak_mb()) + measure.peak_mb(child.pid)
    spark.stop()
    return figures


def _session(folder: Path, threads: int) -> SparkSession:
    builder = SparkSession.builder.master(f"local[{threads}]").config("spark.driver.memory", _HEAP)
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": str(4 * threads),
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.log.level": "ERROR",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _read(spark: SparkSession, paths: list[Path], columns: dict[str, str]) -> DataFrame:
    schema = ", ".join(f"{name} {_TYPES[kind]}" for name, kind in columns.items())
    return spark.read.csv([str(path) for path in paths], schema=schema, header=True)


def _scored(spark: SparkSession, size: Size, source: Path) -> tuple[DataFrame, DataFrame]:
    rows = _read(spark, list(data.enterprise_files(source, size).values()), data.ENTERPRISE_YEARS)
    rows.where(sql.GOOD).dropDuplicates(["uscc", "year"]).createOrReplaceTempView("standing")
    _read(spark, [data.parcel_file(source)], data.PARCELS).createOrReplaceTempView("parcels")
    frame = spark.sql(sql.parcel_year(size.list_years(), "standing")).cache()
    frame.createOrReplaceTempView("parcel_year")
    spark.sql(sql.ends()).cache().createOrReplaceTempView("ends")
    weight = spark.sql(sql.weight()).cache()
    weight.createOrReplaceTempView("weight")
    return weight, spark.sql(sql.score())
