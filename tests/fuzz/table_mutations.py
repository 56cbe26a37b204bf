"""Mutations of a table before it is written: their outcome is known, row by row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from ingestion.contract import all_contracts

from .tables import Table

NASTY = (
    "", " ", "\u3000", "-", "--", "NA", "null", "NULL", "nan", "NaN", "inf", "-Infinity", "1e999", "-1e999", "1e-999",
    "-0", "+0", "0x1F", "1_000", "١٢٣", "１２３４.５", "－１２", "1,234,567.5", "1,23,4", "12.5.6", "9" * 400, "1" * 25,
    "0." + "0" * 400 + "1", "9.144E+17", "1E+15", "999999999999999", "1000000000000000", "９９９，９９９",
    "0000-00-00", "9999-12-31", "99999-12-31", "2024-02-30", "2023-02-29", "1900-02-29", "24-1-1", "20240230",
    "2024年2月30日", "二〇二四年五月一日", "2024年5月1日", "2024-05-01T25:61:61", "2024/5/1 08:00:00", "45413",
    "-45413",
    "2024-05-01+99:99", "0001-01-01", "-2024-01-01", "infinity", "epoch", "today", "now",
    "'", '"', '""', "`", "\\", "\\'", "'; drop table ledger.load; --", '"; drop table raw.parcels; --', "$$", "$1", "?",
    "%s", "%n%n%n", "{0}", "{column}", "{{ 7*7 }}", "${jndi:ldap://x}", "=cmd|' /C calc'!A0", "=1+1", "+1+1", "-1+1",
    "@SUM(A1)", "=HYPERLINK(\"http://x\",\"y\")", "<script>alert(1)</script>", "]]>", "&amp;&lt;", "<!--", "../../etc",
    "line\nbreak", "line\r\nbreak", "carriage\rreturn", "tab\there", "semi;colon", "com,ma", "pi|pe", "\0", "a\0b",
    "\x01\x02\x1b[31m", "\x7f", "\x85", "\u2028", "\ufeff", "\ufeff440112", "\u200b", "\u200f\u202eabc", "\u202e",
    "😀", "👨\u200d👩\u200d👧\u200d👦", "𠮷", "e\u0301", "é", "ﬁ", "①", "㎡", "Ⅳ", "K", "ſ", "İ", "ß", "\U0010ffff",
    "\ufffd",
    "\ufdfa" * 50, "true", "TRUE", "是", "否", "１", "0", "1", "[]", "{}", '{"parcel_code": null}', '{"a": [1,',
    "[" * 500,
    '{"a":' * 300 + "1" + "}" * 300, "91440101MA59A2B107", "440112001001GB00001", "M1;M2", "C26,C27", "a" * 5000,
)  # fmt: skip
_UNKNOWN_UNITS = ("(尺寸)", "（kg·m²/s）", "[未知]", "(m2", "()", "(万万)", "(%)", "(亿元)", "(')", '(")', "(;)")
_HEADER_SPELLINGS = (" {} ", "{}\n", "\ufeff{}", "　{}　", "{}*", "*{}", "{}（必填）", "{}()", "'{}'", "{}\u200b")
_LONG_TEXT = 1_000_000


@dataclass(frozen=True)
class Expected:
    """What must come out: None where it is not known beforehand."""

    rows: int | None = None
    state: str | None = None
    accepted_at_least: int = 0


@dataclass
class Mutated:
    """A changed table and what must come of it."""

    table: Table
    expected: Expected = field(default_factory=Expected)


Mutation = Callable[[Table, Random], Mutated]


def nothing(table: Table, rng: Random) -> Mutated:
    return Mutated(table, Expected(len(table.rows), "loaded", len(table.rows)))


def nasty_cells(table: Table, rng: Random) -> Mutated:
    """Up to four cells become nasty; the other rows must not suffer."""
    rows, touched = _rows(table), set()
    for _ in range(rng.randint(1, 4)):
        row, column = rng.randrange(len(rows)), rng.randrange(len(table.header))
        rows[row][column] = rng.choice(NASTY)
        touched.add(row)
    return _kept(table.with_rows(rows), len(touched))


def nasty_column(table: Table, rng: Random) -> Mutated:
    rows, column = _rows(table), rng.randrange(len(table.header))
    for row in rows:
        row[column] = rng.choice(NASTY)
    return _kept(table.with_rows(rows), len(rows))


def wrapped_cell(table: Table, rng: Random) -> Mutated:
    """A cell keeps its text with something nasty before or behind it."""
    rows = _rows(table)
    row, column = rng.randrange(len(rows)), rng.randrange(len(table.header))
    pair = [rows[row][column], rng.choice(NASTY)]
    rng.shuffle(pair)
    rows[row][column] = "".join(pair)
    return _kept(table.with_rows(rows), 1)


def long_text(table: Table, rng: Random) -> Mutated:
    rows = _rows(table)
    row, column = rng.randrange(len(rows)), rng.randrange(len(table.header))
    rows[row][column] = rng.choice(("厂", "9", '"', "\n ", "a,b;")) * _LONG_TEXT
    return _kept(table.with_rows(rows), 1)


def swapped_cells(table: Table, rng: Random) -> Mutated:
    rows = _rows(table)
    row, a, b = rng.randrange(len(rows)), rng.randrange(len(table.header)), rng.randrange(len(table.header))
    rows[row][a], rows[row][b] = rows[row][b], rows[row][a]
    return _kept(table.with_rows(rows), 1)


def shuffled_columns(table: Table, rng: Random) -> Mutated:
    order = rng.sample(range(len(table.header)), len(table.header))
    rows = [[row[i] for i in order] for row in table.rows]
    return _kept(table.with_header([table.header[i] for i in order]).with_rows(rows), 0)


def repeated_rows(table: Table, rng: Random) -> Mutated:
    """Rows stand again, some of them changed: duplicates and conflicts."""
    rows = _rows(table)
    for _ in range(rng.randint(1, 5)):
        again = list(rng.choice(table.rows))
        if rng.random() < 0.5:
            again[rng.randrange(len(again))] = rng.choice(NASTY)
        rows.insert(rng.randrange(len(rows) + 1), again)
    return Mutated(table.with_rows(rows), Expected(_filled(rows), "loaded"))


def repeated_header(table: Table, rng: Random) -> Mutated:
    """The header stands once more among the rows, as where files were pasted together."""
    rows = _rows(table)
    rows.insert(rng.randint(1, len(rows)), list(table.header))
    return Mutated(table.with_rows(rows), Expected(len(rows), "loaded", len(table.rows)))


def no_rows(table: Table, rng: Random) -> Mutated:
    return Mutated(table.with_rows([]), Expected(0))


def dropped_column(table: Table, rng: Random) -> Mutated:
    """Of a required column the file is refused whole, of another nothing happens."""
    place = rng.randrange(len(table.header))
    header = [h for i, h in enumerate(table.header) if i != place]
    rows = [[cell for i, cell in enumerate(row) if i != place] for row in table.rows]
    changed = table.with_header(header).with_rows(rows)
    return _refused(changed) if _required(table, place) else Mutated(changed, Expected(len(rows), "loaded"))


def renamed_column(table: Table, rng: Random) -> Mutated:
    place = rng.randrange(len(table.header))
    header = list(table.header)
    header[place] = rng.choice([n for n in NASTY if n.strip()] + ["备注", "编号x", "宗地", "统一代码"])
    return Mutated(
        table.with_header(header), Expected(len(table.rows), "rejected" if _required(table, place) else None)
    )


def respelled_header(table: Table, rng: Random) -> Mutated:
    header = list(table.header)
    place = rng.randrange(len(header))
    header[place] = rng.choice(_HEADER_SPELLINGS).format(header[place])
    return Mutated(table.with_header(header), Expected(len(table.rows)))


def odd_unit(table: Table, rng: Random) -> Mutated:
    header = list(table.header)
    place = rng.randrange(len(header))
    header[place] += rng.choice(_UNKNOWN_UNITS)
    return Mutated(table.with_header(header), Expected(len(table.rows)))


def doubled_column(table: Table, rng: Random) -> Mutated:
    """A header stands twice: nobody can say which column counts."""
    place = rng.randrange(len(table.header))
    rows = [[*row, row[place]] for row in table.rows]
    return Mutated(table.with_header([*table.header, table.header[place]]).with_rows(rows), Expected(len(rows)))


def more_columns(table: Table, rng: Random) -> Mutated:
    extra = rng.choice((1, 30, 200))
    rows = [[*row, *[rng.choice(NASTY)] * extra] for row in table.rows]
    header = [*table.header, *(f"备注{i}" for i in range(extra))]
    return _kept(table.with_header(header).with_rows(rows), 0)


def short_rows(table: Table, rng: Random) -> Mutated:
    rows = _rows(table)
    place = rng.randrange(len(rows))
    rows[place] = rows[place][: rng.randint(1, len(rows[place]))]
    return _kept(table.with_rows(rows), 1)


def long_rows(table: Table, rng: Random) -> Mutated:
    rows = _rows(table)
    place = rng.randrange(len(rows))
    rows[place] += [rng.choice(NASTY) for _ in range(rng.randint(1, 4))]
    return _kept(table.with_rows(rows), 1)


def blank_rows(table: Table, rng: Random) -> Mutated:
    """Rows without any value are no rows."""
    rows = _rows(table)
    for _ in range(rng.randint(1, 8)):
        rows.insert(rng.randrange(len(rows) + 1), rng.choice(([""] * len(table.header), [], [" "], ["", " "])))
    return Mutated(table.with_rows(rows), Expected(len(table.rows), "loaded", len(table.rows)))


def title_rows(table: Table, rng: Random) -> Mutated:
    titles = rng.sample(["黄埔区申报表", "填报单位：", "2024 年度", "单位：万元", "（内部）"], rng.randint(1, 3))
    head = [[title, *[""] * (len(table.header) - 1)] for title in titles]
    changed = table.with_header(head[0]).with_rows([*head[1:], list(table.header), *_rows(table)])
    return _kept(changed, 0, len(table.rows))


def many_rows(table: Table, rng: Random) -> Mutated:
    """Every row two hundred times: all but the first of each are duplicates."""
    rows = [list(row) for row in table.rows for _ in range(200)]
    return Mutated(table.with_rows(rows), Expected(len(rows), "loaded"))


def _rows(table: Table) -> list[list[str]]:
    return [list(row) for row in table.rows]


def _filled(rows: list[list[str]]) -> int:
    return sum(any(cell.strip() for cell in row) for row in rows)


def _kept(table: Table, touched: int, rows: int | None = None) -> Mutated:
    count = len(table.rows) if rows is None else rows
    return Mutated(table, Expected(count, "loaded", max(count - touched, 0)))


def _refused(table: Table) -> Mutated:
    return Mutated(table, Expected(len(table.rows), "rejected"))


def _required(table: Table, place: int) -> bool:
    contract = all_contracts()[table.dataset]
    name = contract.resolve_header(table.header[place])[0]
    return name in contract.required


ANY_FORMAT: dict[str, tuple[Mutation, int]] = {
    "none": (nothing, 1),
    "nasty cells": (nasty_cells, 6),
    "nasty column": (nasty_column, 2),
    "wrapped cell": (wrapped_cell, 3),
    "long text": (long_text, 1),
    "swapped cells": (swapped_cells, 1),
    "shuffled columns": (shuffled_columns, 1),
    "repeated rows": (repeated_rows, 2),
    "repeated header": (repeated_header, 1),
    "no rows": (no_rows, 1),
    "dropped column": (dropped_column, 2),
    "renamed column": (renamed_column, 2),
    "respelled header": (respelled_header, 2),
    "odd unit": (odd_unit, 2),
    "more columns": (more_columns, 1),
    "many rows": (many_rows, 1),
}
SHEETS_AND_CSV: dict[str, tuple[Mutation, int]] = {
    "doubled column": (doubled_column, 2),
    "short rows": (short_rows, 1),
    "blank rows": (blank_rows, 2),
    "title rows": (title_rows, 1),
}
CSV_ONLY: dict[str, tuple[Mutation, int]] = {"long rows": (long_rows, 2)}
