"""Mutations that know the format: members of archives, XML, GeoPackages, GeoJSON, Parquet, parts of Shapefiles."""

from __future__ import annotations

import io
import json
import re
import sqlite3
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq

from . import byte_mutations

Mutation = Callable[[bytes, Random], bytes]
Members = dict[str, bytes]
_BOMB_BYTES = 200_000_000
_ENTITIES = b"".join(b'<!ENTITY e%d "%s">' % (i, b"&e%d;" % (i - 1) * 10) for i in range(1, 12))
_DOCTYPES = (
    b'<!DOCTYPE x [<!ENTITY e0 "lol">' + _ENTITIES + b"]>",
    b'<!DOCTYPE x [<!ENTITY e11 SYSTEM "file:///etc/passwd">]>',
    b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
)
_CELLS = (b"A0", b"XFD1048576", b"XFE1", b"A1048577", b"A4294967296", b"ZZZZZZZ1", b"1A", b"", b"A-1", b"R1C1")
_GEOMETRIES = (
    "010300000000000000", "0103000000FFFFFFFF", "01030000000100000000000000", "0102000000FFFFFF7F", "00", "", "01",
    "010700000001000000" * 60, "0101000000000000000000F87F000000000000F87F", "01E9030000" + "00" * 24,
    "010300000001000000040000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000", "0111000000", "01EB030000FFFFFFFF",
)  # fmt: skip


def read_members(data: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write_members(members: Members, stored: bool = False) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def member_bytes(data: bytes, rng: Random) -> bytes:
    """A member's own bytes are damaged, and packed again with a right checksum."""
    members = read_members(data)
    name = rng.choice(_telling(members))
    change = rng.choice([m for m, _ in byte_mutations.MUTATIONS.values()])
    return write_members(members | {name: change(members[name], rng)})


def member_missing(data: bytes, rng: Random) -> bytes:
    members = read_members(data)
    members.pop(rng.choice(sorted(members)))
    return write_members(members)


def member_exchanged(data: bytes, rng: Random) -> bytes:
    members = read_members(data)
    a, b = rng.choice(sorted(members)), rng.choice(sorted(members))
    members[a], members[b] = members[b], members[a]
    return write_members(members)


def member_named(data: bytes, rng: Random) -> bytes:
    """Names that lead elsewhere, one beside the rest or in the place of a member."""
    members = read_members(data)
    name = rng.choice(sorted(members))
    new = rng.choice(
        ("../" * 8 + "tmp/escaped" + name[-4:], "/tmp/escaped" + name[-4:], "..\\..\\escaped.shp", "a" * 5000)
    )
    members[new] = members.pop(name) if rng.random() < 0.5 else b"escaped"
    return write_members(members)


def member_flags(data: bytes, rng: Random) -> bytes:
    """The archive's own records lie: encrypted, another method, sizes, checksum, offsets."""
    out = bytearray(data)
    heads = [m.start() for m in re.finditer(b"PK\x01\x02|PK\x03\x04|PK\x05\x06", data)]
    for _ in range(rng.randint(1, 3)):
        at = rng.choice(heads) + rng.choice((4, 6, 8, 10, 14, 16, 18, 20, 22, 24, 26, 28, 42))
        if at + 4 <= len(out):
            out[at : at + rng.choice((1, 2, 4))] = rng.choice((b"\0", b"\xff", b"\x01", b"\x63"))
    return bytes(out)


def member_twice(data: bytes, rng: Random) -> bytes:
    out = io.BytesIO(data)
    members = read_members(data)
    name = rng.choice(_telling(members))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), byte_mutations.flip(members[name], rng))
    return out.getvalue()


def zip_bomb(data: bytes, rng: Random) -> bytes:
    """A member that unpacks to 200 MB of one byte."""
    members = read_members(data)
    name = rng.choice(_telling(members))
    return write_members(members | {name: members[name] + b" " * _BOMB_BYTES})


def xml_bomb(data: bytes, rng: Random) -> bytes:
    """Entities that grow to 3 * 10^11 bytes, or that name a file or an address."""
    members = read_members(data)
    names = [n for n in members if n.endswith((".xml", ".rels"))]
    name = rng.choice(names)
    body = re.sub(rb"^<\?xml[^>]*\?>", b"", members[name])
    body = re.sub(rb">[^<>]+<", b">&e11;<", body, count=1)
    return write_members(members | {name: b'<?xml version="1.0"?>' + rng.choice(_DOCTYPES) + body})


def xml_attributes(data: bytes, rng: Random) -> bytes:
    """Cell references, styles, counts and dimensions that cannot be, or are far away."""
    members = read_members(data)
    name = rng.choice([n for n in members if "worksheets/" in n and n.endswith(".xml")] or sorted(members))
    body = members[name]
    patterns = (rb' r="[A-Z]+\d+"', rb' t="\w+"', rb' s="\d+"', rb'ref="[^"]*"', rb' r="\d+"', rb"<v>[^<]*</v>")
    found = list(re.finditer(rng.choice(patterns), body)) or [re.search(rb"$", body)]
    for match in sorted(rng.sample(found, min(len(found), rng.randint(1, 3))), key=lambda m: -m.start()):
        body = body[: match.start()] + _other(match[0], rng) + body[match.end() :]
    return write_members(members | {name: body})


def _other(found: bytes, rng: Random) -> bytes:
    head = found.split(b'"')[0]
    if found.startswith(b"<v>"):
        return b"<v>" + rng.choice((b"99999999", b"-1", b"1e999", b"x", b"", b"&#0;", b"#REF!", b"1" * 400)) + b"</v>"
    value = rng.choice((*_CELLS, b"99999999999", b"-1", b"s", b"e", b"b", b"d", b"A1:XFD1048576"))
    return head + b'"' + value + b'"'


def sparse_sheet(data: bytes, rng: Random) -> bytes:
    """One more cell at the far corner of the sheet: 17 billion places, two of them filled."""
    members = read_members(data)
    name = rng.choice([n for n in members if "worksheets/" in n and n.endswith(".xml")] or sorted(members))
    far = b'<row r="1048576"><c r="XFD1048576" t="n"><v>1</v></c></row></sheetData>'
    return write_members(members | {name: members[name].replace(b"</sheetData>", far)})


def _telling(members: Members) -> list[str]:
    """The members that hold the table, where there are such."""
    words = ("sheet", "sharedStrings", "workbook", "Content_Types", "styles", ".shp", ".dbf", ".shx", ".prj", ".cpg")
    return sorted(n for n in members if any(w in n for w in words)) or sorted(members)


def geopackage(data: bytes, rng: Random) -> bytes:
    """Valid SQLite that is a broken GeoPackage: shapes, contents, references, views in place of tables."""
    statements = rng.choice(_GPKG)
    return _sqlite(data, [s.format(wkb=rng.choice(_GEOMETRIES), n=rng.randint(1, 6)) for s in statements])


_ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n)"
_GPKG: tuple[tuple[str, ...], ...] = (
    ("update layer set wkb = x'{wkb}' where fid = {n}",),
    ("update layer set wkb = cast(substr(wkb, 1, 40) || x'{wkb}' as blob) where fid = {n}",),
    ("update layer set wkb = 'text' where fid = {n}",),
    ("update layer set wkb = null",),
    ("update layer set wkb = zeroblob(3000000) where fid = {n}",),
    ("delete from gpkg_contents",),
    ("delete from gpkg_geometry_columns",),
    ("delete from gpkg_spatial_ref_sys",),
    ("update gpkg_spatial_ref_sys set definition = 'nonsense', organization = 'x', organization_coordsys_id = 1",),
    ("update gpkg_contents set srs_id = 99999", "update gpkg_geometry_columns set srs_id = 99999"),
    ("update gpkg_contents set srs_id = -1", "update gpkg_geometry_columns set srs_id = -1"),
    ("update gpkg_contents set table_name = 'a''b;--'",),
    ("update gpkg_geometry_columns set geometry_type_name = 'NONSENSE', z = 7",),
    ("drop table layer",),
    ("alter table layer rename to hidden", f"create view layer as {_ENDLESS} select i as fid, null as wkb from n"),
    ("alter table layer rename to hidden", "create view layer as select * from hidden where 1/0"),
    ("create table more as select * from layer", "insert into gpkg_contents (table_name, data_type, identifier) "
     "values ('more', 'features', 'more')"),
    ("create table other as select * from layer", "insert into gpkg_contents (table_name, data_type, identifier) "
     "values ('other', 'attributes', 'other')"),
    ("drop table gpkg_contents", "drop table gpkg_geometry_columns", "drop table gpkg_spatial_ref_sys"),
    ("pragma application_id = 0", "pragma user_version = 99999"),
    ("delete from layer",),
    ("update gpkg_ogr_contents set feature_count = 1000000",),
    ("create trigger t before delete on layer begin select raise(abort, 'no'); end",),
    ("alter table layer add column \"a\"\"b'; --\" text",),
    ("alter table layer add column later generated always as (1) virtual",),
)  # fmt: skip


def _sqlite(data: bytes, statements: list[str]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "layer.gpkg"
        path.write_bytes(data)
        con = sqlite3.connect(path, isolation_level=None)
        con.execute("pragma trusted_schema = on")
        for (name,) in con.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            con.execute(f'drop trigger "{name}"')  # they call functions that only GDAL has
        for statement in statements:
            try:
                con.execute(statement)
            except sqlite3.Error:
                continue
        con.close()
        return path.read_bytes()


def geojson(data: bytes, rng: Random) -> bytes:
    """Well-formed JSON that is no good GeoJSON, and what some readers take for JSON."""
    document = json.loads(data)
    rng.choice(_GEOJSON)(document, rng)
    return json.dumps(document, ensure_ascii=rng.random() < 0.5).encode("utf-8", "surrogatepass")


def _set_coordinates(document: dict, rng: Random) -> None:
    odd = (None, [], [[]], [[[]]], [[[0, 0]]], [[[113.5, 23.1]] * 3], [[["a", "b"]] * 4], [[[float("nan")] * 2] * 4], 7,
           [[[1e308, 1e308]] * 4], [[[113, 23, 1, 2, 3, 4]] * 5], "x", [[[113.5, 23.1], [113.6, 23.2], [113.6, 23.1],
           [113.5, 23.2], [113.5, 23.1]]])  # fmt: skip
    _feature(document, rng)["geometry"]["coordinates"] = rng.choice(odd)


def _set_geometry(document: dict, rng: Random) -> None:
    nested: dict = {"type": "GeometryCollection", "geometries": []}
    for _ in range(rng.choice((1, 40, 200))):
        nested = {"type": "GeometryCollection", "geometries": [nested]}
    odd = (None, {}, [], "x", {"type": "Polygon"}, {"type": "Nothing", "coordinates": []}, nested, {"type": "Point",
           "coordinates": [113.5, 23.1]}, {"type": ["Polygon"], "coordinates": []})  # fmt: skip
    _feature(document, rng)["geometry"] = rng.choice(odd)


def _set_properties(document: dict, rng: Random) -> None:
    deep: object = 1
    for _ in range(100):
        deep = {"a": deep}
    odd = (
        None,
        {},
        [],
        "x",
        {"宗地代码": None},
        {"宗地代码": [1]},
        {"": ""},
        deep,
        {"x" * 70_000: 1},
        {"宗地面积": 10**400},
    )
    _feature(document, rng)["properties"] = rng.choice(odd)


def _set_members(document: dict, rng: Random) -> None:
    key, value = rng.choice((
        ("type", "Feature"), ("type", None), ("type", "Topology"), ("features", None), ("features", {}), ("features",
        [None]),
        ("features", [1, "x", []]), ("crs", {"type": "name", "properties": {"name": "nonsense"}}), ("crs", 7),
        ("bbox", [1]),
        ("crs", {"type": "name", "properties": {"name": "EPSG:4547"}}), ("features", []), ("crs", {"type": "link"}),
    ))  # fmt: skip
    document[key] = value


def _feature(document: dict, rng: Random) -> dict:
    return rng.choice(document["features"])


_GEOJSON = (_set_coordinates, _set_geometry, _set_properties, _set_members)


def parquet(data: bytes, rng: Random) -> bytes:
    """Valid Parquet with columns and metadata that nobody expects."""
    table = pq.read_table(io.BytesIO(data))
    out = io.BytesIO()
    pq.write_table(rng.choice(_PARQUET)(table, rng), out, compression=rng.choice(("snappy", "zstd", "none")))
    return out.getvalue()


def _odd_column(table: pa.Table, rng: Random) -> pa.Table:
    n = len(table)
    arrays = (
        pa.array([[1, 2]] * n), pa.array([{"a": 1}] * n), pa.array([float("nan")] * n), pa.array([float("inf")] * n),
        pa.nulls(n), pa.array([2**63 - 1] * n), pa.array([b"\xff\xfe"] * n), pa.array([True] * n), pa.array(["x"] * n),
        pa.array([253402300800] * n, pa.timestamp("s")), pa.array([-1] * n, pa.duration("s")), pa.array([1] * n,
        pa.time32("s")),
        pa.array(["x"] * n).dictionary_encode(), pa.array([10**30] * n, pa.decimal128(38, 0)), pa.array([[("k",
        1)]] * n,
        pa.map_(pa.string(), pa.int32())), pa.array([2**31 - 1] * n, pa.date32()), pa.array([1.5] * n, pa.float32()),
    )  # fmt: skip
    place = rng.randrange(table.num_columns)
    return table.set_column(place, table.column_names[place], rng.choice(arrays))


def _odd_metadata(table: pa.Table, rng: Random) -> pa.Table:
    geo = rng.choice((
        b"nonsense", b"{}", b"[]", b"null", b'{"primary_column": "x", "columns": {}}', b"\xff",
        b'{"primary_column": 1}',
        b'{"primary_column": "geometry", "columns": {"geometry": {"encoding": "point"}}}', b"[" * 5000,
        b'{"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "crs": {"type": "x"}}}}',
        b'{"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "crs": 7}}}',
        b'{"primary_column": "geometry", "columns": {"geometry": {"encoding": "WKB", "crs": null}}}',
    ))  # fmt: skip
    return table.replace_schema_metadata({"geo": geo})


def _odd_names(table: pa.Table, rng: Random) -> pa.Table:
    names = list(table.column_names)
    odd = (
        "",
        names[0],
        names[0].upper(),
        "a.b",
        'a"b',
        "a'b;--",
        "row_no",
        "file_row_number",
        "\n",
        "x" * 70_000,
        "wkb",
    )
    names[rng.randrange(len(names))] = rng.choice(odd)
    return table.rename_columns(names)


def _odd_shapes(table: pa.Table, rng: Random) -> pa.Table:
    if "geometry" not in table.column_names:
        return _odd_column(table, rng)
    place = table.column_names.index("geometry")
    shapes = table.column(place).to_pylist()
    shapes[rng.randrange(len(shapes))] = bytes.fromhex(rng.choice(_GEOMETRIES))
    return table.set_column(place, "geometry", pa.array(shapes, pa.binary()))


_PARQUET = (_odd_column, _odd_column, _odd_metadata, _odd_names, _odd_shapes)
ARCHIVE: dict[str, tuple[Mutation, int]] = {
    "member bytes": (member_bytes, 6),
    "member missing": (member_missing, 1),
    "member exchanged": (member_exchanged, 1),
    "member named": (member_named, 1),
    "member flags": (member_flags, 2),
    "member twice": (member_twice, 1),
}
WORKBOOK: dict[str, tuple[Mutation, int]] = {
    **ARCHIVE,
    "xml bomb": (xml_bomb, 2),
    "xml attributes": (xml_attributes, 4),
    "sparse sheet": (sparse_sheet, 1),
}
BY_EXTENSION: dict[str, dict[str, tuple[Mutation, int]]] = {
    ".xlsx": WORKBOOK,
    ".zip": ARCHIVE,
    ".gpkg": {"geopackage": (geopackage, 10)},
    ".geojson": {"geojson": (geojson, 10)},
    ".parquet": {"parquet": (parquet, 10)},
}
HEAVY: dict[str, Mutation] = {"zip bomb": zip_bomb}
