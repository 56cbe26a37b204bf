"""Scores of cities side by side on Spark: a worker takes the units of a city as Arrow batches, and scores them as ever.

Takes places at which the marts of the layer `indicators` were built on Spark (docs/spark.md), a city each, and writes
the tables of schema `scored` below each. Runs in Spark's environment; its workers need the project's Python, too.

    python -m landgauge.scores_on_spark PLACE [PLACE …] [--scheme CODE …] [--master local-cluster[2,1,1024]]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.errors import PySparkException, PythonException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as sf
from pyspark.sql.pandas.types import from_arrow_schema

from landgauge import policy
from landgauge.errors import DONE, STOPPED, ConfigurationError, LandgaugeError
from landgauge.settings import PROJECT_ROOT
from scoring import of_scheme, scheme_reading, tables, units, weighting
from scoring.scheme import Scheme, Seeds
from scoring.scheme_cells import SchemeError
from warehouse.spark.build import session

_CITY, _OUTPUT = "city_number", "output"
_IDEALS = "scored.ideal_value"
# one row form for all outputs, so that a city's units are scored once
_FORM = pa.schema(
    {_CITY: pa.int32(), _OUTPUT: pa.string()}
    | {field.name: field.type for schema in of_scheme.OUTPUTS.values() for field in schema}
)


@dataclass(frozen=True)
class City:
    """A place with the year that stands there, and the schemes that it is to be scored by."""

    number: int
    place: str
    year: int
    schemes: tuple[Scheme, ...]

    @property
    def database(self) -> str:
        """The name by which Spark knows the city's marts."""
        return f"city_{self.number}"


def score(spark: SparkSession, places: Sequence[str], codes: Sequence[str] = ()) -> dict[str, int]:
    """Score each city by the schemes of these codes, or its own; return the rows written below each place.

    Raises ConfigurationError for a scheme that is unknown, not valid in a city's year, or cannot be used.
    """
    seeds = {name: policy.rows(name) for name in of_scheme.SEEDS}
    cities = [_city(spark, number, place, codes, seeds) for number, place in enumerate(places)]
    by_scheme: dict[tuple[str, str, str], list[tuple[Scheme, City]]] = {}
    for city in cities:
        for scheme in city.schemes:
            by_scheme.setdefault((scheme.code, scheme.version, scheme.scale), []).append((scheme, city))
    if not by_scheme:
        raise ConfigurationError("no place names a scheme", "Give --scheme, or hand the cities over again.")
    parts = [_scored(spark, own[0][0], [city for _, city in own], seeds) for own in by_scheme.values()]
    found = reduce(DataFrame.unionByName, parts).persist()
    try:
        return {f"{city.place}/{name}": _write(found, city, name) for city in cities for name in of_scheme.OUTPUTS}
    finally:
        found.unpersist()


def _city(spark: SparkSession, number: int, place: str, codes: Sequence[str], seeds: Seeds) -> City:
    handed = json.loads("\n".join(row.value for row in spark.read.text(f"{place}/handed.json").collect()))
    year = int(handed["variables"]["year"])
    city = City(number, place, year, ())
    spark.sql(f"create database {city.database}")
    wanted = ("dim_indicator", *sorted({t for s in units.SCALES.values() for t in (s.facts, s.dimension)}))
    for table in wanted:
        spark.sql(f"create table {city.database}.{table} using parquet location '{place}/marts/{table}'")
    rows = spark.table(f"{city.database}.dim_indicator").select("indicator_code", "direction").collect()
    known = units.known(lambda table: set(spark.table(f"{city.database}.{table}").columns))
    named = tuple(codes or handed.get("schemes", ()))
    try:
        schemes = scheme_reading.select(seeds, named, year, dict(map(tuple, rows)), known)
    except SchemeError as error:
        raise ConfigurationError(f"{place}: {error}", "Correct --scheme, or seeds/policy/scheme*.csv.") from error
    return City(number, place, year, schemes)


def _scored(spark: SparkSession, scheme: Scheme, cities: Sequence[City], seeds: Seeds) -> DataFrame:
    """The outputs of one scheme for all cities that it is valid for."""
    first = cities[0].database
    known = units.known(lambda table: set(spark.table(f"{first}.{table}").columns))
    attributes = weighting.attributes(scheme, known, seeds)
    dimension = spark.table(f"{first}.{units.SCALES[scheme.scale].dimension}").columns
    asked = [
        spark.sql(units.question(scheme, attributes, dimension, c.database), args=[c.year])
        .unionByName(spark.sql("select cast(null as string) as unit_code"), allowMissingColumns=True)
        .withColumn(_CITY, sf.lit(c.number))
        for c in cities
    ]  # a row more for each, so that a city without any unit has its weights, too
    years = {city.number: city.year for city in cities}
    grouped = reduce(DataFrame.unionByName, asked).groupBy(_CITY)
    return grouped.applyInArrow(_of_city(scheme, attributes, years, seeds), from_arrow_schema(_FORM))


def _of_city(
    scheme: Scheme, attributes: Sequence[str], years: Mapping[int, int], seeds: Seeds
) -> Callable[[Any, Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """The function that a worker applies to the units of a city."""

    def scored(key: tuple[pa.Scalar, ...], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        number = key[0].as_py()
        rows = pa.Table.from_batches(batches)
        rows = rows.filter(pc.is_valid(rows.column("unit_code"))).sort_by("unit_code")
        found = units.of_table(rows, scheme, attributes)
        for name, table in of_scheme.evaluate(scheme, years[number], found, seeds):
            yield from _formed(number, name, table)
        yield from _formed(number, _IDEALS, tables.ideal_table((scheme,), years[number]))

    return scored


def _formed(number: int, name: str, table: pa.Table) -> Iterator[pa.RecordBatch]:
    """The rows of an output in the form of all."""
    plain = table.select(of_scheme.OUTPUTS[name].names).cast(of_scheme.OUTPUTS[name])
    given = {_CITY: pa.repeat(pa.scalar(number, pa.int32()), len(table)), _OUTPUT: pa.repeat(name, len(table))}
    given |= {column: plain.column(column) for column in plain.column_names}
    whole = [given[f.name] if f.name in given else pa.nulls(len(table), f.type) for f in _FORM]
    yield from pa.table(whole, schema=_FORM).combine_chunks().to_batches()


def _write(found: DataFrame, city: City, name: str) -> int:
    place = f"{city.place}/{name.replace('.', '/')}"
    own = found.where((sf.col(_CITY) == city.number) & (sf.col(_OUTPUT) == name))
    own.select(*of_scheme.OUTPUTS[name].names).write.mode("overwrite").parquet(place)
    return own.count()


def main(arguments: list[str] | None = None) -> int:
    """Score what stands at the places; exit 2 for a scheme that cannot be used."""
    parser = argparse.ArgumentParser(prog="python -m landgauge.scores_on_spark", description=__doc__)
    parser.add_argument("places", nargs="+", metavar="PLACE", help="where marts were built: file:///…")
    parser.add_argument("--scheme", action="append", default=[], metavar="CODE")
    parser.add_argument("--master", default="local[*]", help="the cluster; default: %(default)s")
    parser.add_argument("--conf", action="append", default=[], metavar="NAME=VALUE", help="a setting of Spark")
    given = parser.parse_args(arguments)
    project = {"spark.executorEnv.PYTHONPATH": str(PROJECT_ROOT)}
    spark = session(given.master, project | dict(pair.split("=", 1) for pair in given.conf))
    try:
        for name, rows in score(spark, given.places, given.scheme).items():
            print(f"{name}\t{rows}")
    except LandgaugeError as error:
        print(f"{error.message}\n{error.next_step}", file=sys.stderr)
        return error.exit_code
    except PySparkException as error:
        print(f"Spark stopped: {_said(error)}\nIts log has the rest; PLACE is where marts were built.", file=sys.stderr)
        return STOPPED
    finally:
        spark.stop()
    return DONE


def _said(error: PySparkException) -> str:
    """The line that tells a person most: of a worker the end of its trace, else the first."""
    lines = [line for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[-1 if isinstance(error, PythonException) else 0].strip()


if __name__ == "__main__":
    sys.exit(main())
