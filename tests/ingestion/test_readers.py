"""File formats as they come: encodings, quoting, ragged rows, workbooks with titles, Parquet types."""

from __future__ import annotations

import io
import zipfile

import duckdb
import openpyxl
import pytest
from books import xlsx
from landings import HEADER, P1, P2, P3, U1, U2, City, parcels


def load(tmp_path, name: str, content: str | bytes) -> City:
    city = City(tmp_path).put({f"parcels/2024/{name}": content})
    city.ingest()
    return city


def codes(city: City) -> list[str]:
    return [row[0] for row in city.ask("select parcel_code from accepted.parcels order by 1")]


def state(city: City) -> tuple[object, ...]:
    return next(iter(city.ledger().values()))


def finding(city: City) -> list[tuple[object, ...]]:
    return city.ask("select row_no, rule_code from quarantine.finding order by all")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings(tmp_path, encoding):
    text = parcels(P1).replace("宗地面积", "宗地面积,宗地名称").replace(",1000", ",1000,镕基厂𠮷")
    city = load(tmp_path, "a.csv", text.encode(encoding))
    assert city.ask("select parcel_name from accepted.parcels") == [("镕基厂𠮷",)]


def test_bytes_of_no_encoding_are_refused(tmp_path):
    city = load(tmp_path, "a.csv", HEADER.encode() + b"\n\xff\xff\xff\xff\n")
    assert (state(city)[0], finding(city)) == ("rejected", [(0, "file:encoding")])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path, delimiter):
    assert codes(load(tmp_path, "a.csv", parcels(P1).replace(",", delimiter))) == [P1]


def test_ragged_rows_and_blank_lines(tmp_path):
    text = f"{HEADER},绿地面积\n{P1},440112,M1,1000\n\n{P2},440112,M1,1000,5,surplus\n,,,,\n{P3},440112,M1,1000,5,\n\n"
    city = load(tmp_path, "a.csv", text)
    assert codes(city) == [P1, P3]
    assert finding(city) == [(2, "row_shape:row")]
    assert state(city) == ("loaded", 3, 2, 1, 0)
    assert "surplus" in city.ask("select original_row from quarantine.finding")[0][0]


def test_quotes_line_breaks_and_mixed_line_ends(tmp_path):
    text = f'{HEADER},宗地名称\r\n{P1},440112,M1,"1,000","一""厂\n东"\n{P2},440112,M1,1000,5" pipe\r\n'
    city = load(tmp_path, "a.csv", text)
    assert city.ask("select site_area_m2, parcel_name from accepted.parcels order by parcel_code") == [
        (1000.0, '一"厂\n东'),
        (1000.0, '5" pipe'),
    ]


def test_a_quote_that_never_closes_loses_no_row_silently(tmp_path):
    city = load(tmp_path, "a.csv", f'{HEADER}\n{P1},440112,M1,1000\n{P2},440112,M1,"1000\n{P3},440112,M1,1000\n')
    assert (state(city)[0], finding(city)) == ("rejected", [(0, "file:unreadable")])


def test_nul_bytes_do_no_harm(tmp_path):
    city = load(tmp_path, "a.csv", parcels(P1, P2).replace(P2, P2[:5] + "\0" + P2[5:]))
    assert codes(city) == [P1]
    assert finding(city) == [(2, "pattern:parcel_code")]


def test_titles_above_the_header_of_a_csv(tmp_path):
    assert codes(load(tmp_path, "a.csv", "黄埔区宗地表,,,\n\n" + parcels(P1))) == [P1]


@pytest.mark.parametrize(("name", "content"), [("a.csv", b""), ("a.csv", b"\n\n"), ("a.xlsx", b"")])
def test_empty_files(tmp_path, name, content):
    city = load(tmp_path, name, content)
    assert (state(city), finding(city)) == (("rejected", 0, 0, 0, 0), [(0, "file:empty")])


def test_a_header_alone_is_a_load_of_no_rows(tmp_path):
    assert state(load(tmp_path, "a.csv", HEADER)) == ("loaded", 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("header", "rule", "word"),
    [
        ("宗地代码,行政区代码,土地用途代码,备注", "file:missing_column", "site_area_m2"),
        ("宗地代码,行政区代码,土地用途代码,宗地面积(平方尺寸)", "file:unknown_unit", "平方尺寸"),
        ("宗地代码,行政区代码,parcel_code,宗地面积", "file:duplicate_header", "parcel_code"),
    ],
)
def test_headers_that_stop_a_file(tmp_path, header, rule, word):
    city = load(tmp_path, "a.csv", parcels(P1, P2).replace(HEADER, header))
    assert state(city) == ("rejected", 2, 0, 2, 0)
    assert finding(city) == [(0, rule)]
    assert word in city.ask("select reason from ledger.load")[0][0]


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.parquet", "a.gpkg", "a.geojson", "a.zip", "a.shp", "a.docx"])
def test_broken_files_stop_themselves(tmp_path, name):
    city = City(tmp_path).put({f"parcels/2024/{name}": b"not what the name says", "parcels/2024/b.csv": parcels(P1)})
    result = city.ingest()
    assert codes(city) == [P1]
    assert city.ledger()[f"parcels/2024/{name}"][0] == "rejected"
    assert finding(city) == [(0, "file:unreadable")]
    assert len(result.complaints) == 1
    assert name in result.complaints[0]


def workbook(*sheets: tuple[str, list[list[object]], bool]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, rows, visible in sheets:
        sheet = book.create_sheet(title)
        sheet.sheet_state = "visible" if visible else "hidden"
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_workbook_of_several_sheets(tmp_path):
    title = [["黄埔区 2024 年宗地申报表"], []]
    first = [*title, HEADER.split(","), [P1, 440112, "M1", 1000.5], [], [float("9.144e17"), 440112, "M1", 1000]]
    second = [["parcel_code", "district_code", "land_use_code", "宗地面积(公顷)"], [P2, "440112", "M1", 2]]
    city = load(
        tmp_path,
        "a.xlsx",
        workbook(("东", first, True), ("说明", [["请按要求填写"]], True), ("西", second, True), ("旧", second, False)),
    )
    assert city.ask("select row_no, parcel_code, site_area_m2 from accepted.parcels order by 1") == [
        (1, P1, 1000.5),
        (3, P2, 20000.0),
    ]
    assert finding(city) == [(2, "spreadsheet_number:parcel_code")]
    assert "说明" in city.ask("select reason from ledger.load")[0][0]


def test_header_of_two_rows(tmp_path):
    rows = [
        ["基本信息", None, None, "面积", None],
        ["宗地代码", "行政区代码", "土地用途代码", "宗地面积", "绿地面积"],
        [None, None, None, "(亩)", "(m²)"],
        [P1, "440112", "M1", 3, 100],
    ]
    city = load(tmp_path, "a.xlsx", workbook(("表", rows, True)))
    assert city.ask("select site_area_m2, green_area_m2 from accepted.parcels") == [(pytest.approx(2000), 100.0)]


def test_a_zip_bomb_is_refused(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    city = load(tmp_path, "a.xlsx", buffer.getvalue())
    assert finding(city) == [(0, "file:unreadable")]
    assert "MB" in city.ask("select reason from ledger.load")[0][0]


def test_parquet_keeps_its_types(tmp_path):
    path = tmp_path / "landing" / "parcels" / "2024" / "a.parquet"
    path.parent.mkdir(parents=True)
    duckdb.sql(
        f"select '{P1}' as parcel_code, 440112 as district_code, 'M1' as land_use_code, "
        "1000::decimal(10, 2) as 宗地面积, "
        "timestamp '2020-05-01 00:00:00' as supply_date, [1, 2] as tags"
    ).write_parquet(str(path))
    city = City(tmp_path)
    city.ingest()
    found = city.ask("select district_code, site_area_m2, cast(supply_date as varchar) from accepted.parcels")
    assert found == [("440112", 1000.0, "2020-05-01")]


def test_a_value_that_reads_like_a_header_stays_a_row(tmp_path):
    """The first row names a column that the header has misspelled: it is data all the same."""
    rows = [["统一社会信用代码", "入库税收", "*说明"], [U1, 88.25, "说明"], [U2, 5, "说明"]]
    city = City(tmp_path).put({"parcels/2024/p.csv": parcels(P1), "taxes/2024/t.xlsx": xlsx(rows)})
    city.ingest()
    assert city.ledger()["taxes/2024/t.xlsx"][:3] == ("loaded", 2, 2)
