"""How a mapped source writes its numbers, dates and codes, and the SQL that brings them to the contract's writing.

Nothing is guessed: a cell that is not written as declared stays unreadable, with the declaration behind it, and the row
rules say so. Missing markers pass as they are. The macros of `ingestion.normalise` must be registered.
"""

from __future__ import annotations

import re

import duckdb

from landgauge.sql import literal

NUMBERS = ("1,234.5", "1.234,5", "1 234,5", "1 234.5", "1'234.5", "1234.5", "1234,5")
_NUMBER_EXAMPLE = re.compile(r"1(?P<group>[., ']?)234(?P<point>[.,])5")
_SPACES = "\u00a0\u2007\u2009\u202f\u2019"  # no-break, figure, thin and narrow spaces; a typographer's apostrophe
_PLAIN_SPACES = "    '"
_MINUS = "\u2212"
_ISO = r"\d{4}-\d{2}-\d{2}([ T].*)?"  # how a reader of workbooks writes a true date
_GROUPED = r"[+-]?\d{1,3}(\.\d{3})+"
_TRUE_NUMBER = r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"
_DIRECTIVES = {"d", "m", "Y", "H", "M", "S"}


def check_numbers(example: str) -> str:
    """Return the example of a number; raises ValueError, naming those that are known, for another."""
    if example not in NUMBERS:
        raise ValueError(f"write one thousand two hundred thirty-four and a half like one of {', '.join(NUMBERS)}")
    return example


def check_dates(form: str) -> str:
    """Return the form of a date; raises ValueError where it does not name day, month and a year of four digits."""
    found = re.findall(r"%(.?)", form)
    if sorted(set(found) & {"d", "m", "Y"}) != ["Y", "d", "m"] or not set(found) <= _DIRECTIVES:
        raise ValueError('write the form with %d, %m and %Y (and %H, %M, %S), like "%d.%m.%Y"')
    return form


def check_extract(pattern: str) -> str:
    """Return the pattern; raises ValueError where it is no regular expression (RE2) with exactly one group."""
    try:
        duckdb.connect().execute("select regexp_extract('', ?, 1)", [pattern]).fetchall()
        groups = re.compile(pattern).groups
    except (duckdb.Error, re.error) as error:
        raise ValueError(f"no regular expression (RE2): {str(error).splitlines()[0]}") from error
    if groups != 1:
        raise ValueError("put the part that is wanted, and only that, in round brackets")
    return pattern


def number(sql: str, example: str, spreadsheet: bool) -> str:
    """Return SQL giving a number written like the example in plain digits with a point.

    In a workbook true numbers came as plain text with a point; a text such as 1.234 might be either where the point
    groups digits, and is unreadable.
    """
    found = _NUMBER_EXAMPLE.fullmatch(example)
    assert found is not None
    group, point = found["group"], found["point"]
    whole = rf"(\d+|\d{{1,3}}({re.escape(group)}\d{{3}})+)" if group else r"\d+"
    pattern = rf"[+-]?({whole}({re.escape(point)}\d*)?|{re.escape(point)}\d+)"
    text = f"lg_half_width(translate({sql}, {literal(_SPACES + _MINUS)}, {literal(_PLAIN_SPACES + '-')}))"
    bare = f"replace({text}, {literal(group)}, '')" if group else text
    text_cells = f"when {_is(text, pattern)} then replace({bare}, {literal(point)}, '.')"
    true_numbers = _true_numbers(text, group, _unlike(sql, example)) if spreadsheet and point == "," else ""
    return f"case when lg_missing({sql}) then {sql} {true_numbers} {text_cells} else {_unlike(sql, example)} end"


def _true_numbers(text: str, group: str, unlike: str) -> str:
    """Branches for the numbers of a workbook, which came with a point; what might be grouped digits is unlike both."""
    doubtful = f"when {_is(text, _GROUPED)} then {unlike} " if group == "." else ""
    return f"{doubtful}when {_is(text, _TRUE_NUMBER)} then {text}"


def _is(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, {literal(pattern)})"


def date(sql: str, form: str, spreadsheet: bool) -> str:
    """Return SQL giving a date written in that form (strftime) as YYYY-MM-DD; true dates of a workbook pass."""
    text = f"lg_half_width({sql})"
    parsed = f"cast(cast(try_strptime({text}, {literal(form)}) as date) as varchar)"
    known = f"when regexp_full_match({text}, {literal(_ISO)}) then {text} " if spreadsheet else ""
    return f"case when lg_missing({sql}) then {sql} {known}else coalesce({parsed}, {_unlike(sql, form)}) end"


def extracted(sql: str, pattern: str) -> str:
    """Return SQL giving the part of a text that the pattern's group holds; a text that does not match stays whole."""
    found = f"regexp_extract({sql}, {literal(pattern)}, 1)"
    return f"case when regexp_matches({sql}, {literal(pattern)}) then {found} else {sql} end"


def padded(sql: str, digits: int) -> str:
    """Return SQL giving a whole number its lost leading zeros back; other texts stay."""
    short = f"regexp_full_match(trim({sql}), '\\d{{1,{digits}}}')"
    return f"case when {short} then lpad(trim({sql}), {digits}, '0') else {sql} end"


def _unlike(sql: str, declared: str) -> str:
    """The cell with what it should look like: unreadable as a number or a date."""
    return f"{sql} || {literal(f' (≠ {declared})')}"
