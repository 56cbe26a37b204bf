"""The catalogue for people with BI tools: one self-contained page in Chinese, `published/catalogue.html`.

It is read from the published snapshot itself: tables and views, what a row is, keys, columns with their comments, rows
by year. What the snapshot cannot say (units by the endings of names, joins that differ in names, example queries)
stands in `bi_catalogue.yml`. Equal marts give equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from landgauge.settings import Settings
from reporting.page import environment
from warehouse.publish import registry
from warehouse.published import open_snapshot

if TYPE_CHECKING:
    import duckdb

GROUPS: Mapping[str, str] = {"fct": "事实表", "dim": "维度表", "bridge": "关联表", "qc": "数据质量检查"}


@dataclass(frozen=True)
class Column:
    """A column: its comment in Chinese and English, and its unit by the ending of its name, where it has one."""

    name: str
    kind: str
    comment: str
    unit: str
    in_key: bool


@dataclass(frozen=True)
class Join:
    """A table that can be joined and the condition; in it `t` is the table that joins."""

    table: str
    on: str


@dataclass(frozen=True)
class Table:
    """A table or view; `counts` are rows by the value of `year_column`, or one of the whole table under None."""

    name: str
    comment: str
    is_view: bool
    key: tuple[str, ...]
    year_column: str | None
    columns: tuple[Column, ...]
    joins: tuple[Join, ...]
    counts: Mapping[Any, int]


@dataclass(frozen=True)
class Query:
    """An example query with what it answers."""

    title: str
    sql: str


def write(settings: Settings) -> Path:
    """Write the page from the published snapshot, by rename, and return its path; raises StageFailed without one."""
    target = settings.published / "catalogue.html"
    building = target.with_name(f".{target.name}.building")
    building.write_text(render(settings.snapshot), encoding="utf-8", newline="\n")
    building.replace(target)
    return target


def render(snapshot: Path) -> str:
    """Return the page as HTML text; raises StageFailed where nothing is published."""
    with open_snapshot(snapshot) as con:
        tables = read(con)
        generated = con.execute("select coalesce(bool_or(generated), false) from marts.fct_run").fetchone()
    content = {
        "groups": [(name, [t for t in tables if t.name.split("_")[0] == prefix]) for prefix, name in GROUPS.items()],
        "queries": queries({table.name for table in tables}),
        "generated": generated[0],
    }
    return environment().get_template("bi_catalogue.html.j2").render(content)


def queries(tables: set[str]) -> list[Query]:
    """Return the example queries that these tables can answer."""
    found = [Query(query["title"], query["sql"].strip()) for query in _said()["queries"]]
    return [query for query in found if set(re.findall(r"\bmarts\.(\w+)", query.sql)) <= tables]


def read(con: duckdb.DuckDBPyConnection) -> list[Table]:
    """Return the published tables and views by name."""
    columns = _columns(con)
    relations = con.execute(
        "select table_name, comment, false from duckdb_tables() where schema_name = 'marts' union all "
        "select view_name, comment, true from duckdb_views() where schema_name = 'marts' order by 1"
    ).fetchall()
    return [_table(con, name, comment or "", is_view, columns) for name, comment, is_view in relations]


def unit(column: str) -> str:
    """Return the unit that a column's name ends in, as 万元/公顷; empty where it ends in none."""
    known: Mapping[str, str] = _said()["units"]
    name = column.removesuffix("_equivalent")
    above, _, below = name.rpartition("_per_")
    parts = [_ending(part, known) for part in (above, below) if part]
    return "/".join(parts) if all(parts) else _ending(name, known)


def _ending(name: str, known: Mapping[str, str]) -> str:
    fitting = [ending for ending in known if name == ending or name.endswith(f"_{ending}")]
    return known[max(fitting, key=len)] if fitting else ""


@cache
def _said() -> Mapping[str, Any]:
    return yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))


def _columns(con: duckdb.DuckDBPyConnection) -> Mapping[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    for table, *column in con.execute(
        "select table_name, column_name, data_type, coalesce(comment, '') from duckdb_columns() "
        "where schema_name = 'marts' order by table_name, column_index"
    ).fetchall():
        found.setdefault(table, []).append(tuple(column))
    return found


def _table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    comment: str,
    is_view: bool,
    columns: Mapping[str, list[tuple[str, str, str]]],
) -> Table:
    mart, names = registry().get(name), [column for column, *_ in columns[name]]
    key = mart.key if mart else ("run_id", "state") if name == "fct_run" else ()
    year_column = mart.year_column if mart else "year"
    year_column = year_column if year_column in names else None
    described = tuple(Column(c, kind, text, _unit_of(c, kind), c in key) for c, kind, text in columns[name])
    return Table(name, comment, is_view, key, year_column, described, _joins(name, names, columns),
                 _counts(con, name, year_column))  # fmt: skip


def _unit_of(column: str, kind: str) -> str:
    return unit(column) if kind in ("DOUBLE", "FLOAT", "BIGINT", "INTEGER") else ""


def _counts(con: duckdb.DuckDBPyConnection, name: str, year_column: str | None) -> Mapping[Any, int]:
    part = f'"{year_column}"' if year_column else "null"
    return dict(con.execute(f'select {part}, count(*) from marts."{name}" group by 1 order by 1').fetchall())


def _joins(name: str, names: list[str], columns: Mapping[str, list[tuple[str, str, str]]]) -> tuple[Join, ...]:
    """Dimensions whose whole key a table has, those of the page's own list, and units by the table's own code."""
    found = [
        Join(dim, " and ".join(f"{dim}.{part} = t.{part}" for part in mart.key))
        for dim, mart in sorted(registry().items())
        if dim.startswith("dim_") and dim != name and set(mart.key) <= set(names) & _names(columns, dim)
    ]
    for said in _said()["joins"]:
        if said["table"] != name and said["table"] in columns and set(said["needs"]) <= set(names):
            found.append(Join(said["table"], said["condition"]))
    scale = re.fullmatch(r"fct_(block|zone|district|city|enterprise|parcel)_year", name)
    if scale and "dim_unit" in columns:  # wide tables have a code of their own
        code = "uscc" if scale[1] == "enterprise" else f"{scale[1]}_code"
        on = f"dim_unit.scale = '{scale[1]}' and dim_unit.unit_code = t.{code} and dim_unit.year = t.year"
        found.append(Join("dim_unit", on))
    return tuple(found)


def _names(columns: Mapping[str, list[tuple[str, str, str]]], table: str) -> set[str]:
    return {column for column, *_ in columns.get(table, ())}
