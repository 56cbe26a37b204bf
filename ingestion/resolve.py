"""What only all rows of a dataset-year together show: orphans, conflicts and duplicates; then the ledger's counts."""

from __future__ import annotations

import duckdb

from ingestion import intake
from ingestion.contract import Contract, Reference, all_contracts
from ingestion.ledger import mark
from landgauge.sql import identifier, literal


def resolve_pending(con: duckdb.DuckDBPyConnection) -> int:
    """Resolve every dataset-year whose rows changed, and those that refer to it, parents first; returns how many."""
    done = 0
    for dataset, contract in all_contracts().items():
        sql = "select distinct data_year from ledger.unresolved where dataset = ? order by data_year"
        for (year,) in con.execute(sql, [dataset]).fetchall():
            resolve(con, contract, year)
            done += 1
    con.execute("delete from ledger.unresolved where not list_contains(?, dataset)", [list(all_contracts())])
    return done


def resolve(con: duckdb.DuckDBPyConnection, contract: Contract, year: int) -> None:
    """Recompute the findings between rows of one dataset-year from its raw rows, in one transaction.

    Whatever refers to it is marked to be resolved after it.
    """
    con.execute("begin")
    try:
        intake.drop_sources(con)
        _remember(con, contract, year)
        _orphans(con, contract, year)
        _repeats(con, contract, year)
        _write(con, contract)
        count(con, contract.dataset, year)
        con.execute("delete from ledger.unresolved where dataset = ? and data_year = ?", [contract.dataset, year])
        _mark_children(con, contract.dataset, year)
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def count(con: duckdb.DuckDBPyConnection, dataset: str, year: int) -> None:
    """Settle accepted and quarantined of the loaded files of a dataset-year: quarantined counts rows, not findings."""
    con.execute(
        "update ledger.load set quarantined = coalesce((select count(distinct f.row_no) from quarantine.finding as f "
        "where f.load_id = load.load_id and f.severity = 'error' and f.row_no > 0), 0) "
        "where dataset = ? and data_year = ? and state = 'loaded'",
        [dataset, year],
    )
    con.execute(
        "update ledger.load set accepted = rows_in - quarantined, superseded = 0 "
        "where dataset = ? and data_year = ? and state = 'loaded'",
        [dataset, year],
    )


def _remember(con: duckdb.DuckDBPyConnection, contract: Contract, year: int) -> None:
    """Take the old findings out, keeping the rows as they came; make an empty table for the new ones.

    A superseded load keeps its last ones.
    """
    where = (
        f"dataset = {literal(contract.dataset)} and data_year = {year} and origin = 'resolve' "
        "and load_id in (select load_id from ledger.load where state <> 'superseded')"
    )
    con.execute(
        "create temp table source_old as select load_id, row_no, any_value(original_row) as original_row "
        f"from quarantine.finding where {where} group by all"
    )
    con.execute(f"delete from quarantine.finding where {where}")
    con.execute(
        "create temp table source_found (load_id bigint, row_no bigint, data_year integer, rule_code varchar, "
        "column_name varchar, value varchar)"
    )
    con.execute(
        "create temp table source_loads as select load_id, file_name from ledger.load "
        f"where dataset = {literal(contract.dataset)} and data_year = {year} and state = 'loaded'"
    )


def _orphans(con: duckdb.DuckDBPyConnection, contract: Contract, year: int) -> None:
    for reference in contract.references:
        if not is_referable(con, reference, year):
            continue
        name, there = identifier(reference.column), years(reference, year)
        con.execute(
            f"insert into source_found select r.load_id, r.row_no, {year}, 'orphan:{reference.column}', "
            f"'{reference.column}', r.{name} from raw.{contract.dataset} as r semi join source_loads using (load_id) "
            f"anti join (select {name} from accepted.{reference.dataset} where {there}) as o on r.{name} = o.{name} "
            f"where r.{name} is not null"
        )


def is_referable(con: duckdb.DuckDBPyConnection, reference: Reference, year: int) -> bool:
    """Tell whether the dataset that rows of the year refer to is loaded; where it is not there are no orphans."""
    sql = f"select count(*) from ledger.load where dataset = ? and state = 'loaded' and {years(reference, year)}"
    return bool(con.execute(sql, [reference.dataset]).fetchall()[0][0])


def years(reference: Reference, year: int) -> str:
    """Return the SQL condition on `data_year` for rows to which rows of the year may refer."""
    return f"data_year = {year}" if reference.years == "same" else f"data_year <= {year}"


def _repeats(con: duckdb.DuckDBPyConnection, contract: Contract, year: int) -> None:
    """Rows of one key: unlike ones are all in conflict; of like ones the first by file name and row stands."""
    table, keys = f"raw.{contract.dataset}", [identifier(name) for name in contract.key]
    left = f"{table} as r semi join source_loads using (load_id) anti join source_found using (load_id, row_no)"
    listed = ", ".join(keys)
    con.execute(f"create temp table source_keys as select {listed} from {left} group by all having count(*) > 1")
    if con.execute("select count(*) from source_keys").fetchall()[0][0] == 0:
        return
    match = " and ".join(f"r.{key} is not distinct from k.{key}" for key in keys)
    joined = "+".join(contract.key)
    value = "concat_ws('+', " + ", ".join(f"coalesce(cast(r.{key} as varchar), '')" for key in keys) + ")"
    named = ", ".join(f"r.{key} as key_{i}" for i, key in enumerate(keys))
    con.execute(
        f"create temp table source_repeated as select r.load_id, r.row_no, l.file_name, {value} as key_text, {named}, "
        f"{_content(contract)} as content from {left} join source_keys as k on {match} "
        "join source_loads as l on r.load_id = l.load_id"
    )
    same_key = f"partition by {', '.join(f'key_{i}' for i in range(len(keys)))}"
    con.execute(
        f"insert into source_found select load_id, row_no, {year}, "
        f"case when differs then 'conflict:{joined}' else 'duplicate:{joined}' end, '{joined}', key_text "
        f"from (select *, min(content) over ({same_key}) <> max(content) over ({same_key}) as differs, "
        f"row_number() over ({same_key} order by file_name, load_id, row_no) as place from source_repeated) "
        "where differs or place > 1"
    )


def _content(contract: Contract) -> str:
    """SQL giving all of a row's values as one text, so that equal rows have equal text and others have not."""
    parts = []
    for column in contract.columns:
        name = f"r.{identifier(column.name)}"
        parts.append(f"md5({name})" if column.type == "geometry" else f"cast({name} as varchar)")
    return f"cast(json_array({', '.join(parts)}) as varchar)"


def _write(con: duckdb.DuckDBPyConnection, contract: Contract) -> None:
    con.execute(
        "create temp table source_lines as select f.*, o.original_row from source_found as f "
        "left join source_old as o on f.load_id = o.load_id and f.row_no = o.row_no"
    )
    intake.write_findings(con, contract, "source_lines", None, "resolve")


def _mark_children(con: duckdb.DuckDBPyConnection, dataset: str, year: int) -> None:
    for child in all_contracts().values():
        for reference in child.references:
            if reference.dataset != dataset:
                continue
            later = ">=" if reference.years == "up_to" else "="
            sql = "select distinct data_year from ledger.load where dataset = ? and state = 'loaded' and data_year "
            sql += f"{later} ?"
            for (other,) in con.execute(sql, [child.dataset, year]).fetchall():
                mark(con, child.dataset, other)
