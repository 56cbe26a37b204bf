"""What dbt built meanwhile, for whoever keeps a record of it: each node with its time, state and tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from landgauge import log

_log = log.get("built")
_TABLES = ("model", "seed")  # the other kinds are tests, and what dbt does before a run


@dataclass(frozen=True)
class Node:
    """A model, seed or test that dbt ran: its state as dbt names it, and what it said where that is not success.

    `table` is `schema.name` where the working file holds it, else empty; `reads` names the tables of the working file
    that a model reads directly.
    """

    name: str
    kind: str
    state: str
    seconds: float
    message: str
    table: str
    reads: tuple[str, ...]


_collected: ContextVar[list[Node] | None] = ContextVar("landgauge_built", default=None)


@contextmanager
def collecting() -> Iterator[list[Node]]:
    """Collect the nodes that dbt runs until the end of the block."""
    found: list[Node] = []
    before = _collected.set(found)
    try:
        yield found
    finally:
        _collected.reset(before)


def note(results: Iterable[Any], manifest: Any) -> None:
    """Take up results of dbt's run; without a collector nothing happens. `manifest` is the parsed project or None."""
    found = _collected.get()
    if found is None:
        return
    try:
        found.extend(_node(result, manifest) for result in results)
    except AttributeError as error:  # dbt calls something otherwise than it did: the build is not concerned
        _log.warning("what dbt built is not recorded: %s", error)


def _node(result: Any, manifest: Any) -> Node:
    about, state = result.node, str(result.status)
    kind = str(about.resource_type)
    return Node(
        name=about.name,
        kind=kind,
        state=state,
        seconds=round(float(result.execution_time or 0), 3),
        message="" if state in ("success", "pass") else str(result.message or ""),
        table=_table(about) if kind in _TABLES else "",
        reads=tuple(_read(about, manifest)) if kind in _TABLES and manifest is not None else (),
    )


def _read(about: Any, manifest: Any) -> Iterator[str]:
    for unique_id in getattr(about.depends_on, "nodes", ()):  # a seed depends on macros only
        parent = manifest.sources.get(unique_id) or manifest.nodes.get(unique_id)
        table = _table(parent) if parent is not None else ""
        if table:
            yield table


def _table(about: Any) -> str:
    """`schema.name`; empty for what stands in dbt's memory only."""
    if getattr(about, "database", None) == "scratch":
        return ""
    return f"{about.schema}.{getattr(about, 'alias', None) or about.identifier}"
