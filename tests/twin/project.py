"""The dbt project's models as plain SQL: parsed once by dbt, compiled by dbt, also with a text of theirs changed."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from landgauge.settings import DBT_PROJECT
from warehouse.db import install_extensions

RUN_ID = "0123456789abcdef"
WIDE = ("parcel", "enterprise", "block", "zone", "district", "city", "industry")
MARTS = ("fct_indicator_value", "bridge_parcel_enterprise", *(f"fct_{scale}_year" for scale in WIDE))


@dataclass(frozen=True)
class Model:
    """One model: its name, the quoted relation that others read, and its compiled select."""

    name: str
    relation: str
    sql: str


@dataclass(frozen=True)
class Change:
    """A text in a file of the dbt project and what stands there instead; the text must occur once."""

    path: str
    old: str
    new: str


@dataclass(frozen=True)
class Compiled:
    """What the marts of indicators need: models in order of dependence, and the rows of policy seeds."""

    models: list[Model]
    seeds: dict[str, pa.Table]


class Project:
    """The project, parsed once; `compile` gives its models as they stand or with one text changed."""

    def __init__(self, folder: Path, root: Path = DBT_PROJECT) -> None:
        self._folder, self._root = folder, root
        self._seeds: dict[str, pa.Table] = {}
        self._manifest: Any = self._dbt(None, ["parse", "--no-partial-parse"], 2000)

    def compile(self, year: int, change: Change | None = None) -> Compiled:
        """Return the models for a year as they stand, or as they would stand with a changed text."""
        with self._changed(change):
            selection = [f"+{mart}" for mart in MARTS]
            results = self._dbt(self._manifest, ["compile", "--no-introspect", "--select", *selection], year).results
            nodes = {r.node.unique_id: r.node for r in results if str(r.node.resource_type) in ("model", "seed")}
            order = TopologicalSorter({key: _before(node) & set(nodes) for key, node in nodes.items()})
            ready = [nodes[key] for key in order.static_order()]
            models = [n for n in ready if n.resource_type == "model" and n.config.materialized != "ephemeral"]
            return Compiled(
                [Model(node.name, node.relation_name, node.compiled_code) for node in models],
                {node.name: self._seed(node) for node in ready if node.resource_type == "seed"},
            )

    def _seed(self, node: Any) -> pa.Table:
        if node.name not in self._seeds:
            path = self._root / node.original_file_path
            types = {name: kind.upper() for name, kind in node.config.column_types.items()}
            self._seeds[node.name] = duckdb.read_csv(str(path), header=True, dtype=types).to_arrow_table()
        return self._seeds[node.name]

    @contextmanager
    def _changed(self, change: Change | None) -> Iterator[None]:
        if change is None:
            yield
            return
        holder, attribute = self._holder(change)
        before = getattr(holder, attribute)
        setattr(holder, attribute, before.replace(change.old, change.new))
        try:
            yield
        finally:
            setattr(holder, attribute, before)

    def _holder(self, change: Change) -> tuple[Any, str]:
        """Return the macro or model that holds the text, and the attribute where dbt keeps it."""
        text = (self._root / change.path).read_text(encoding="utf-8")
        if text.count(change.old) != 1:
            raise LookupError(f"{change.path} has {text.count(change.old)} times: {change.old}")
        macros = [(macro, "macro_sql") for macro in self._manifest.macros.values()]
        nodes = [(node, "raw_code") for node in self._manifest.nodes.values() if hasattr(node, "raw_code")]
        found = [
            (holder, attribute)
            for holder, attribute in [*macros, *nodes]
            if holder.package_name == "landgauge"
            and holder.original_file_path == change.path
            and change.old in getattr(holder, attribute)
        ]
        if len(found) != 1:
            raise LookupError(f"{change.path}: {len(found)} macros or models hold {change.old}")
        return found[0]

    def _dbt(self, manifest: Any, command: list[str], year: int) -> Any:
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager
        from dbt.cli.main import dbtRunner

        values = json.dumps({"year": year, "as_of": f"{year}-12-31", "run_id": RUN_ID})
        shared = ["--project-dir", str(self._root), "--profiles-dir", str(self._root), "--threads", "1", "--quiet"]
        shared += ["--target-path", str(self._folder / "target"), "--log-path", str(self._folder / "logs")]
        with _environment(), redirect_stdout(io.StringIO()):  # dbt prints what it compiles, also when told to be quiet
            done = dbtRunner(manifest=manifest).invoke([*command, *shared, "--no-use-colors", "--vars", values])
        DuckDBConnectionManager.close_all_connections()  # other tests of this process run dbt on a file
        if not done.success:
            raise RuntimeError(f"dbt {command[0]}: {done.exception or done.result}")
        return done.result


def _before(node: Any) -> set[str]:
    return set(getattr(node.depends_on, "nodes", ()))


@contextmanager
def _environment() -> Iterator[None]:
    """Give dbt's profile a database in memory; nothing is read from it when models are compiled."""
    values = {"LANDGAUGE_DATABASE": ":memory:", "LANDGAUGE_EXTENSIONS": str(install_extensions())}
    values |= {"LANDGAUGE_THREADS": "1", "LANDGAUGE_MEMORY": "", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.__setitem__(name, value)
