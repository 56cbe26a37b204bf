"""How cells of every kind are read: the forms that the input contract names, and those just beside them."""

from __future__ import annotations

from datetime import date

import duckdb
import pyarrow as pa
import pytest

from ingestion import normalise


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as connection:
        normalise.register(connection)
        yield connection


def read(con, value, sql_type, kind, **options):
    """Read one cell as the generated SQL does."""
    family = normalise.family(sql_type)
    types = {"number": "double", "date": "date", "year": "integer"}
    quick = f"try_cast(g as {types[kind]})" if kind in types else "null"
    expressions = {
        "number": lambda: normalise.number("g", family, "q", options.get("factor", 1.0)),
        "date": lambda: normalise.date("g", family, "q", options.get("spreadsheet", False)),
        "year": lambda: normalise.year("g", family, "q"),
        "flag": lambda: normalise.flag("g", family),
        "code": lambda: normalise.code("g", family, options.get("spreadsheet", False)),
        "text": lambda: normalise.text("g", family),
        "missing": lambda: "lg_missing(g)",
    }
    quick = quick if family == "text" else "null"
    inner = f"select g, {quick} as q from (select cast(? as {sql_type}) as g)"
    return con.execute(f"select {expressions[kind]()} from ({inner})", [value]).fetchone()[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12.0),
        (" 12.5 ", 12.5),
        ("-3", -3.0),
        ("+3", 3.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e5", 1e5),
        ("1.2E-3", 0.0012),
        ("１２３．５", 123.5),
        ("－１，２３４", -1234.0),
        ("1,234", 1234.0),
        ("1,234,567.8", 1234567.8),
        ("\u30001,234\u00a0", 1234.0),
        ("999999999999999", 999999999999999.0),
        ("12,5", None),
        ("1,2345", None),
        ("1234,567", None),
        (",123", None),
        ("1,234,", None),
        ("1000000000000000", None),
        ("1e15", None),
        ("1_000", None),
        ("inf", None),
        ("-Infinity", None),
        ("nan", None),
        ("NaN", None),
        ("0x1F", None),
        ("1e400", None),
        ("12%", None),
        ("12％", None),
        ("1 2", None),
        ("--5", None),
        ("约5", None),
        ("1.2.3", None),
        ("٣", None),
    ],
)
def test_numbers(con, text, value):
    assert read(con, text, "VARCHAR", "number") == value


@pytest.mark.parametrize(
    ("value", "sql_type", "read_as"),
    [
        (1.5, "DOUBLE", 1.5),
        (float("nan"), "DOUBLE", None),
        (float("inf"), "DOUBLE", None),
        (1e15, "DOUBLE", None),
        (7, "INTEGER", 7.0),
        ("12.50", "DECIMAL(9,2)", 12.5),
        (True, "BOOLEAN", None),
        ("2024-01-01", "DATE", None),
    ],
)
def test_numbers_that_come_typed(con, value, sql_type, read_as):
    assert read(con, value, sql_type, "number") == read_as


def test_a_factor_that_is_a_whole_part_divides_exactly(con):
    assert read(con, "12345", "VARCHAR", "number", factor=0.0001) == 1.2345
    assert read(con, "3", "VARCHAR", "number", factor=2000 / 3) == pytest.approx(2000)
    assert read(con, "999999999999", "VARCHAR", "number", factor=10000.0) is None


@pytest.mark.parametrize("text", ["", " ", "-", "--", "/", "无", "NA", "N/A", "null", "－", "／", "NULL", "\u3000"])
def test_missing_markers(con, text):
    assert read(con, text, "VARCHAR", "missing") is True
    assert read(con, text, "VARCHAR", "code") is None
    assert read(con, text, "VARCHAR", "text") is None


@pytest.mark.parametrize("text", ["0", "---", "无锡", "NAN", "nil", "nu", "//", "A"])
def test_what_is_not_missing(con, text):
    assert read(con, text, "VARCHAR", "missing") is False
    assert read(con, text, "VARCHAR", "code") == text
    assert read(con, text, "VARCHAR", "text") == text


MAY = date(2024, 5, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-05-01", MAY),
        ("2024-5-1", MAY),
        ("2024/5/1", MAY),
        ("2024/05/01", MAY),
        ("2024年5月1日", MAY),
        ("2024年05月01日", MAY),
        ("20240501", MAY),
        ("２０２４年５月１日", MAY),
        (" 2024-05-01 ", MAY),
        ("2024-05-01 00:00:00", MAY),
        ("2024-05-01T00:00:00.000", MAY),
        ("2024/5/1 0:00:00", MAY),
        ("2024-02-29", date(2024, 2, 29)),
        ("2023-02-29", None),
        ("2023年2月29日", None),
        ("20230229", None),
        ("2024-13-01", None),
        ("2024-05", None),
        ("2024年5月", None),
        ("24-05-01", None),
        ("01/05/2024", None),
        ("2024-05-01x", None),
        ("2024-05-1x", None),
        ("2024-05-01 25:00:00", None),
        ("2024-05-01 (BC)", None),
        ("2024-5/1", None),
        ("2024 05 01", None),
        ("epoch", None),
        ("infinity", None),
        ("45413", None),
        ("2024", None),
    ],
)
def test_dates(con, text, value):
    assert read(con, text, "VARCHAR", "date") == value


@pytest.mark.parametrize(
    ("value", "sql_type", "spreadsheet", "read_as"),
    [
        (45413.0, "DOUBLE", True, MAY),
        (45413.5, "DOUBLE", True, MAY),
        ("45413", "VARCHAR", True, MAY),
        ("45413.0", "VARCHAR", True, MAY),
        (45413.0, "DOUBLE", False, None),
        (20240501.0, "DOUBLE", True, MAY),
        (20240501, "INTEGER", False, MAY),
        (20240231, "INTEGER", False, None),
        (61.0, "DOUBLE", True, date(1900, 3, 1)),
        (60.0, "DOUBLE", True, None),  # 29 February 1900 never was
        (59.0, "DOUBLE", True, date(1900, 2, 28)),
        (1.0, "DOUBLE", True, date(1900, 1, 1)),
        (0.5, "DOUBLE", True, None),
        ("2024-05-01", "DATE", False, MAY),
        ("2024-05-01 13:00:00", "TIMESTAMP", False, MAY),
        ("2024-05-01 00:00:00+00", "TIMESTAMP WITH TIME ZONE", False, MAY),
        (True, "BOOLEAN", False, None),
    ],
)
def test_dates_of_spreadsheets_and_typed_columns(con, value, sql_type, spreadsheet, read_as):
    assert read(con, value, sql_type, "date", spreadsheet=spreadsheet) == read_as


@pytest.mark.parametrize(
    ("value", "sql_type", "spreadsheet", "read_as"),
    [
        (" Ａ１ ", "VARCHAR", False, "A1"),
        ("\tA1\n", "VARCHAR", False, "A1"),
        ("440103.0", "VARCHAR", False, "440103.0"),
        ("440103.0", "VARCHAR", True, "440103"),
        (440103.0, "DOUBLE", True, "440103"),
        (440103, "BIGINT", False, "440103"),
        (1234567890123456789, "BIGINT", False, "1234567890123456789"),  # whole numbers keep every digit
        (1.5, "DOUBLE", True, "1.5"),
    ],
)
def test_codes(con, value, sql_type, spreadsheet, read_as):
    assert read(con, value, sql_type, "code", spreadsheet=spreadsheet) == read_as


@pytest.mark.parametrize(
    ("text", "eaten"),
    [
        ("9.144E+17", True),
        ("9.144e+17", True),
        ("9.144E17", True),
        ("9E+17", True),
        ("9144", False),
        ("12E05", False),
        ("A.1+2", False),
        ("1.5", False),
    ],
)
def test_codes_that_a_spreadsheet_has_eaten(con, text, eaten):
    assert con.execute("select lg_from_spreadsheet(?)", [text]).fetchone()[0] is eaten


@pytest.mark.parametrize(
    ("value", "sql_type", "read_as"),
    [
        ("是", "VARCHAR", True),
        (" 否 ", "VARCHAR", False),
        ("1", "VARCHAR", None),
        ("Y", "VARCHAR", None),
        (1.0, "DOUBLE", True),
        (0, "INTEGER", False),
        (2, "INTEGER", None),
        (True, "BOOLEAN", True),
    ],
)
def test_flags(con, value, sql_type, read_as):
    assert read(con, value, sql_type, "flag") is read_as


@pytest.mark.parametrize(
    ("value", "sql_type", "read_as"),
    [
        ("2024", "VARCHAR", 2024),
        ("２０２４年", "VARCHAR", 2024),
        (2024.0, "DOUBLE", 2024),
        (2024, "SMALLINT", 2024),
        (2024.5, "DOUBLE", None),
        ("24", "VARCHAR", None),
        ("2024-25", "VARCHAR", None),
        ("0024", "VARCHAR", None),
        ("2024.0", "VARCHAR", 2024),
        (" 2024", "VARCHAR", 2024),
        ("+2024", "VARCHAR", None),
        ("2e3", "VARCHAR", None),
        ("1000", "VARCHAR", 1000),
        ("999", "VARCHAR", None),
        ("9999", "VARCHAR", 9999),
        ("10000", "VARCHAR", None),
        ("-2024", "VARCHAR", None),
        ("", "VARCHAR", None),
        (None, "VARCHAR", None),
    ],
)
def test_years(con, value, sql_type, read_as):
    assert read(con, value, sql_type, "year") == read_as


def test_free_text_is_trimmed_and_otherwise_as_given(con):
    assert read(con, "\u3000甲（广州）公司 ", "VARCHAR", "text") == "甲（广州）公司"
    assert read(con, 12.0, "DOUBLE", "text") == "12"


@pytest.mark.parametrize(
    ("sql_type", "family"),
    [
        ("VARCHAR", "text"),
        ("ENUM('a')", "text"),
        ("DECIMAL(18,3)", "real"),
        ("UBIGINT", "integer"),
        ("HUGEINT", "integer"),
        ("TIMESTAMP_NS", "date"),
        ("TIMESTAMP WITH TIME ZONE", "zoned"),
        ("TIMESTAMPTZ", "zoned"),
        ("INTEGER[]", "other"),
        ("STRUCT(a INTEGER)", "other"),
        ("TIME", "other"),
        ("INTERVAL", "other"),
    ],
)
def test_families(sql_type, family):
    assert normalise.family(sql_type) == family


def test_empty_cells_and_flags_call_no_python(monkeypatch):
    def refuse(values: pa.ChunkedArray) -> pa.ChunkedArray:
        raise AssertionError(f"called for {values.to_pylist()}")

    monkeypatch.setattr(normalise, "_nfkc", refuse)
    with duckdb.connect() as fresh:
        normalise.register(fresh)
        fresh.execute("create table cells as select unnest([null, '', 'A1', '是', '否']) as g")
        code, flag = normalise.code("g", "text", False), normalise.flag("g", "text")
        assert fresh.execute(f"select {code} from cells where g not in ('是', '否') or g is null").fetchall() == [
            (None,), (None,), ("A1",)
        ]  # fmt: skip
        assert fresh.execute(f"select {flag} from cells where g is null or g <> 'A1'").fetchall() == [
            (None,), (None,), (True,), (False,)
        ]  # fmt: skip
