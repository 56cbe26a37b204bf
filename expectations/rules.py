"""The contract's rules of one row and of the key, once as expectations and once as SQL that counts the breaches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from expectations.checks import Check, between
from expectations.contract import Column, Contract
from landgauge.sql import literals


@dataclass(frozen=True)
class Rule:
    """One rule of a dataset: the expectation on its rows, and `broken`, true in SQL for a row that breaks it."""

    check: Check
    broken: str
    columns: frozenset[str]


def row_rules(contract: Contract) -> tuple[Rule, ...]:
    """Return the rules that a single accepted row must keep, in the order of the contract's columns."""
    return tuple(rule for column in contract.columns if column.type != "geometry" for rule in _column_rules(column))


def key_check(contract: Contract) -> Check:
    """Return the expectation that the key is unique within each data year; an empty part counts as a value."""
    columns = ["data_year", *contract.key]
    arguments: dict[str, Any] = {"column_list": columns, "ignore_row_if": "never"}
    key = "+".join(contract.key)
    text = (f"主键 {key} 在一个数据年度内不重复", f"The key {key} is unique within a data year")
    return Check(f"unique:{key}", "ExpectCompoundColumnsToBeUnique", arguments, *text)


def _column_rules(column: Column) -> list[Rule]:
    found: list[Rule] = []
    if column.required and not column.optional_when_mapped:
        found.append(_required(column))
    if column.values:
        found.append(_in_list(column))
    if any(bound is not None for bound in (column.at_least, column.at_most, column.above, column.below)):
        found.append(_in_range(column))
    if column.limit:
        found.append(_pair("limit", larger=column.limit, smaller=column.name))
    if column.after:
        found.append(_pair("order", larger=column.name, smaller=column.after))
    return found


def _required(column: Column) -> Rule:
    text = (f"必填项 {column.name} 不为空", f"{column.name} has a value in every row")
    check = Check(f"required:{column.name}", "ExpectColumnValuesToNotBeNull", {"column": column.name}, *text)
    return Rule(check, f'r."{column.name}" is null', frozenset({column.name}))


def _in_list(column: Column) -> Rule:
    text = (f"{column.name} 取值在允许范围内", f"{column.name} is one of the contract's values")
    arguments = {"column": column.name, "value_set": list(column.values)}
    check = Check(f"list:{column.name}", "ExpectColumnValuesToBeInSet", arguments, *text)
    return Rule(check, f'r."{column.name}" not in ({literals(column.values)})', frozenset({column.name}))


def _in_range(column: Column) -> Rule:
    low = column.at_least if column.at_least is not None else column.above
    high = column.at_most if column.at_most is not None else column.below
    strict = {"strict_min": column.above is not None, "strict_max": column.below is not None}
    text = (f"{column.name} 在规定界限内", f"{column.name} lies within the contract's bounds")
    plain = between(f"range:{column.name}", column.name, low, high, text)
    check = Check(plain.name, plain.kind, {**plain.arguments, **{k: v for k, v in strict.items() if v}}, *text)
    tests = [(column.at_least, "<"), (column.above, "<="), (column.at_most, ">"), (column.below, ">=")]
    broken = " or ".join(f'r."{column.name}" {sign} {bound!r}' for bound, sign in tests if bound is not None)
    return Rule(check, f"({broken})", frozenset({column.name}))


def _pair(rule: str, larger: str, smaller: str) -> Rule:
    named = smaller if rule == "limit" else larger
    text = (f"{smaller} 不超过 {larger}", f"{smaller} is at most {larger}")
    arguments = {
        "column_A": larger,
        "column_B": smaller,
        "or_equal": True,
        "ignore_row_if": "either_value_is_missing",
    }
    check = Check(f"{rule}:{named}", "ExpectColumnPairValuesAToBeGreaterThanB", arguments, *text)
    return Rule(check, f'r."{larger}" < r."{smaller}"', frozenset({larger, smaller}))
