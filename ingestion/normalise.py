"""How a cell becomes a typed value: the SQL of each column type, quick forms first.

Everything a cell may look like is written down in the input contract. What none of the forms reads is NULL here;
the rules tell a missing cell from an unreadable one by looking at it as given. The macros are temporary and live
on one connection: `register` makes them.
"""

from __future__ import annotations

from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

SIZE_LIMIT = "1e15"  # the input contract: numbers are below this in size, so that a DOUBLE holds their digits
SHOWN = 4000  # characters of a cell that a finding keeps; the file itself is kept whole
SPACES = " \t\r\n\u00a0\u3000\u200b\ufeff"
_FULL_WIDTH, _HALF_WIDTH = "０１２３４５６７８９．，＋－／：　", "0123456789.,+-/: "

Family = Literal["text", "real", "integer", "boolean", "date", "zoned", "other"]

_TIME = r"[T ]+([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?( ?(Z|[+-]\d{2}:?\d{2}))?"
_MISSING = r"([-－]{1,2}|[/／]|无|[nNｎＮ][/／]?[aAａＡ]|[nNｎＮ][uUｕＵ][lLｌＬ]{2})?"
_NUMBER = r"[+-]?((\d+|\d{1,3}(,\d{3})+)(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?"
_DATE = (
    rf"\d{{4}}-\d{{1,2}}-\d{{1,2}}({_TIME})?|\d{{4}}/\d{{1,2}}/\d{{1,2}}({_TIME})?"
    r"|\d{4} *年 *\d{1,2} *月 *\d{1,2} *日|\d{8}"
)
_DATE_PARTS = r"^(\d{4})\D*(\d{1,2})\D*(\d{1,2})(\D.*)?$"
_FROM_SPREADSHEET = r"[+-]?(\d\.\d+[eE]\+?\d+|\d[eE]\+\d+)"
_ENDS_IN_SPACE = " or ".join(f"ends_with(s, chr({code}))" for code in (32, 9, 10, 13))

_MACROS = {
    # A finding shows the beginning of an endless cell: reading a column with one text of megabytes costs gigabytes.
    "lg_shown(s)": f"case when length(s) > {SHOWN} then left(s, {SHOWN}) || ' … (' || length(s) || ')' else s end",
    "lg_trim(s)": f"trim(s, '{SPACES}')",
    "lg_half_width(s)": f"lg_trim(translate(s, '{_FULL_WIDTH}', '{_HALF_WIDTH}'))",
    "lg_missing(s)": f"case when s is null or s = '' then true else regexp_full_match(lg_trim(s), '{_MISSING}') end",
    # Missing markers are rare, so that a longer text, or one that is no part of a marker, passes without the pattern.
    "lg_present(s)": (
        "case when strlen(s) > 12 then s "
        "when strlen(s) = length(s) and not contains('--/na n/a null', lower(s)) then s "
        "when lg_missing(s) then null else s end"
    ),
    # Codes: nearly all are ASCII without space around them and pass as they are.
    "lg_ascii(s)": f"case when s < '!' or {_ENDS_IN_SPACE} then lg_trim(s) else s end",
    # An empty cell, or one of the usual flags, calls no Python: that costs more than everything else of a row.
    "lg_code(s)": (
        "lg_present(case when s is null then null when strlen(s) = length(s) then lg_ascii(s) else lg_nfkc(s) end)"
    ),
    "lg_whole(s)": r"case when ends_with(s, '.0') then regexp_replace(s, '^(\d{1,15})\.0$', '\1') else s end",
    "lg_from_spreadsheet(s)": (
        "case when contains(s, '.') or contains(s, '+') "
        f"then regexp_full_match(s, '{_FROM_SPREADSHEET}') else false end"
    ),
    "lg_sized(n)": f"case when abs(n) < {SIZE_LIMIT} then n end",
    "lg_plain_number(s)": (
        f"case when regexp_full_match(s, '{_NUMBER}') then lg_sized(try_cast(replace(s, ',', '') as double)) end"
    ),
    "lg_slow_number(s)": "case when s is null or s = '' then null else lg_plain_number(lg_half_width(s)) end",
    "lg_plain_date(s)": (
        f"case when regexp_full_match(s, '{_DATE}') "
        rf"then try_cast(regexp_replace(s, '{_DATE_PARTS}', '\1-\2-\3') as date) end"
    ),
    "lg_slow_date(s)": "case when s is null or s = '' then null else lg_plain_date(lg_half_width(s)) end",
    "lg_digits_date(n)": (
        "case when n between 19000101 and 29991231 and n = floor(n) "
        "then lg_plain_date(cast(cast(n as bigint) as varchar)) end"
    ),
    # Spreadsheets count days and believe in a 29 February 1900, which is their day 60.
    "lg_serial_date(n)": (
        "case when n >= 61 and n < 2958466 then date '1899-12-30' + cast(floor(n) as integer) "
        "when n >= 1 and n < 60 then date '1899-12-31' + cast(floor(n) as integer) else lg_digits_date(n) end"
    ),
    "lg_serial_text(s)": (
        r"case when regexp_full_match(s, '\d{1,7}(\.\d+)?') then lg_serial_date(cast(s as double)) end"
    ),
    "lg_plain_year(s)": (
        r"case when regexp_full_match(s, '[1-9]\d{3}( ?年|\.0)?') then cast(left(s, 4) as integer) end"
    ),
    "lg_plain_flag(s)": "case s when '是' then true when '否' then false end",
    "lg_flag(s)": "case when s in ('是', '否') then s = '是' else lg_plain_flag(lg_code(s)) end",
    "lg_object(s)": (
        "case when json_valid(s) then case when json_type(s) = 'OBJECT' then cast(json(s) as varchar) end end"
    ),
}


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Register the macros and the one function that SQL lacks on this connection; may be repeated."""
    try:
        con.create_function("lg_nfkc", _nfkc, ["VARCHAR"], "VARCHAR", type="arrow")  # type: ignore[arg-type]
    except (duckdb.NotImplementedException, duckdb.CatalogException, duckdb.InvalidInputException) as error:
        if "already" not in str(error):
            raise
    for signature, body in _MACROS.items():
        con.execute(f"create or replace temp macro {signature} as {body}")


def _nfkc(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_trim(pc.utf8_normalize(values, form="NFKC"), SPACES)


_FAMILIES: dict[str, Family] = {
    "FLOAT": "real",
    "REAL": "real",
    "DOUBLE": "real",
    "DECIMAL": "real",
    "NUMERIC": "real",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "DATETIME": "date",
    "VARCHAR": "text",
    "TEXT": "text",
    "CHAR": "text",
    "ENUM": "text",
    "UUID": "text",
    "JSON": "text",
}


def family(sql_type: str) -> Family:
    """Return how values of a DuckDB type are read; types that no cell has are read by their text."""
    name = sql_type.strip().upper()
    if name.endswith("]") or name.startswith(("STRUCT", "MAP", "LIST", "UNION", "BLOB", "GEOMETRY")):
        return "other"
    if name.startswith("TIMESTAMP"):
        return "zoned" if "TZ" in name or "TIME ZONE" in name else "date"
    word = name.split("(")[0].split(" ")[0]
    return _FAMILIES.get(word, "integer" if word.endswith("INT") or word == "INTEGER" else "other")


def as_text(sql: str, kind: Family) -> str:
    """Return SQL for the cell's text, as a person would write it."""
    if kind == "text":
        return f"cast({sql} as varchar)"
    if kind == "real":
        whole = f"{sql} = floor({sql}) and abs({sql}) < {SIZE_LIMIT}"
        return f"case when {whole} then cast(cast({sql} as bigint) as varchar) else cast({sql} as varchar) end"
    return f"cast({sql} as varchar)"


def code(sql: str, kind: Family, spreadsheet: bool) -> str:
    """Return SQL for a code: NFKC without white space around it, NULL where missing."""
    if kind != "text":
        return as_text(sql, kind)
    return f"lg_whole(lg_code({sql}))" if spreadsheet else f"lg_code({sql})"


def text(sql: str, kind: Family) -> str:
    """Return SQL for free text: trimmed and otherwise as given, NULL where missing."""
    return f"lg_present(lg_trim({sql}))" if kind == "text" else as_text(sql, kind)


def number(sql: str, kind: Family, quick: str, factor: float, underscores: bool = True) -> str:
    """Return SQL for a number in the contract's unit; `quick` names the text's plain cast to DOUBLE.

    The plain cast also takes infinities and, where the text may hold some, underscores: no numbers here.
    """
    if kind == "text":
        plain = f"case when contains({sql}, '_') then null else {quick} end" if underscores else quick
        value = f"case when abs({quick}) < {SIZE_LIMIT} then {plain} else lg_slow_number({sql}) end"
    elif kind in ("real", "integer"):
        value = f"lg_sized(cast({sql} as double))"
    else:
        return "cast(null as double)"
    return value if factor == 1.0 else f"lg_sized({_scaled(f'({value})', factor)})"


def _scaled(sql: str, factor: float) -> str:
    """Divide by a whole number rather than multiply by its inexact inverse: 12345 元 are 1.2345 万元."""
    inverse = round(1 / factor)
    if inverse > 1 and abs(inverse * factor - 1) < 1e-12:
        return f"{sql} / {float(inverse)!r}"
    return f"{sql} * {factor!r}"


def date(sql: str, kind: Family, quick: str, spreadsheet: bool) -> str:
    """Return SQL for a date; `quick` names the text's plain cast to DATE, which also takes much that is none.

    Times of day are dropped; zoned times are taken in UTC, so that the machine's zone does not matter.
    """
    if kind == "text":
        slow = f"lg_slow_date({sql})"
        slow = f"coalesce({slow}, lg_serial_text(lg_half_width({sql})))" if spreadsheet else slow
        return f"case when strlen({sql}) = 10 and cast({quick} as varchar) = {sql} then {quick} else {slow} end"
    if kind in ("real", "integer"):
        return f"{'lg_serial_date' if spreadsheet else 'lg_digits_date'}(cast({sql} as double))"
    if kind == "date":
        return f"try_cast({sql} as date)"
    return f"cast({sql} at time zone 'UTC' as date)" if kind == "zoned" else "cast(null as date)"


def year(sql: str, kind: Family, quick: str) -> str:
    """Return SQL for a year of four digits, with or without 年; `quick` names the text's plain cast to INTEGER."""
    if kind == "text":
        plain = f"{quick} between 1000 and 9999 and cast({quick} as varchar) = {sql}"
        return f"case when {plain} then {quick} else lg_plain_year(lg_half_width({sql})) end"
    if kind in ("real", "integer"):
        return f"lg_plain_year({as_text(sql, kind)})"
    return "cast(null as integer)"


def flag(sql: str, kind: Family) -> str:
    """Return SQL for 是 or 否; numbers 1 and 0 and booleans count as such."""
    if kind == "boolean":
        return sql
    if kind in ("real", "integer"):
        return f"case when {sql} = 1 then true when {sql} = 0 then false end"
    return f"lg_flag(cast({sql} as varchar))"


def json_object(sql: str) -> str:
    """Return SQL for a JSON object without needless white space."""
    return f"lg_object(cast({sql} as varchar))"
