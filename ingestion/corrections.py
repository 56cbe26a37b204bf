"""Corrections: accepted rows of the dataset of that name, applied to accepted rows of others after resolution.

A correction is read like any other running dataset: those filed up to the evaluated year count. It fits where the
row that it names is accepted, the old value equals what stands there, and the new one passes the row rules.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from itertools import groupby

import duckdb

from ingestion import intake, resolve, rows
from ingestion.contract import Contract, all_contracts
from ingestion.geometry import NO_GEOMETRY
from ingestion.rows import RowContext, SourceColumn
from ingestion.source import literal, quoted
from landgauge.profile import Profile

DATASET = "corrections"
_MISFIT, _BAD_VALUE = "old_value:old_value", "type:new_value"


@dataclass(frozen=True)
class Correction:
    """One accepted correction and where it stands."""

    load_id: int
    row_no: int
    data_year: int
    correction_no: str
    dataset: str
    year: int
    key_json: str
    column: str
    old_value: str | None
    new_value: str

    @property
    def key(self) -> dict[str, str | None] | None:
        """The key as column and text; None where it is no JSON object."""
        try:
            found = json.loads(self.key_json)
        except ValueError:
            return None
        if not isinstance(found, dict):
            return None
        return {str(name): None if value is None else str(value) for name, value in found.items()}


def apply(con: duckdb.DuckDBPyConnection, profile: Profile, year: int) -> int:
    """Apply every correction filed up to the year, anew; returns how many fitted.

    One that does not fit is quarantined. A correction of a dataset-year that is not loaded waits.
    """
    con.execute("begin")
    try:
        intake.drop_sources(con)
        years = _forget(con)
        pending = [c for c in _accepted(con, year) if _is_loaded(con, c)]
        misfits = _apply_all(con, pending, profile)
        _quarantine(con, misfits)
        for filed in years:
            resolve.count(con, DATASET, filed)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise
    return len(pending) - len(misfits)


def _forget(con: duckdb.DuckDBPyConnection) -> list[int]:
    """Undo all corrections; returns the years in which corrections were filed."""
    for dataset in all_contracts():
        if con.execute(f"select count(*) from raw.corrected_{dataset}").fetchall()[0][0]:
            con.execute(f"delete from raw.corrected_{dataset}")
    con.execute(
        "delete from quarantine.finding where dataset = ? and list_contains(?, rule_code) and origin = 'resolve'",
        [DATASET, [_MISFIT, _BAD_VALUE]],
    )
    sql = "select distinct data_year from ledger.load where dataset = ? and state = 'loaded'"
    return [row[0] for row in con.execute(sql, [DATASET]).fetchall()]


def _accepted(con: duckdb.DuckDBPyConnection, year: int) -> list[Correction]:
    columns = ", ".join(quoted(field.name) for field in fields(Correction))
    found = con.execute(
        f"select {columns} from accepted.{DATASET} where data_year <= ? "
        "order by effective_date, correction_no, load_id, row_no",
        [year],
    ).fetchall()
    return [Correction(*row) for row in found]


def _is_loaded(con: duckdb.DuckDBPyConnection, correction: Correction) -> bool:
    if correction.dataset not in all_contracts():
        return True  # and so found to be a misfit
    sql = "select count(*) from ledger.load where dataset = ? and data_year = ? and state = 'loaded'"
    return bool(con.execute(sql, [correction.dataset, correction.year]).fetchall()[0][0])


def _apply_all(
    con: duckdb.DuckDBPyConnection, pending: list[Correction], profile: Profile
) -> list[tuple[Correction, str]]:
    misfits = []
    for correction in pending:
        contract = all_contracts().get(correction.dataset)
        rule = _MISFIT if contract is None else _apply(con, correction, contract, profile)
        if rule is not None:
            misfits.append((correction, rule))
    return misfits


def _apply(con: duckdb.DuckDBPyConnection, correction: Correction, contract: Contract, profile: Profile) -> str | None:
    """Put the corrected row in the place of the accepted one; returns the rule that it breaks, or None."""
    names = {c.name for c in contract.columns if c.type != "geometry"}
    key = correction.key
    column = correction.column
    if key is None or set(key) != set(contract.key) or column not in names or column in contract.key:
        return _MISFIT
    context = RowContext(profile, correction.year, spreadsheet=False)
    if not _stage_target(con, correction, contract, context, key):
        return _MISFIT
    old = _typed(contract, column, correction.old_value, context)
    if not _fits(con, old, column, correction.old_value is not None):
        return _MISFIT
    new = _typed(contract, column, correction.new_value, context)
    if con.execute(f"select bool_or(is_bad) from ({new})").fetchall()[0][0]:
        return _BAD_VALUE
    _replace(con, contract, new)
    return None


def _fits(con: duckdb.DuckDBPyConnection, old: str, column: str, given: bool) -> bool:
    """Tell whether the old value, typed like the column, is what stands in the row; one unreadable fits nothing."""
    name = quoted(column)
    found = con.execute(
        f"select o.{name} is not distinct from t.{name} and (o.{name} is not null or not {given}) "
        f"from ({old}) as o join source_target as t using (row_no)"
    ).fetchall()
    return bool(found and found[0][0])


def _stage_target(
    con: duckdb.DuckDBPyConnection,
    correction: Correction,
    contract: Contract,
    context: RowContext,
    key: dict[str, str | None],
) -> bool:
    """Make `source_target`: the one accepted row of that key, corrected as far as it is already."""
    con.execute("create or replace temp table source_key as select 1::bigint as row_no, " + _key_columns(contract, key))
    bound = {name: SourceColumn(quoted(f"given_{name}"), "VARCHAR") for name in contract.key}
    typed = rows.typed_select(contract, bound, context, "source_key")
    match = " and ".join(f"a.{quoted(name)} is not distinct from k.{quoted(name)}" for name in contract.key)
    con.execute(
        f"create or replace temp table source_target as select a.*, cast(null as varchar) as geometry_error "
        f"from accepted.{contract.dataset} as a join ({typed}) as k on {match} where a.data_year = {correction.year}"
    )
    return con.execute("select count(*) from source_target").fetchall()[0][0] == 1


def _key_columns(contract: Contract, key: dict[str, str | None]) -> str:
    texts = [f"cast({literal(key[name])} as varchar) as {quoted(f'given_{name}')}" for name in contract.key]
    return ", ".join([*texts, NO_GEOMETRY])


def _typed(contract: Contract, column: str, value: str | None, context: RowContext) -> str:
    """SQL typing the target row with a text in the place of one column."""
    bound = {
        c.name: SourceColumn(quoted(c.name), _SQL_TYPES.get(c.type, "VARCHAR"))
        for c in contract.columns
        if c.type != "geometry"
    }
    bound[column] = SourceColumn(f"cast({literal(value)} as varchar)", "VARCHAR")
    return rows.typed_select(contract, bound, context, "source_target")


_SQL_TYPES = {"number": "DOUBLE", "year": "INTEGER", "date": "DATE", "flag": "BOOLEAN"}


def _replace(con: duckdb.DuckDBPyConnection, contract: Contract, typed: str) -> None:
    table = f"raw.corrected_{contract.dataset}"
    con.execute(
        f"create or replace temp table source_corrected as select t.load_id, t.data_year, n.* exclude (is_bad) "
        f"from ({typed}) as n join source_target as t using (row_no)"
    )
    con.execute(
        f"delete from {table} as c using source_target as t where c.load_id = t.load_id and c.row_no = t.row_no"
    )
    con.execute(f"insert into {table} by name select * from source_corrected")


def _quarantine(con: duckdb.DuckDBPyConnection, misfits: list[tuple[Correction, str]]) -> None:
    if not misfits:
        return
    con.execute(
        "create or replace temp table source_lines (load_id bigint, row_no bigint, data_year integer, "
        "rule_code varchar, column_name varchar, value varchar, original_row varchar)"
    )
    for rule, group in groupby(sorted(misfits, key=lambda m: m[1]), key=lambda m: m[1]):
        column = rule.split(":")[1]
        for correction, _ in group:
            value = correction.old_value if rule == _MISFIT else correction.new_value
            con.execute(
                "insert into source_lines values (?, ?, ?, ?, ?, ?, null)",
                [correction.load_id, correction.row_no, correction.data_year, rule, column, value],
            )
    intake.write_findings(con, all_contracts()[DATASET], "source_lines", None, "resolve")
