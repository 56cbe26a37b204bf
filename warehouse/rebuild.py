"""Which models and tests of a dbt layer must be built again, and which stand as they are.

A node's fingerprint is that of all that it reads. What a run built is remembered in the working file: `run.layer` says
which nodes belong to a layer and under which key (project, year, day), `run.node` from what each was made. dbt itself
forgets a node when it begins to build it, whoever called dbt (dbt_project.yml, on-run-start), so that a run that dies
leaves no memory of what it left half done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from warehouse import fingerprints

_SCRATCH = "scratch"  # tables of this database live as long as the process
_RUN_ID = "macro.landgauge.run_id"
_TABLES = (
    "create schema if not exists run",
    "create table if not exists run.layer (layer varchar, key varchar, nodes varchar[])",
    "create table if not exists run.node (unique_id varchar, fingerprint varchar, run_id varchar, message varchar)",
)


@dataclass(frozen=True)
class Node:
    """A model, seed or data test as far as rebuilding is concerned.

    `lasting`: its table stays in the working file. `by_content`: its fingerprint is taken of its rows. `of_run`: what
    it holds comes from a model that knows the run; `stamped`: its rows carry the run's id; `bound`: it says more about
    the run than that.
    """

    unique_id: str
    name: str
    kind: str
    relation: tuple[str, str]
    parents: tuple[str, ...]
    tags: frozenset[str]
    lasting: bool
    is_view: bool
    by_content: bool
    of_run: bool
    stamped: bool
    bound: bool


@dataclass(frozen=True)
class Plan:
    """What to build, by name, and what stands: `warnings` of tests that need not run again, nodes to be stamped."""

    build: tuple[str, ...]
    stands: tuple[Node, ...]
    warnings: tuple[str, ...]
    fingerprints: Mapping[str, str]


def nodes(manifest: Any) -> dict[str, Node]:
    """Return the nodes of a parsed project by unique id, parents before children."""
    raw = {uid: n for uid, n in manifest.nodes.items() if str(n.resource_type) in ("model", "seed", "test")}
    of_run = _macros_of_run(manifest.macros)
    found: dict[str, Node] = {}

    def add(uid: str) -> None:
        if uid in found or uid not in raw:
            return
        parents = tuple(getattr(raw[uid].depends_on, "nodes", ()))
        for parent in parents:
            add(parent)
        by_macro = not of_run.isdisjoint(raw[uid].depends_on.macros)
        found[uid] = _node(raw[uid], parents, by_macro, any(p in found and found[p].of_run for p in parents))

    for uid in sorted(raw):
        add(uid)
    return found


def _macros_of_run(macros: Mapping[str, Any]) -> set[str]:
    """The macro that knows the run, and all that call it, however far away."""
    found = {_RUN_ID}
    while True:
        more = {uid for uid, macro in macros.items() if not found.isdisjoint(macro.depends_on.macros)} - found
        if not more:
            return found
        found |= more


def _node(raw: Any, parents: tuple[str, ...], by_macro: bool, of_run: bool) -> Node:
    columns = set(getattr(raw, "columns", ()))
    other_runs = any(c.endswith("run_id") and c != "run_id" for c in columns)
    in_scratch = raw.database == _SCRATCH
    kind = str(raw.resource_type)
    of_run = of_run or by_macro
    return Node(
        unique_id=raw.unique_id,
        name=raw.name,
        kind=kind,
        relation=(raw.schema, raw.alias or raw.name),
        parents=parents,
        tags=frozenset(raw.tags),
        lasting=kind != "test" and not in_scratch,
        is_view=kind == "model" and raw.config.materialized == "view" and not in_scratch,
        by_content=raw.config.meta.get("fingerprint") == "content",
        of_run=of_run,
        stamped=of_run and "run_id" in columns,
        bound=other_runs or (in_scratch and by_macro),
    )


def prepare(con: duckdb.DuckDBPyConnection) -> None:
    """Make the two tables of memory where they are not."""
    for statement in _TABLES:
        con.execute(statement)


def forget(con: duckdb.DuckDBPyConnection) -> None:
    """Empty the tables."""
    for table in ("layer", "node"):
        con.execute(f"delete from run.{table}")


def of_nodes(
    con: duckdb.DuckDBPyConnection,
    manifest: Any,
    known: Mapping[str, Node],
    run_id: str,
    layer: str,
    before: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the fingerprint of all nodes of a layer and what they are made from, as the working file stands now.

    By unique id, with those of the sources; what `before` says of a source still holds.
    """
    wanted = _of_layer(con, known, layer)
    sources = {uid: (s.schema, s.identifier) for uid, s in manifest.sources.items() if uid in wanted}
    contents = {uid: node.relation for uid, node in known.items() if node.by_content and uid in wanted}
    found = {uid: fingerprint for uid, fingerprint in (before or {}).items() if uid in sources}
    fresh = {uid: relation for uid, relation in sources.items() if uid not in found}
    tables = fingerprints.of_tables(con, sorted({*fresh.values(), *contents.values()}))
    found |= {uid: tables[".".join(relation)] for uid, relation in fresh.items()}
    for uid, node in known.items():
        if uid not in wanted:
            continue
        if node.by_content:
            found[uid] = tables[".".join(node.relation)]
        else:
            read = [found.get(parent, "") for parent in node.parents]
            found[uid] = fingerprints.digest([uid, run_id if node.bound else "", *read])
    return found


def _of_layer(con: duckdb.DuckDBPyConnection, known: Mapping[str, Node], layer: str) -> set[str]:
    """What bears the layer's name or belonged to it, the tests that look at it, and all that these are made from."""
    rows = con.execute("select unnest(nodes) from run.layer where layer = ?", [layer]).fetchall()
    own = {uid for uid, node in known.items() if layer in node.tags} | {uid for (uid,) in rows if uid in known}
    waiting = [
        uid for uid, node in known.items() if uid in own or (_is_test(node) and not own.isdisjoint(node.parents))
    ]
    found: set[str] = set()
    while waiting:
        uid = waiting.pop()
        if uid not in found:
            found.add(uid)
            waiting += known[uid].parents if uid in known else ()
    return found


def plan(
    con: duckdb.DuckDBPyConnection, layer: str, key: str, known: Mapping[str, Node], now: Mapping[str, str]
) -> Plan | None:
    """Return what must be built of a layer; None where all of it must, for nothing is known of it under this key."""
    row = con.execute("select nodes from run.layer where layer = ? and key = ?", [layer, key]).fetchone()
    if row is None or not set(row[0]) <= set(known):
        return None
    members = [known[uid] for uid in row[0]]
    remembered = _remembered(con, row[0])
    made = {uid: fingerprint for uid, fingerprint, _ in remembered}
    there = _tables(con)
    same = {node.unique_id for node in members if _stands(node, made, now, there)}
    changed = {node.unique_id for node in members if node.unique_id not in same and (node.lasting or _is_test(node))}
    build = _with_passing(changed, {node.unique_id for node in members}, known)
    return Plan(
        build=tuple(known[uid].name for uid in row[0] if uid in build),
        stands=tuple(node for node in members if node.lasting and node.unique_id not in build),
        warnings=tuple(message for uid, _, message in remembered if message and uid not in build),
        fingerprints=now,
    )


def _stands(node: Node, made: Mapping[str, str], now: Mapping[str, str], there: set[tuple[str, str]]) -> bool:
    """Tell whether a node need not be built; a view is what it says, whatever the rows under it."""
    if node.lasting and node.relation not in there:
        return False
    return node.is_view or made.get(node.unique_id) == now[node.unique_id]


def _is_test(node: Node) -> bool:
    return node.kind == "test"


def _remembered(con: duckdb.DuckDBPyConnection, members: Sequence[str]) -> list[tuple[str, str, str | None]]:
    sql = "select unique_id, fingerprint, message from run.node where list_contains(?, unique_id)"
    return con.execute(sql, [list(members)]).fetchall()


def _tables(con: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    sql = "select table_schema, table_name from information_schema.tables where table_catalog = current_database()"
    return set(con.execute(sql).fetchall())


def _with_passing(changed: Iterable[str], members: set[str], known: Mapping[str, Node]) -> set[str]:
    """The changed nodes and the tables in memory that they are made from, all the way up."""
    found: set[str] = set()
    waiting = list(changed)
    while waiting:
        uid = waiting.pop()
        if uid not in found:
            found.add(uid)
            waiting += [p for p in known[uid].parents if p in members and not known[p].lasting]
    return found


def of_built(con: duckdb.DuckDBPyConnection, marts: Sequence[str]) -> str | None:
    """Return a digest of what these marts were built from; None where it is not known of each."""
    prepare(con)
    ids = [f"model.landgauge.{name}" for name in marts]
    sql = "select unique_id, fingerprint from run.node where list_contains(?, unique_id) order by all"
    found = con.execute(sql, [ids]).fetchall()
    sql = "select layer, key from run.layer where list_has_any(nodes, ?) order by all"
    keys = con.execute(sql, [ids]).fetchall()
    return fingerprints.digest([found, keys]) if len(found) == len(ids) else None


def stamp(con: duckdb.DuckDBPyConnection, stands: Iterable[Node], run_id: str) -> None:
    """Give the rows that stand the id of the run that now vouches for them, in one transaction."""
    con.execute("begin")
    try:
        for node in stands:
            old = con.execute("select run_id from run.node where unique_id = ?", [node.unique_id]).fetchone()
            if node.stamped and old and old[0] != run_id:
                schema, table = node.relation
                con.execute(f'update {schema}."{table}" set run_id = ? where run_id = ?', [run_id, old[0]])
            con.execute("update run.node set run_id = ? where unique_id = ?", [run_id, node.unique_id])
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def forget_layer(con: duckdb.DuckDBPyConnection, layer: str) -> None:
    """Forget a layer before all of it is built."""
    con.execute("delete from run.layer where layer = ?", [layer])


def remember(
    con: duckdb.DuckDBPyConnection, built: Mapping[str, str | None], prints: Mapping[str, str], run_id: str
) -> None:
    """Note from what each built node was made; `built` has the warning of each, or None."""
    con.execute("begin")
    for uid, message in built.items():
        con.execute("delete from run.node where unique_id = ?", [uid])
        con.execute("insert into run.node values (?, ?, ?, ?)", [uid, prints.get(uid, ""), run_id, message])
    con.execute("commit")


def remember_layer(con: duckdb.DuckDBPyConnection, layer: str, key: str, built: Iterable[str]) -> None:
    """Note that all of a layer stands."""
    con.execute("delete from run.layer where layer = ?", [layer])
    con.execute("insert into run.layer values (?, ?, ?)", [layer, key, list(built)])
