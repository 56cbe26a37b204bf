"""Row rules as SQL: typed rows with a verdict in one scan, and the broken rules of the bad rows."""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from ingestion import lookups, normalise
from ingestion.contract import Contract
from ingestion.rules import ColumnPlan, RowContext, Rule, SourceColumn, compile_column
from landgauge.errors import ConfigurationError
from landgauge.profile import Profile
from landgauge.sql import literals

__all__ = ["RowContext", "SourceColumn", "error_select", "prepare", "typed_columns", "typed_select"]

_PASSED = ("polygon_area_m2", "centroid_lon", "centroid_lat")
_SQL_TYPES = {"number": "DOUBLE", "year": "INTEGER", "date": "DATE", "flag": "BOOLEAN", "geometry": "BLOB"}
_GEOMETRY = ("geometry", *_PASSED, "cast(geometry_error as varchar) as geometry_error")
# A filter on is_bad would be pushed below the reading of values, which would then be done twice. DuckDB pushes no
# filter past something volatile; this is always true.
_BARRIER = "random() < 2 as barrier"


def prepare(con: duckdb.DuckDBPyConnection, profile: Profile) -> None:
    """Register the macros and temporary lookup tables that the rules use; may be repeated on one connection.

    They live on this very connection: a cursor of it does not see them.
    Raises ConfigurationError where a pattern of the profile is none that DuckDB can match.
    """
    for key, pattern in (
        ("parcel_code_pattern", profile.parcel_code_pattern),
        ("enterprise_code_pattern", profile.enterprise_code_pattern),
    ):
        _try_pattern(con, key, pattern)
    normalise.register(con)
    lookups.register(con, profile)


def _try_pattern(con: duckdb.DuckDBPyConnection, key: str, pattern: str | None) -> None:
    try:
        con.execute(f"select regexp_full_match('', {literals([pattern or ''])})")
    except duckdb.Error as error:
        advice = "Write it without look-ahead, look-behind and back-references (RE2 syntax)."
        raise ConfigurationError(f"city.yml: {key}: {pattern!r} cannot be used: {error}", advice) from error


def typed_columns(contract: Contract) -> dict[str, str]:
    """Return the columns that `typed_select` gives between row_no and is_bad, in their order, with DuckDB types."""
    columns = {column.name: _SQL_TYPES.get(column.type, "VARCHAR") for column in contract.columns}
    return columns | (dict.fromkeys(_PASSED, "DOUBLE") if _has_geometry(contract) else {})


def typed_select(contract: Contract, bound: Mapping[str, SourceColumn], context: RowContext, relation: str) -> str:
    """Return SQL giving row_no, every contract column typed (NULL where unbound) and is_bad, in one scan of `relation`.

    For parcels also polygon_area_m2, centroid_lon and centroid_lat as the relation carries them (after geometry).
    `relation` is a table name and has row_no; for parcels also geometry, polygon_area_m2, centroid_lon,
    centroid_lat and geometry_error.
    """
    plans = _plans(contract, bound, context)
    outputs = [f"{plan.output} as {_name(plan.name)}" for plan in plans]
    if _has_geometry(contract):
        outputs += _PASSED
    outputs.append(f"case\n        {_verdict(plans)}\n    end as is_bad")
    listed = ",\n    ".join(["row_no", *outputs])
    return f"{_steps(contract, plans, relation)}\nselect\n    {listed}\nfrom looked_up"


def _verdict(plans: list[ColumnPlan]) -> str:
    """The branches of is_bad: nearly every row passes by its columns' quick tests, and no rule is computed for it."""
    ruled = [plan for plan in plans if plan.rules]
    fine = "\n            and ".join(plan.fine or _unbroken(plan) for plan in ruled) or "true"
    broken = "\n            or ".join(f"({rule.broken})" for plan in ruled for rule in plan.rules) or "false"
    return f"when barrier and {fine} then false\n        else coalesce({broken}, false)"


def _unbroken(plan: ColumnPlan) -> str:
    broken = " or ".join(f"({rule.broken})" for rule in plan.rules)
    return f"not coalesce({broken}, false)"


def error_select(
    contract: Contract, bound: Mapping[str, SourceColumn], context: RowContext, relation: str, rows: str
) -> str:
    """Return SQL giving row_no, rule_code (`<rule>:<column>`), column_name, value (as given), one line a broken rule.

    Only for the rows of `relation` whose row_no stands in the relation `rows`. Of a missing required value only
    `required` is reported, of an unreadable one only `type` (or `spreadsheet_number`).
    """
    plans = _plans(contract, bound, context)
    findings = ",\n        ".join(_finding(rule, plan.rules[:i]) for plan in plans for i, rule in enumerate(plan.rules))
    chosen = f"(select * from {relation} where row_no in (select row_no from {rows}))"
    return (
        f"{_steps(contract, plans, chosen)},\nfindings as (\n    select row_no, unnest([\n        {findings}\n"
        "    ]) as finding\n    from looked_up\n)\n"
        "select\n    row_no,\n    finding.rule_code,\n    finding.column_name,\n    finding.value\n"
        "from findings\nwhere finding is not null"
    )


def _finding(rule: Rule, earlier: tuple[Rule, ...]) -> str:
    moot = " ".join(f"when {other.broken} then null" for other in earlier if other.stops)
    entry = (
        f"{{'rule_code': '{rule.rule}:{rule.column}', 'column_name': '{rule.column}', "
        f"'value': cast(g_{rule.column} as varchar)}}"
    )
    return f"case {moot} when {rule.broken} then {entry} end"


def _plans(contract: Contract, bound: Mapping[str, SourceColumn], context: RowContext) -> list[ColumnPlan]:
    return [compile_column(contract, column, bound.get(column.name), context) for column in contract.columns]


def _steps(contract: Contract, plans: list[ColumnPlan], relation: str) -> str:
    """Return the chain of steps: as given, read quickly, read, looked up."""
    given = ["row_no", *(f"{plan.given} as g_{plan.name}" for plan in plans)]
    if _has_geometry(contract):
        given += _GEOMETRY
    quick = [f"{plan.quick} as q_{plan.name}" for plan in plans if plan.quick]
    values = [f"{plan.value} as v_{plan.name}" for plan in plans]
    found = [f"{plan.found} as l_{plan.name}" for plan in plans if plan.found]
    joins = " ".join(join for plan in plans for join in plan.joins)
    return "with " + ",\n".join(
        (
            _step("given", given, f"{relation} as source"),
            _step("quick", ["*", *quick], "given"),
            _step("read_values", ["*", *values], "quick"),
            _step("looked_up", ["read_values.*", *found, _BARRIER], f"read_values {joins}"),
        )
    )


def _step(name: str, columns: list[str], source: str) -> str:
    listed = ",\n        ".join(columns)
    return f"{name} as not materialized (\n    select\n        {listed}\n    from {source}\n)"


def _has_geometry(contract: Contract) -> bool:
    return any(column.type == "geometry" for column in contract.columns)


def _name(column: str) -> str:
    """Quote the one column name that is a word of SQL."""
    return f'"{column}"' if column == "column" else column
