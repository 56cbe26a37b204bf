"""YAML that people write: whatever is wrong with it ends in a sentence, never in a crash or a full memory."""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from landgauge.errors import ConfigurationError

LARGEST_VALUES = 200_000  # with aliases written out; a mapping of every dataset has some hundreds
_ADVICE = "Save it as UTF-8 YAML."
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def read(path: Path, name: str, detail: Callable[[Exception], str] = lambda error: f": {error}") -> Any:
    """Return what a YAML file holds; None where it holds nothing.

    `name` is what the file is called in messages, `detail` what is told of an error of the YAML library. Raises
    ConfigurationError for what is no UTF-8 or no YAML, holds itself, or grows by its aliases beyond LARGEST_VALUES.
    """
    loader: yaml.SafeLoader | None = None
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8-sig"))
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > LARGEST_VALUES:
            raise ConfigurationError(f"{name}: has more than {LARGEST_VALUES} values", "Write it without its aliases.")
        content = loader.construct_document(node)
        if "\\x00" in repr(content):
            raise ConfigurationError(f"{name}: holds a NUL character", "Write it without the escape \\0.")
        return content
    except (yaml.YAMLError, ValueError) as error:  # a date that is none is a ValueError, as is what is no UTF-8
        raise ConfigurationError(f"{name}: not readable as YAML{detail(error)}", _ADVICE) from None
    except RecursionError:
        raise ConfigurationError(f"{name}: is nested too deeply", "Write it as docs/mapping.md shows.") from None
    finally:
        if loader is not None:
            loader.dispose()


def shown(value: Any) -> str:
    """Return a value as a message shows it; not written out in full first, as it may be large."""
    return _SHORT.repr(value)[:80]


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the values below a node, each as often as aliases repeat it; one that holds itself is beyond any size."""
    if isinstance(node, yaml.ScalarNode):
        return 1
    if id(node) not in known:
        known[id(node)] = LARGEST_VALUES + 1
        below = node.value if isinstance(node, yaml.SequenceNode) else [part for pair in node.value for part in pair]
        known[id(node)] = 1 + sum(_size(part, known) for part in below)
    return known[id(node)]
