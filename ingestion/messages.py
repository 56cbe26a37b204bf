"""What a broken rule says to people: Chinese for those who hand in data, English for engineers."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from ingestion.contract import Column, Contract, all_contracts

_TEXTS = Path(__file__).parent / "messages.yml"
_SHOWN = 8  # allowed values that a message lists before it says "and more"

_KINDS = {
    "number": ("数字", "a number"),
    "date": ("日期（如 2024-05-01）", "a date"),
    "year": ("四位年份", "a year of four digits"),
    "json": ("JSON 对象", "a JSON object"),
    "list": ("约定的取值", "one of its values"),
    "flag": ("“是”或“否”", "是 or 否"),
}


class Message(NamedTuple):
    """What is wrong, for both readers, and what the declarer does about it."""

    zh: str
    en: str
    next_step: str


def message(contract: Contract | None, rule_code: str, column_name: str | None) -> Message:
    """Return (message in Chinese, message in English, next step in Chinese) of a rule.

    `rule_code` is `<rule>` or `<rule>:<column>`; the file rules are named whole, such as `file:unknown_unit`.
    `contract` is None where a file belongs to no dataset. A rule without a text is reported by its code.
    """
    text = _texts().get(rule_code) or _texts().get(rule_code.split(":")[0])
    if text is None:
        return Message(f"未通过规则 {rule_code}。", f"Rule {rule_code} is broken.", "核对该行后重新报送。")
    zh, en = _fields(contract, column_name, 0), _fields(contract, column_name, 1)
    return Message(text["zh"].format_map(zh), text["en"].format_map(en), text["next"].format_map(zh))


@cache
def _texts() -> dict[str, dict[str, str]]:
    return yaml.safe_load(_TEXTS.read_text(encoding="utf-8"))


def _fields(contract: Contract | None, column_name: str | None, language: int) -> dict[str, str]:
    """Return every placeholder; 0 is Chinese and 1 English."""
    column = _column(contract, column_name)
    names = [_named(contract, name, language) for name in (column_name or "").split("+") if name]
    return {
        "dataset": _dataset(contract.dataset, language) if contract else "",
        "column": "、".join(names) if language == 0 else "+".join(names),
        "key": ("、" if language == 0 else ", ").join(names),
        "target": _target(contract, column_name, language),
        "other": _named(contract, _other(column), language),
        "bounds": _bounds(column),
        "values": _values(column, language),
        "prefix": _prefix(contract, column, language),
        "unit": (column.unit if column else None) or ("约定单位", "the contract's unit")[language],
        "kind": _KINDS.get(column.type if column else "", ("约定的类型", "its type"))[language],
    }


def _column(contract: Contract | None, name: str | None) -> Column | None:
    return next((column for column in contract.columns if column.name == name), None) if contract else None


def _named(contract: Contract | None, name: str | None, language: int) -> str:
    column = _column(contract, name)
    return column.header_zh if column and language == 0 else name or ""


def _dataset(dataset: str, language: int) -> str:
    known = all_contracts().get(dataset)
    return known.name_zh if known and language == 0 else dataset


def _target(contract: Contract | None, column_name: str | None, language: int) -> str:
    references = contract.references if contract else ()
    return "、".join(_dataset(r.dataset, language) for r in references if r.column == column_name)


def _other(column: Column | None) -> str | None:
    if column is None:
        return None
    needed = column.required_when.column if column.required_when else None
    return column.limit or column.after or needed


def _bounds(column: Column | None) -> str:
    if column is None:
        return ""
    signs = ((">", column.above), ("≥", column.at_least), ("<", column.below), ("≤", column.at_most))
    return ", ".join(f"{sign} {bound:g}" for sign, bound in signs if bound is not None)


def _values(column: Column | None, language: int) -> str:
    """Return the allowed values in brackets, where the contract itself lists them."""
    if column is None or not column.values:
        return ""
    more = ("等", ", …")[language] if len(column.values) > _SHOWN else ""
    listed = ("、", ", ")[language].join(column.values[:_SHOWN]) + more
    return f"（{listed}）" if language == 0 else f" ({listed})"


def _prefix(contract: Contract | None, column: Column | None, language: int) -> str:
    if column is None or not column.starts_with:
        return ""
    other = _named(contract, column.starts_with, language)
    return (f"（应以“{other}”开头）", f" (it begins with {other})")[language]
