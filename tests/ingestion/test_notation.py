"""What real sources bring and a mapping must say: how numbers, dates and codes are written, alike rows, wrong keys."""

from __future__ import annotations

import logging

import duckdb
import pytest
from landings import City

from ingestion import contract, intake, mapping, normalise, notation, scan
from landgauge.errors import ConfigurationError

PROFILE = "parcel_code_pattern: '^[A-Z0-9/#-]+$'\n"
COLUMNS = {"parcel_code": "id", "district_code": "{constant: 440112}", "land_use_code": "{constant: M1}"}


def entry(columns: dict[str, str], options: str = "", feed: str = "", files: str = "raw/*.csv") -> str:
    """A mapping of one entry that feeds parcels of 2024; later columns stand in for the usual ones."""
    lines = "".join(f"        {name}: {source}\n" for name, source in (COLUMNS | columns).items())
    own = f"      {feed}\n" if feed else ""
    return f"- files: {files}\n  year: 2024\n{options}  datasets:\n    parcels:\n{own}      columns:\n{lines}"


def city(folder, text: str | bytes, plan: str) -> City:
    landed = City(folder).put({"raw/a.csv": text, "city.yml": PROFILE, "mapping.yml": plan})
    landed.ingest()
    return landed


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    normalise.register(made)
    return made


@pytest.mark.parametrize(
    ("example", "given", "read"),
    [
        ("1.234,5", "1.234,5", "1234.5"),
        ("1.234,5", "-12.345.678", "-12345678"),
        ("1.234,5", "0,25", "0.25"),
        ("1.234,5", "１.２３４，５", "1234.5"),
        ("1.234,5", "1,234.5", None),
        ("1.234,5", "12.34", None),
        ("1.234,5", "1.2345,6", None),
        ("1 234,5", "1\u202f234,5", "1234.5"),
        ("1 234,5", "1\u00a0234 567", "1234567"),
        ("1 234,5", "1.234", None),
        ("1'234.5", "1’234.5", "1234.5"),
        ("1'234.5", "\u2212234.5", "-234.5"),
        ("1234,5", "1.234", None),
        ("1234.5", "1,234", None),
        ("1,234.5", "1,234.5", "1234.5"),
        ("1.234,5", "n/a", "n/a"),
        ("1.234,5", " ", " "),
    ],
)
def test_numbers_are_read_as_declared_or_not_at_all(con, example, given, read):
    (found,) = con.execute(f"select {notation.number('s', example, False)} from (select ? as s)", [given]).fetchone()
    assert found == (read if read is not None else f"{given} (≠ {example})")


@pytest.mark.parametrize(
    ("given", "read"), [("1234.25", "1234.25"), ("12", "12"), ("1.234", None), ("1.234,5", "1234.5"), ("-2.5", "-2.5")]
)
def test_a_workbook_has_true_numbers_beside_texts(con, given, read):
    (found,) = con.execute(f"select {notation.number('s', '1.234,5', True)} from (select ? as s)", [given]).fetchone()
    assert found == (read or f"{given} (≠ 1.234,5)")


@pytest.mark.parametrize(
    ("form", "given", "read"),
    [
        ("%d.%m.%Y", "31.12.2019", "2019-12-31"),
        ("%d.%m.%Y", "1.2.2019", "2019-02-01"),
        ("%m/%d/%Y", "02/03/2019", "2019-02-03"),
        ("%d/%m/%Y", "02/03/2019", "2019-03-02"),
        ("%m/%d/%Y", "31/12/2019", None),
        ("%d.%m.%Y", "31.02.2019", None),
        ("%d.%m.%Y", "2019-12-31", None),
        ("%d.%m.%Y", "-", "-"),
    ],
)
def test_dates_are_read_as_declared_or_not_at_all(con, form, given, read):
    (found,) = con.execute(f"select {notation.date('s', form, False)} from (select ? as s)", [given]).fetchone()
    assert found == (read or f"{given} (≠ {form})")


def test_numbers_and_dates_of_a_file_and_of_a_column(tmp_path):
    text = 'id,area,green,from,to\nA,"1.234,5",0.5,31.12.2019,12/31/2069\nB,1234.5,0.5,2019-12-31,31.12.2069\n'
    columns = {
        "site_area_m2": "area",
        "green_area_m2": '{column: green, numbers: "1234.5"}',
        "supply_date": "from",
        "term_end_date": '{column: to, dates: "%m/%d/%Y"}',
    }
    found = city(tmp_path, text, entry(columns, '  numbers: "1.234,5"\n  dates: "%d.%m.%Y"\n'))
    assert found.ask(
        "select parcel_code, site_area_m2, green_area_m2, supply_date::varchar, term_end_date::varchar "
        "from accepted.parcels"
    ) == [("A", 1234.5, 0.5, "2019-12-31", "2069-12-31")]
    assert found.rules("parcels") == [(2, f"type:{name}") for name in ("site_area_m2", "supply_date", "term_end_date")]
    original = found.ask("select distinct original_row from quarantine.finding")[0][0]
    assert '"area":"1234.5"' in original
    assert '"from":"2019-12-31"' in original


def test_another_notation_reads_the_file_anew(tmp_path):
    found = city(tmp_path, "id;area\nA;1.234\n", entry({"site_area_m2": "area"}, '  numbers: "1.234,5"\n'))
    assert found.ask("select site_area_m2 from accepted.parcels") == [(1234.0,)]
    found.put({"mapping.yml": entry({"site_area_m2": '{column: area, numbers: "1234.5"}'}, '  numbers: "1.234,5"\n')})
    found.ingest()
    assert found.ask("select site_area_m2 from accepted.parcels") == [(1.234,)]


def test_codes_come_back_as_they_were(tmp_path):
    """Leading zeros eaten, a whole number written as 1.0, spaces behind a code, a code within a text."""
    text = "boro,block,lot,use,area\n1,16.0, 1 ,M1 - light ,10\n3,12345,7.0,M2 - heavy,20\n"
    columns = {
        "parcel_code": r'{columns: [boro, block, lot], digits: [1, 5, 4], extract: "^\\s*(\\d+)(?:\\.0)?\\s*$"}',
        "land_use_code": r"{column: use, extract: '^(\w+) -'}",
        "site_area_m2": "area",
    }
    found = city(tmp_path, text, entry(columns))
    rows = found.ask("select parcel_code, land_use_code from accepted.parcels order by 1")
    assert rows == [("1000160001", "M1"), ("3123450007", "M2")]


def test_headers_as_people_write_them(tmp_path):
    """Spaces, quotation marks, line breaks, accents and case; the line break of a header is not that of the rows."""
    text = '"Código ""A""";"Área\n(ha)";" USO  del suelo "\r\nA;1;M1\r\nB;2;M2\r\n'
    columns = {
        "parcel_code": "'código \"a\"'",
        "site_area_m2": "{column: Área (ha), unit: ha}",
        "land_use_code": "uso del suelo",
    }
    found = city(tmp_path, text, entry(columns))
    rows = found.ask("select parcel_code, site_area_m2, land_use_code from accepted.parcels order by 1")
    assert rows == [("A", 10_000.0, "M1"), ("B", 20_000.0, "M2")]


def test_a_factor_stands_in_for_a_unit_that_is_not_known(tmp_path):
    found = city(tmp_path, "id,area\nA,2.5\n", entry({"site_area_m2": "{column: area, factor: 1000}"}))
    assert found.ask("select site_area_m2 from accepted.parcels") == [(2500.0,)]
    assert found.ask("select factor from ledger.load_column where source_column = 'area'") == [(1000.0,)]


def test_alike_rows_are_one_and_others_are_kept(tmp_path):
    """What is not taken may differ; what is taken and differs is a conflict; surplus cells make a row unlike."""
    text = "id,area,firm\nA,10,x\nA,10,y\nB,10,x\nB,11,y\nC,10,x\nC,10,x,more\nD,1,x\n"
    found = city(tmp_path, text, entry({"site_area_m2": "area"}, feed="distinct: true"))
    assert found.ledger()["raw/a.csv"] == ("loaded", 6, 3, 3, 0)
    codes = found.ask("select parcel_code from accepted.parcels order by 1")
    assert codes == [("A",), ("C",), ("D",)]
    assert found.rules("parcels") == [
        (3, "conflict:parcel_code"), (4, "conflict:parcel_code"), (6, "row_shape:row"),
    ]  # fmt: skip
    assert found.ask("select reason from ledger.load")[0][0].startswith("1 行")
    found.put({"mapping.yml": entry({"site_area_m2": "area"})})
    found.ingest()
    assert found.ledger()["raw/a.csv"] == ("loaded", 7, 3, 4, 0)


def test_several_files_by_pattern_and_a_year_written_as_a_float(tmp_path):
    plan = entry({"site_area_m2": "area"}).replace("year: 2024", "year: {column: year}")
    files = {"raw/a.csv": "id,area,year\nA,1,2024.0\nB,1,2023.0\n", "raw/b.csv": "id,area,year\nC,1,2024\n"}
    found = City(tmp_path).put({**files, "city.yml": PROFILE, "mapping.yml": plan})
    found.ingest()
    assert found.ask("select parcel_code from accepted.parcels where data_year = 2024 order by 1") == [("A",), ("C",)]


def refusal(folder, plan: str, text: str = "id,area\nA,1\n") -> str:
    with pytest.raises(ConfigurationError) as caught:
        city(folder, text, plan)
    return f"{caught.value.message} {caught.value.next_step}"


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (entry({"site_area_m2": "{column: area, unit: dönüm}"}), ("entry 1", "'dönüm'", "acre", "factor")),
        (entry({"site_area_m2": "{column: area, unit: m2, factor: 2}"}), ("not both",)),
        (entry({"site_area_m2": "{column: area, numbers: '1.234.5'}"}), ("numbers", "1.234,5")),
        (entry({"supply_date": "{column: area, dates: '%d.%m.%y'}"}), ("dates", "%Y")),
        (entry({"supply_date": "{column: area, numbers: '1.234,5'}"}), ("supply_date is no number",)),
        (entry({"parcel_code": "{column: id, extract: '(a)(b)'}"}), ("extract", "brackets")),
        (entry({"parcel_code": "{column: id, extract: '(?=a)(b)'}"}), ("extract", "RE2")),
        (entry({"parcel_code": "{columns: [id, area], digits: [1]}"}), ("digits",)),
        (entry({"parcel_code": "{colum: id}"}), ("colum", "did you mean column?")),
        (entry({}, feed="distnct: true"), ("distnct", "did you mean distinct?")),
        (entry({}, "  encodng: cp1254\n"), ("encodng", "did you mean encoding?")),
        ("files: raw/a.csv\n", ("list of entries",)),
        ("- files: raw/a.csv\n", ("entry 1.datasets", "missing")),
        (entry({}) + entry({}), ("two entries feed parcels from raw/a.csv",)),
        (
            entry({"site_area_m2": "area"}, feed="where: Area2 > 0"),
            ("raw/*.csv", "parcels.where", "'Area2 > 0'", "raw/a.csv", "id, area"),
        ),
    ],
)
def test_a_wrong_mapping_says_where_and_what_to_do(tmp_path, plan, words):
    said = refusal(tmp_path, plan)
    for word in words:
        assert word in said


def test_a_column_that_is_not_there_is_told(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    logging.getLogger("landgauge").propagate = True
    found = city(tmp_path, "id,area\nA,1\n", entry({"site_area_m2": "area", "parcel_name": "Naem"}))
    idle = "- {files: rwa/*, year: 2024, datasets: {taxes: {}}}\n"
    assert "'Naem'" in found.ask("select reason from ledger.load")[0][0]
    assert "'Naem'" in caplog.text
    found.put({"mapping.yml": entry({"site_area_m2": "aera"}) + idle})
    (complaint,) = found.ingest().complaints
    assert "site_area_m2 ← 'aera'; columns of the file: 'id', 'area'" in complaint
    assert "entry 2: files: rwa/* matches no file" in caplog.text


def test_a_row_with_too_many_cells_stops_neither_condition_nor_years_nor_originals(tmp_path):
    """Such a file is read twice: quickly, and then row by row."""
    text = "id,area,year\nA,1,2024\nA,2,2024\nB,2,2024,more\nC,3,2023\nD,7,2024\n"
    plan = entry({"site_area_m2": "area"}, feed="where: area <> '7'").replace("year: 2024", "year: {column: year}")
    found = city(tmp_path, text, plan)
    assert found.rules("parcels") == [
        (1, "conflict:parcel_code"), (2, "conflict:parcel_code"), (3, "row_shape:row"),
    ]  # fmt: skip
    originals = found.ask("select original_row from quarantine.finding order by row_no")
    assert [('"year":"2024"' in row[0]) for row in originals] == [True, True, True]
    with found.open() as con:
        request = intake.Request(
            found.landing / "raw/a.csv", "raw/a.csv", contract.load("parcels"),
            scan.targets("raw/a.csv", mapping.load(found.landing))[0], tmp_path,
        )  # fmt: skip
        assert intake.years_in(con, request) == [2023, 2024]
