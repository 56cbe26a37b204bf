"""What a stage read and wrote, as OpenLineage datasets: tables with columns and row counts, files by dataset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from landgauge import __version__
from landgauge.settings import Settings
from warehouse.built import Node

Dataset = dict[str, Any]
_PRODUCER = f"https://openlineage.io/producer/landgauge/{__version__}"
_FACETS = "https://openlineage.io/spec/facets"
_OWN_FACET = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunFacet"
# what a stage writes and reads beside dbt's models: the schema of its own tables, and the marts that it begins with
_OWN_SCHEMA = {"score": "scored", "contracts": "carried", "forecast": "forecasted"}
_OWN_READS = {"score": ("marts.fct_indicator_value",), "forecast": ("marts.fct_forecast_series",)}
_LOADS = """
select dataset, count(*), sum(rows_in)::bigint, sum(accepted)::bigint, sum(quarantined)::bigint
from ledger.load where data_year = ? and state = 'loaded' group by dataset order by dataset
"""
_GATE = "select suite, expectation, level, success, observed from run.gate where year = ? order by all"
_COLUMNS = """
select schema_name || '.' || table_name, list({'name': column_name, 'type': data_type} order by column_index)
from duckdb_columns() where internal = false group by all
"""
_SIZES = "select schema_name || '.' || table_name, estimated_size from duckdb_tables()"


@dataclass(frozen=True)
class Datasets:
    """The inputs and outputs of an event."""

    inputs: Sequence[Dataset] = field(default_factory=tuple)
    outputs: Sequence[Dataset] = field(default_factory=tuple)


def facet(kind: str, **values: Any) -> dict[str, Any]:
    """Return a facet of the specification, `<version>/<name>`, or with an empty kind one of the project's own."""
    schema = f"{_FACETS}/{kind.split('/')[0]}/{kind.split('/')[1]}.json" if kind else _OWN_FACET
    anchor = f"#/$defs/{kind.split('/')[1]}" if kind else ""
    return {"_producer": _PRODUCER, "_schemaURL": schema + anchor} | values


def datasets(settings: Settings, stage: str, nodes: Sequence[Node]) -> Datasets:
    """Return what a stage that was done read and wrote for its year. Raises duckdb.Error."""
    if stage == "report":
        pages = {"namespace": "file", "name": f"{settings.published}/report/{settings.year}"}
        return Datasets([_table(settings.snapshot, name) for name in _tables_of(settings.snapshot)], [pages])
    with duckdb.connect(str(settings.database), read_only=True) as con:
        known = _Known(con)
        if stage == "ingest":
            return _ingested(settings, con, known)
        if stage == "check":
            return _checked(settings, con, known)
        if stage == "publish":
            marts = sorted(name for name in known.sizes if name.startswith("marts."))
            outputs = [known.written(settings.snapshot, name) for name in marts]
            return Datasets([_table(settings.database, name) for name in marts], outputs)
        return _built(settings, stage, nodes, known)


class _Known:
    """Columns of the tables of an open file, and rows as DuckDB keeps count of them: nothing is read for it."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.columns = dict(con.execute(_COLUMNS).fetchall())
        self.sizes = dict(con.execute(_SIZES).fetchall())

    def written(self, file: Path, name: str, rows: int | None = None, columns_of: str = "") -> Dataset:
        """A table with its columns and the rows that were written."""
        count = self.sizes.get(name) if rows is None else rows
        fields = self.columns.get(columns_of or name)
        found = _table(file, name)
        if fields:
            found["facets"] = {"schema": facet("1-2-0/SchemaDatasetFacet", fields=fields)}
        if count is not None:
            found["outputFacets"] = {
                "outputStatistics": facet("1-0-2/OutputStatisticsOutputDatasetFacet", rowCount=count)
            }
        return found


def _built(settings: Settings, stage: str, nodes: Sequence[Node], known: _Known) -> Datasets:
    """Models and seeds that dbt built, the stage's own tables, and what these read and the stage did not write."""
    own = _OWN_SCHEMA.get(stage)
    written = {n.table for n in nodes if n.table}
    written |= {name for name in known.sizes if own and name.startswith(f"{own}.")}
    read = {table for n in nodes for table in n.reads} | set(_OWN_READS.get(stage, ()))
    inputs = [_table(settings.database, name) for name in sorted(read - written)]
    return Datasets(inputs, [known.written(settings.database, name) for name in sorted(written)])


def _ingested(settings: Settings, con: duckdb.DuckDBPyConnection, known: _Known) -> Datasets:
    loads = con.execute(_LOADS, [settings.year]).fetchall()
    inputs = [_files(settings, name, files, rows) for name, files, rows, _, _ in loads]
    outputs = [known.written(settings.database, f"accepted.{n}", ok, f"raw.{n}") for n, _, _, ok, _ in loads]
    bad = sum(row[4] for row in loads)
    return Datasets(inputs, [*outputs, known.written(settings.database, "quarantine.finding", bad)])


def _files(settings: Settings, dataset: str, files: int, rows: int) -> Dataset:
    """The files of a dataset that the year has loaded, in the landing area."""
    place = settings.landing_url.split("://", 1)
    host, _, path = place[-1].rpartition("@")[2].partition("/")  # never the credentials of a URL
    space, folder = (f"{place[0]}://{host}", path) if settings.landing_url else ("file", str(settings.landing or ""))
    counts = facet("1-0-0/InputStatisticsInputDatasetFacet", rowCount=rows, fileCount=files)
    name = f"{folder}/{dataset}/{settings.year}".lstrip("/" if settings.landing_url else "")
    return {"namespace": space, "name": name, "inputFacets": {"inputStatistics": counts}}


def _checked(settings: Settings, con: duckdb.DuckDBPyConnection, known: _Known) -> Datasets:
    rows = {name: accepted for name, _, _, accepted, _ in con.execute(_LOADS, [settings.year]).fetchall()}
    held: dict[str, list[dict[str, Any]]] = {name: [] for name in rows}
    for suite, expectation, level, success, observed in con.execute(_GATE, [settings.year]).fetchall():
        rule, _, of = expectation.partition(":")
        dataset, column = (suite[5:], of) if suite.startswith("rows_") else (of, None)
        if dataset in held:
            severity = "error" if level == "stop" else "warn"
            held[dataset].append(_assertion(rule, success, column, severity, observed))
    inputs = [_held(settings, name, rows[name], held[name]) for name in rows]
    total = sum(map(len, held.values()))
    return Datasets(inputs, [known.written(settings.database, "run.gate", total)])


def _assertion(rule: str, success: bool, column: str | None, severity: str, observed: str | None) -> dict[str, Any]:
    found = {"assertion": rule, "success": success, "column": column, "severity": severity, "actual": observed}
    return {name: value for name, value in found.items() if value is not None}


def _held(settings: Settings, dataset: str, rows: int, assertions: Iterable[Mapping[str, Any]]) -> Dataset:
    metrics = facet("1-0-3/DataQualityMetricsInputDatasetFacet", rowCount=rows, columnMetrics={})
    told = facet("1-1-0/DataQualityAssertionsDatasetFacet", assertions=list(assertions))
    return _table(settings.database, f"accepted.{dataset}") | {
        "inputFacets": {"dataQualityMetrics": metrics, "dataQualityAssertions": told}
    }


def _table(file: Path, name: str) -> Dataset:
    return {"namespace": f"duckdb://{file}", "name": name}


def _tables_of(file: Path) -> list[str]:
    with duckdb.connect(str(file), read_only=True) as con:
        return sorted(name for (name, _) in con.execute(_SIZES).fetchall() if name.startswith("marts."))
