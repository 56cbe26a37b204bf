"""Which models DuckDB builds before the hand-over, which Spark builds after it, and which tables are handed over."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from warehouse.transform import LAYERS

# geometry is computed by one engine alone; hierarchies are small and recursive
_STAYS = re.compile(r"\bst_\w+\(|\brecursive\b", re.IGNORECASE)


@dataclass(frozen=True)
class Split:
    """Names of the nodes that each engine builds, and `handed`: the tables `schema.name` that go to Spark, by relation.

    A relation is `schema.name` as DuckDB knows it, with `scratch.` before it where the table is an intermediate one.
    """

    before: tuple[str, ...]
    on_spark: tuple[str, ...]
    handed: Mapping[str, str]


def split(manifest: Any, layers: Collection[str]) -> Split:
    """Divide the models of these layers, which must be the first ones, so that what they read is among them.

    Whatever geometry or a hierarchy is made from stays with DuckDB, as do staging and seeds.
    """
    models = {uid: n for uid, n in manifest.nodes.items() if str(n.resource_type) in ("model", "seed")}
    wanted = [uid for uid, n in models.items() if _layer(n) in layers]
    before = _with_parents([uid for uid in wanted if _stays(manifest, models[uid])], models)
    on_spark = [uid for uid in wanted if uid not in before]
    read = {parent for uid in on_spark for parent in models[uid].depends_on.nodes} - set(on_spark)
    handed = read | {uid for uid in before if models[uid].schema == "marts"}
    return Split(
        tuple(sorted(models[uid].name for uid in before)),
        tuple(sorted(models[uid].name for uid in on_spark)),
        {_name(node): _relation(node) for node in (models.get(uid) or manifest.sources[uid] for uid in sorted(handed))},
    )


def _layer(node: Any) -> str:
    """The layer that builds a node: of several the last."""
    return max((tag for tag in node.tags if tag in LAYERS), key=LAYERS.index, default="")


def _stays(manifest: Any, node: Any) -> bool:
    if str(node.resource_type) == "seed" or node.schema == "staging":
        return True
    texts = [node.raw_code, *(manifest.macros[m].macro_sql for m in node.depends_on.macros if m in manifest.macros)]
    return any(_STAYS.search(text) for text in texts)


def _with_parents(found: Iterable[str], models: Mapping[str, Any]) -> set[str]:
    """These nodes and all that they are made from, sources apart."""
    whole, open_ = set(), list(found)
    while open_:
        uid = open_.pop()
        if uid in models and uid not in whole:
            whole.add(uid)
            open_ += getattr(models[uid].depends_on, "nodes", ())
    return whole


def _name(node: Any) -> str:
    return f"{node.schema}.{getattr(node, 'identifier', None) or node.alias}"


def _relation(node: Any) -> str:
    return ("scratch." if node.database == "scratch" else "") + _name(node)
