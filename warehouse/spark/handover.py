"""The two ways between DuckDB and Spark: tables out, marts back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from landgauge.errors import StageFailed
from landgauge.settings import Settings
from landgauge.sql import literal
from warehouse import db, done, rebuild, transform
from warehouse.publish import registry
from warehouse.published import standing
from warehouse.spark import place
from warehouse.spark.split import split
from warehouse.transform import LAYERS

HANDED = "handed.json"
_SCRATCH = "LANDGAUGE_SCRATCH"
# the stage whose tables beside the marts a layer reads: Python's results, and the evidence of other years
_WRITES = {"evaluation": "score", "contracts": "contracts", "publication": "contracts", "balance": "forecast"}


def hand_over(settings: Settings, address: str, through: str = LAYERS[-1]) -> dict[str, int]:
    """Write as Parquet below `address` what Spark needs for the layers up to and with `through`.

    These are what stays with DuckDB, built anew, and what the stages wrote beside the marts. Returns the rows of each
    table. Raises StageFailed where a model fails, or the year is not as far as the layers need it.
    """
    layers = LAYERS[: LAYERS.index(through) + 1]
    _demand(settings, layers)
    with tempfile.TemporaryDirectory(dir=settings.warehouse) as folder:
        scratch = Path(folder) / "scratch.duckdb"
        with _kept_in(scratch):
            parts = split(transform.parsed_project(settings), layers)
            transform.run_layer(settings, through, only=parts.before)
        with db.connect(settings) as con:
            con.execute(f"attach {literal(str(scratch))} as scratch (read_only)")
            place.clear(f"{address}/handed")
            rows = {
                name: place.write(con, relation, f"{address}/handed/{name.replace('.', '/')}")
                for name, relation in parts.handed.items()
            }
            schemes = settings.schemes or con.execute("select schemes from profile.setting").fetchall()[0][0]
    built = {"tables": list(rows), "build": list(parts.on_spark), "schemes": list(schemes or ())}
    place.put(address, HANDED, {"variables": transform.variables(settings)} | built)
    return rows


def _demand(settings: Settings, layers: Collection[str]) -> None:
    """Raise StageFailed where a stage before these layers has not been, or where Spark would build another history.

    Contracts and objections of a year that is not the newest published one are built as that one knows them.
    """
    with db.connect(settings) as con:
        known = done.of_year(con, settings.year)
    for stage in (_WRITES[layer] for layer in layers if layer in _WRITES):
        if stage not in known or not known[stage].stands:
            raise StageFailed(
                f"the working file does not hold stage {stage} of {settings.year}",
                f"Run `landgauge {stage}`, or hand over through an earlier layer.",
            )
    newest = max(standing(settings.snapshot), default=settings.year)
    if "contracts" in layers and newest > settings.year:
        raise StageFailed(
            f"contracts and objections of {settings.year} are built as {newest}, which is published, knows them",
            f"Hand over {newest}, or {settings.year} through an earlier layer.",
        )


def take_back(settings: Settings, address: str) -> dict[str, int]:
    """Put the marts that Spark built at `address` into the working file, typed and ordered as there.

    Types are those of the contracts, the order that of the keys. Returns the rows of each. What dbt remembers of the
    working file is forgotten, for it did not build these. Raises StageFailed where what stands there was made from
    another state of the year.
    """
    handed = place.get(address, HANDED)
    if handed["variables"] != transform.variables(settings):
        raise StageFailed(f"{address} holds another run of {settings.year}", "Hand over again, and build on Spark.")
    nodes = [n for n in transform.parsed_project(settings).nodes.values() if n.name in set(handed["build"])]
    marts = {n.name: n for n in nodes if n.schema == "marts"}
    with db.connect(settings) as con:
        rebuild.prepare(con)
        rebuild.forget(con)
        con.execute("create schema if not exists marts")
        return {name: _take(con, marts[name], f"{address}/marts/{name}") for name in sorted(marts)}


def _take(con: duckdb.DuckDBPyConnection, mart: Any, address: str) -> int:
    columns = ", ".join(f'cast("{c.name}" as {c.data_type}) as "{c.name}"' for c in mart.columns.values())
    known = registry().get(mart.name)
    order = ", ".join(known.key) if known else "all"
    con.register("incoming", place.read(address))
    con.execute(f"create or replace table marts.{mart.name} as select {columns} from incoming order by {order}")
    con.unregister("incoming")
    return con.execute(f"select count(*) from marts.{mart.name}").fetchone()[0]


@contextmanager
def _kept_in(scratch: Path) -> Iterator[None]:
    """Keep intermediate tables in a file, so that they outlive dbt."""
    before = os.environ.pop(_SCRATCH, None)
    os.environ[_SCRATCH] = str(scratch)
    try:
        yield
    finally:
        del os.environ[_SCRATCH]
        if before is not None:
            os.environ[_SCRATCH] = before
