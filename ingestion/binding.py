"""Headers to contract columns: by the contract's names, by the mapping, with units; and what is wrong with a header."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb

from ingestion import notation, units
from ingestion.contract import Column, Contract, fold_header
from ingestion.crs import DECLARED_CRS, resolve, transform
from ingestion.mapping import MEASURED, ColumnSpec
from ingestion.rows import SourceColumn
from ingestion.source import Part, Rejected, Request, SourceField
from landgauge import log
from landgauge.sql import literal

_LOG = log.get("ingestion")
WITHIN = "within_parcel"  # column of the relation: the parcel under the row's geometry
_WHOLE_TYPES = ("FLOAT", "DOUBLE", "DECIMAL")
_PLAIN_TYPES = (
    "VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "DECIMAL", "DATE", "TIMESTAMP",
)  # fmt: skip
_SHOWN = 40  # headers that a message lists
_MISSING = "('', '-', '--', '/', '无', 'na', 'n/a', 'null')"


@dataclass(frozen=True)
class HeaderUse:
    """What became of a source column; `column_name` None: kept aside."""

    source_column: str
    column_name: str | None
    given_unit: str | None = None
    factor: float | None = None


@dataclass(frozen=True)
class Binding:
    """Contract columns with their source expressions, and every source column with its use."""

    bound: dict[str, SourceColumn]
    uses: tuple[HeaderUse, ...]


def bind(part: Part, request: Request) -> Binding:
    """Bind a part's columns to the contract: first as the mapping says, then by header.

    Raises Rejected for a required column that is missing, a unit that is unknown, or two columns for one.
    """
    contract = request.contract
    bound, uses = _by_mapping(part, request)
    taken = {use.source_column for use in uses}
    for field in part.fields:
        if field.header not in taken:
            uses.append(_by_header(field, contract, request, bound))
    missing = [contract.column(name) for name in contract.required if name not in bound]
    if missing:
        names = "、".join(f"{column.header_zh}（{column.name}）" for column in missing)
        where = f"工作表“{part.label}”" if part.label else ""
        detail = f"{where}缺少 {names} (missing: {names}){_wanted(part, request, missing)}"
        raise Rejected("missing_column", detail, missing[0].name)
    return Binding(_in_declared_crs(bound, part, request), tuple(uses))


def _by_header(field: SourceField, contract: Contract, request: Request, bound: dict[str, SourceColumn]) -> HeaderUse:
    name, unit = request.resolve(field.header)
    if name is None or name in request.feed.columns or contract.column(name).type == "geometry":
        return HeaderUse(field.header, None)
    if name in bound:
        column = contract.column(name)
        raise Rejected("duplicate_header", f"{column.header_zh}（{name}）有两列 (two columns for {name})", name)
    factor = 1.0 if unit is None else _factor(unit, contract.column(name))
    bound[name] = _noted(_plain(field, factor, unit), ColumnSpec(column=field.header), request, contract.column(name))
    return HeaderUse(field.header, name, unit, factor if contract.column(name).type == "number" else None)


def _factor(unit: str, column: Column) -> float:
    factor = units.factor(unit, column.unit)
    if factor is None:
        detail = f"{column.header_zh}（{column.name}）的单位“{unit}”不认识 (unknown unit {unit!r})"
        raise Rejected("unknown_unit", detail, column.name)
    return factor


def _plain(field: SourceField, factor: float = 1.0, unit: str | None = None) -> SourceColumn:
    if field.sql_type.startswith(_PLAIN_TYPES) and not field.sql_type.endswith("]"):
        return SourceColumn(field.name, field.sql_type, factor, unit)
    return SourceColumn(f"cast({field.name} as varchar)", "VARCHAR", factor, unit)


def _by_mapping(part: Part, request: Request) -> tuple[dict[str, SourceColumn], list[HeaderUse]]:
    bound: dict[str, SourceColumn] = {}
    uses: list[HeaderUse] = []
    for name, spec in request.feed.columns.items():
        source = _mapped(spec, part, request, request.contract.column(name))
        if source is None:
            _miss(name, spec, part, request)
            continue
        bound[name] = source
        factor = source.factor if request.contract.column(name).type == "number" else None
        headers = [found.header for h in (spec.column, *spec.columns) if h and (found := find_field(part, h))]
        uses += [HeaderUse(header, name, spec.unit, factor) for header in headers]
    return bound, uses


def _miss(name: str, spec: ColumnSpec, part: Part, request: Request) -> None:
    """Note that a file lacks what the mapping names, in the ledger and for whoever is looking on."""
    if spec.within is not None:
        note = f"{name}: 文件没有图形，无法按位置落宗 (within needs geometry; enterprises are paired by position)"
    else:
        note = (
            f"{name}: 文件中没有 mapping.yml 所列的列 {_absent(spec, part)} (the mapping's column is not in the file)"
        )
    if note not in request.notes:
        request.notes.append(note)
        _LOG.warning("%s: %s: %s", request.name, request.contract.dataset, note)


def _absent(spec: ColumnSpec, part: Part) -> str:
    """The columns of a mapping that a file lacks."""
    named = spec.columns or ((spec.column,) if spec.column else ())
    return "、".join(repr(header) for header in named if find_field(part, header) is None) or "(geometry)"


def _wanted(part: Part, request: Request, missing: list[Column]) -> str:
    """What the mapping names for the missing columns, and what the file has instead."""
    if request.entry is None:
        return ""
    specs = [(column.name, request.feed.columns.get(column.name)) for column in missing]
    named = "; ".join(f"{name} ← {_absent(spec, part)}" if spec else f"{name}: not mapped" for name, spec in specs)
    return f"; mapping.yml: {named}; columns of the file: {headers(part)}"


def headers(part: Part) -> str:
    """Return the headers of a file for a message, as many as one can take in."""
    found = [repr(field.header) for field in part.fields if field.header]
    more = f", … ({len(found)} in all)" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def _mapped(spec: ColumnSpec, part: Part, request: Request, column: Column) -> SourceColumn | None:
    factor = (spec.factor or 1.0) if spec.unit is None else _factor(spec.unit, column)
    if spec.constant is not None:
        return SourceColumn(literal(spec.constant), "VARCHAR", factor, spec.unit)
    if spec.within is not None:
        return SourceColumn(WITHIN, "VARCHAR") if part.has_geometry else None
    fields = [find_field(part, header) for header in (spec.columns or (spec.column or "",))]
    if not all(fields):
        return None if spec.default is None else SourceColumn(literal(spec.default), "VARCHAR", factor, spec.unit)
    found = [field for field in fields if field]
    if len(found) == 1 and not _is_composed(spec):
        return _noted(_plain(found[0], factor, spec.unit), spec, request, column)
    return SourceColumn(_composed(spec, found, request, column), "VARCHAR", factor, spec.unit)


def _is_composed(spec: ColumnSpec) -> bool:
    wrapped = spec.codes or spec.prefix or spec.suffix or spec.default is not None
    return bool(wrapped or spec.extract or spec.digits)


def _noted(source: SourceColumn, spec: ColumnSpec, request: Request, column: Column) -> SourceColumn:
    """The same column with numbers and dates written as the contract has them, where the mapping says how they are."""
    if source.sql_type != "VARCHAR":
        return source
    return replace(source, sql=_written(source.sql, spec, request, column))


def _written(sql: str, spec: ColumnSpec, request: Request, column: Column) -> str:
    numbers, dates = (spec.numbers, spec.dates)
    if request.entry is not None:
        numbers, dates = numbers or request.entry.numbers, dates or request.entry.dates
    spreadsheet = request.kind == "sheet"
    if column.type == "number" and numbers is not None:
        return notation.number(sql, numbers, spreadsheet)
    return notation.date(sql, dates, spreadsheet) if column.type == "date" and dates is not None else sql


def _texts(spec: ColumnSpec, fields: list[SourceField]) -> list[str]:
    """The text of each field: the part that is wanted, with its leading zeros."""
    widths = spec.digits if isinstance(spec.digits, tuple) else (spec.digits,) * len(fields)
    texts = [text_of(field) for field in fields]
    if spec.extract is not None:
        texts = [notation.extracted(text, spec.extract) for text in texts]
    return [notation.padded(t, width) if width else t for t, width in zip(texts, widths, strict=True)]


def _composed(spec: ColumnSpec, fields: list[SourceField], request: Request, column: Column) -> str:
    """SQL text: joined, looked up in the codes, wrapped; a missing value stays missing or becomes the default."""
    listed = _texts(spec, fields)
    texts = ", ".join(listed)
    text = texts if len(fields) == 1 else f"concat_ws({literal(spec.separator)}, {texts})"
    value = f"trim({text})"
    plain = all(field.sql_type == "VARCHAR" for field in fields)
    read = _written(value, spec, request, column) if plain else value
    missing = f"({text} is null or lower({value}) in {_MISSING})"
    if spec.codes:
        cases = " ".join(f"when {literal(given)} then {literal(code)}" for given, code in spec.codes.items())
        known = f"case {value} {cases} else {read} end"
    else:
        known = read
    empty = spec.codes.get("", spec.default)
    known = f"nullif({known}, '')"  # a code that stands for nothing stays nothing
    wrapped = f"{literal(spec.prefix)} || {known} || {literal(spec.suffix)}"
    return f"case when {missing} then {literal(empty)} else {wrapped} end"


def find_field(part: Part, header: str) -> SourceField | None:
    """Return the field of that header, spelled exactly or nearly, or a measure of the geometry."""
    exact = next((field for field in part.fields if field.header == header), None)
    if exact is not None:
        return exact
    folded = fold_header(header)
    near = next((field for field in part.fields if fold_header(field.header) == folded), None)
    if near is None and part.has_geometry and header in MEASURED:
        kinds = {"polygon_parts": "BIGINT", "geometry_type": "VARCHAR"}
        return SourceField(header, header, kinds.get(header, "DOUBLE"))
    return near


def text_of(field: SourceField) -> str:
    """Return SQL giving a field as text; whole numbers without a point."""
    plain = f"cast({field.name} as varchar)"
    if not field.sql_type.startswith(_WHOLE_TYPES):
        return plain
    whole = f"{field.name} = trunc({field.name}) and abs({field.name}) < 1e15"
    return f"case when {whole} then cast(cast({field.name} as bigint) as varchar) else {plain} end"


def year_sql(part: Part, header: str) -> str:
    """Return SQL giving the year in a column, NULL where it holds none. Raises Rejected without the column."""
    field = find_field(part, header)
    if field is None:
        raise Rejected("missing_column", f"缺少年份列 {header} (no column {header} for the year)")
    return f"try_cast(regexp_extract(trim({text_of(field)}), '^([1-9]\\d{{3}})(年|\\.0|[-/].*)?$', 1) as integer)"


def distinct(con: duckdb.DuckDBPyConnection, relation: str, binding: Binding, request: Request, condition: str) -> str:
    """Return SQL that holds for the first of the rows that are alike in all they give; how many are not is noted.

    Rows with surplus cells or a geometry that could not be read are never alike.
    """
    given = ", ".join([*(f"({source.sql})" for source in binding.bound.values()), "geometry"])
    alike = f"extra is null and geometry_error is null and {condition}"
    firsts = f"select min(row_no) as row_no from {relation} where {alike} group by {given}"
    all_rows, kept = con.execute(
        f"select (select count(*) from {relation} where {alike}), (select count(*) from ({firsts}))"
    ).fetchall()[0]
    if all_rows > kept:
        more = all_rows - kept
        note = f"{more} 行与前面的行相同，不另计 ({more} rows are alike an earlier one and not counted: distinct)"
        request.notes.append(note)
    return f"(extra is not null or geometry_error is not null or row_no in ({firsts}))"


def _in_declared_crs(bound: dict[str, SourceColumn], part: Part, request: Request) -> dict[str, SourceColumn]:
    """Longitude and latitude from the mapping's CRS; what is no number stays as it is, for the row rules to see."""
    crs, swapped = resolve(request.feed.crs or DECLARED_CRS), request.feed.axes == "swapped"
    axes = ("longitude", "latitude")
    if part.has_geometry or (crs == DECLARED_CRS and not swapped) or not all(a in bound for a in axes):
        return bound
    x, y = (f"try_cast({bound[axis].sql} as double)" for axis in (reversed(axes) if swapped else axes))
    point = transform(f"st_point({x}, {y})", crs, DECLARED_CRS)
    placed = {}
    for axis, function in zip(axes, ("st_x", "st_y"), strict=True):
        given = f"cast({bound[axis].sql} as varchar)"
        moved = f"cast(cast({function}({point}) as decimal(18, 9)) as varchar)"
        sql = f"case when {x} is not null and {y} is not null then coalesce(try({moved}), {given}) else {given} end"
        placed[axis] = SourceColumn(sql, "VARCHAR")
    return bound | placed
