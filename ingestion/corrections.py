"""Corrections: accepted rows of the dataset of that name, applied to accepted rows of others after resolution.

A correction is read like any other running dataset: those filed up to the evaluated year count. It fits where the
row that it names is accepted, the old value equals what stands there, the new one passes the row rules, and a
reference that it changes stands in the other dataset. So a correction never makes a row an orphan, and as keys cannot
be corrected it makes no conflict either: nothing has to be resolved again after it.

Rows do not depend on one another here. The first correction of every row is one wave, the second the next, and so on;
a wave takes one statement for each column, however many rows it changes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from itertools import groupby

import duckdb
import pyarrow as pa

from ingestion import intake, resolve, rows
from ingestion.contract import Contract, all_contracts
from ingestion.geometry import NO_GEOMETRY
from ingestion.rows import RowContext, SourceColumn
from landgauge.profile import Profile
from landgauge.sql import identifier, literal

DATASET = "corrections"
_MISFIT, _BAD_VALUE, _ORPHAN = "old_value:old_value", "type:new_value", "orphan:new_value"


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


Misfit = tuple[Correction, str]


def apply(con: duckdb.DuckDBPyConnection, profile: Profile, year: int) -> int:
    """Apply every correction filed up to the year, anew; returns how many fitted.

    One that does not fit is quarantined. A correction of a dataset-year that is not loaded waits.
    """
    con.execute("begin")
    try:
        intake.drop_sources(con)
        years = _forget(con)
        pending = _pending(con, year)
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
        "delete from quarantine.finding where dataset = ? and list_contains(?, rule_code) and origin = 'resolve' "
        "and load_id in (select load_id from ledger.load where state <> 'superseded')",
        [DATASET, [_MISFIT, _BAD_VALUE, _ORPHAN]],
    )
    sql = "select distinct data_year from ledger.load where dataset = ? and state = 'loaded'"
    return [row[0] for row in con.execute(sql, [DATASET]).fetchall()]


def _pending(con: duckdb.DuckDBPyConnection, year: int) -> list[Correction]:
    """The accepted corrections in the order in which they apply, less those whose dataset-year is not loaded."""
    columns = ", ".join(identifier(field.name) for field in fields(Correction))
    found = con.execute(
        f"select {columns} from accepted.{DATASET} where data_year <= ? "
        "order by effective_date, correction_no, load_id, row_no",
        [year],
    ).fetchall()
    loaded = set(con.execute("select distinct dataset, data_year from ledger.load where state = 'loaded'").fetchall())
    corrections = (Correction(*row) for row in found)
    return [c for c in corrections if c.dataset not in all_contracts() or (c.dataset, c.year) in loaded]


def _apply_all(con: duckdb.DuckDBPyConnection, pending: list[Correction], profile: Profile) -> list[Misfit]:
    misfits = []
    places = sorted(pending, key=lambda c: (c.dataset, c.year))  # stable: the order within a place stays
    for (dataset, year), group in groupby(places, key=lambda c: (c.dataset, c.year)):
        contract = all_contracts().get(dataset)
        sound = []
        for correction in group:
            if contract is None or not _names_a_cell(correction, contract):
                misfits.append((correction, _MISFIT))
            else:
                sound.append(correction)
        if contract is not None and sound:
            misfits += _apply_to(con, contract, year, sound, profile)
    return misfits


def _names_a_cell(correction: Correction, contract: Contract) -> bool:
    """Tell whether the key has the contract's columns, and the column is one that can be corrected."""
    key, column = correction.key, correction.column
    if key is None or set(key) != set(contract.key) or column in contract.key:
        return False
    return any(c.name == column and c.type != "geometry" for c in contract.columns)


def _apply_to(
    con: duckdb.DuckDBPyConnection, contract: Contract, year: int, corrections: list[Correction], profile: Profile
) -> list[Misfit]:
    """Apply the corrections of one dataset-year, in their order; returns those that do not fit, with the rule."""
    context = RowContext(profile, year, spreadsheet=False)
    _stage(con, contract, corrections)
    _find_targets(con, contract, context)
    waves = con.execute(
        "select wave, column_name from source_correction where wave is not null group by all order by all"
    ).fetchall()
    for wave, column in waves:
        _take_wave(con, contract, context, wave, column)
    _keep_changed(con, contract)
    found = con.execute(
        f"select c.place, coalesce(v.rule_code, '{_MISFIT}') from source_correction as c "
        "left join source_verdict as v using (place) "
        "where c.wave is null or v.rule_code is not null order by c.place"
    ).fetchall()
    intake.drop_sources(con)
    return [(corrections[place], rule) for place, rule in found]


def _stage(con: duckdb.DuckDBPyConnection, contract: Contract, corrections: list[Correction]) -> None:
    """Make `source_correction`: place in the order, column and values; `source_key`: the keys as they were given."""
    places = pa.array(range(len(corrections)), pa.int64())
    keys = [c.key or {} for c in corrections]
    texts = {
        "column_name": [c.column for c in corrections],
        "given_old": [c.old_value for c in corrections],
        "given_new": [c.new_value for c in corrections],
    }
    texts |= {f"given_{name}": [key[name] for key in keys] for name in contract.key}
    columns = {name: pa.array(values, pa.string()) for name, values in texts.items()}
    con.register("incoming", pa.table({"place": places, **columns}))
    con.execute(
        "create or replace temp table source_given as select place, column_name, given_old, given_new from incoming"
    )
    given = ", ".join(identifier(f"given_{name}") for name in contract.key)
    con.execute(
        f"create or replace temp table source_key as select place as row_no, {given}, {NO_GEOMETRY} from incoming"
    )
    con.unregister("incoming")


def _find_targets(con: duckdb.DuckDBPyConnection, contract: Contract, context: RowContext) -> None:
    """Make `source_target`, the rows to be corrected; give each correction its row and its wave, or neither."""
    bound = {name: SourceColumn(identifier(f"given_{name}"), "VARCHAR") for name in contract.key}
    con.execute(
        f"create or replace temp table source_named as {rows.typed_select(contract, bound, context, 'source_key')}"
    )
    names = [identifier(name) for name in contract.key]
    match = " and ".join(f"a.{name} is not distinct from k.{name}" for name in names)
    con.execute(
        "create or replace temp table source_target as select row_number() over () as row_no, a.load_id as "
        "target_load_id, a.row_no as target_row_no, a.data_year as target_data_year, false as is_changed, "
        "a.* exclude (load_id, row_no, data_year), cast(null as varchar) as geometry_error "
        f"from accepted.{contract.dataset} as a semi join source_named as k on {match} "
        f"where a.data_year = {context.year}"
    )
    con.execute(
        "create or replace temp table source_correction as with found as (select k.row_no as place, "
        f"case when count(*) = 1 then any_value(a.row_no) end as target from source_named as k "
        f"join source_target as a on {match} group by k.row_no) "
        "select g.*, f.target, case when f.target is not null then row_number() over (partition by f.target "
        "order by g.place) end as wave from source_given as g left join found as f using (place)"
    )
    con.execute("create or replace temp table source_verdict (place bigint, rule_code varchar)")


def _take_wave(con: duckdb.DuckDBPyConnection, contract: Contract, context: RowContext, wave: int, column: str) -> None:
    """Judge the wave's corrections of one column and put what fits into `source_target`."""
    con.execute(
        "create or replace temp table source_step as select t.*, c.place, c.given_old, c.given_new "
        f"from source_target as t join source_correction as c on t.row_no = c.target where c.wave = {wave} "
        f"and c.column_name = {literal(column)}"
    )
    name, judged = identifier(column), contract.relaxed((column,))
    old = _typed(judged, column, "given_old", context)
    new = _typed(judged, column, "given_new", context)
    con.execute(f"create or replace temp table source_new as {new}")
    con.execute(
        f"create or replace temp table source_judged as select s.row_no, s.place, case when o.{name} is distinct from "
        f"s.{name} or (s.{name} is null and s.given_old is not null) then '{_MISFIT}' when n.is_bad then "
        f"'{_BAD_VALUE}' when {_is_orphan(con, contract, column, context.year)} then '{_ORPHAN}' end as rule_code "
        f"from source_step as s join ({old}) as o using (row_no) join source_new as n using (row_no)"
    )
    con.execute("insert into source_verdict select place, rule_code from source_judged")
    con.execute(
        "create or replace temp table source_fitting as select n.* exclude (is_bad), s.target_load_id, "
        "s.target_row_no, s.target_data_year, true as is_changed, s.geometry_error from source_new as n "
        "join source_step as s using (row_no) join source_judged as j using (row_no) where j.rule_code is null"
    )
    con.execute("delete from source_target where row_no in (select row_no from source_fitting)")
    con.execute("insert into source_target by name select * from source_fitting")


def _typed(contract: Contract, column: str, given: str, context: RowContext) -> str:
    """SQL typing the rows of `source_step` with the text of another column in the place of one."""
    types = rows.typed_columns(contract)
    bound = {c.name: SourceColumn(identifier(c.name), types[c.name]) for c in contract.columns if c.type != "geometry"}
    bound[column] = SourceColumn(given, "VARCHAR")
    return rows.typed_select(contract, bound, context, "source_step")


def _is_orphan(con: duckdb.DuckDBPyConnection, contract: Contract, column: str, year: int) -> str:
    """SQL that is true where a new value of the column does not stand in the dataset that it refers to."""
    tests = [
        f"(n.{identifier(column)} is not null and n.{identifier(column)} not in (select {identifier(column)} "
        f"from accepted.{reference.dataset} where {resolve.years(reference, year)}))"
        for reference in contract.references
        if reference.column == column and resolve.is_referable(con, reference, year)
    ]
    return " or ".join(tests) or "false"


def _keep_changed(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    con.execute(
        f"insert into raw.corrected_{contract.dataset} by name select target_load_id as load_id, target_row_no as "
        "row_no, target_data_year as data_year, * exclude (row_no, target_load_id, target_row_no, target_data_year, "
        "is_changed, geometry_error) from source_target where is_changed order by target_load_id, target_row_no"
    )


def _quarantine(con: duckdb.DuckDBPyConnection, misfits: list[Misfit]) -> None:
    if not misfits:
        return
    lines = [
        {
            "load_id": correction.load_id,
            "row_no": correction.row_no,
            "data_year": correction.data_year,
            "rule_code": rule,
            "column_name": rule.split(":")[1],
            "value": correction.old_value if rule == _MISFIT else correction.new_value,
        }
        for correction, rule in misfits
    ]
    kinds = {"load_id": pa.int64(), "row_no": pa.int64(), "data_year": pa.int32()}
    names = ("load_id", "row_no", "data_year", "rule_code", "column_name", "value")
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in names])
    con.register("incoming", pa.Table.from_pylist(lines, schema))
    con.execute(
        "create or replace temp table source_lines as select *, cast(null as varchar) as original_row from incoming"
    )
    con.unregister("incoming")
    intake.write_findings(con, all_contracts()[DATASET], "source_lines", None, "resolve")
