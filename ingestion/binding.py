"""Headers to contract columns: by the contract's names, by the mapping, with units; and what is wrong with a header."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion import units
from ingestion.contract import Column, Contract, fold_header
from ingestion.geometry import DECLARED_CRS, transform
from ingestion.mapping import MEASURED, ColumnSpec
from ingestion.rows import SourceColumn
from ingestion.source import Part, Rejected, Request, SourceField, literal

WITHIN = "within_parcel"  # column of the relation: the parcel under the row's geometry
_WHOLE_TYPES = ("FLOAT", "DOUBLE", "DECIMAL")
_PLAIN_TYPES = (
    "VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "DECIMAL", "DATE", "TIMESTAMP",
)  # fmt: skip
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
        raise Rejected("missing_column", f"{where}缺少 {names} (missing: {names})", missing[0].name)
    return Binding(_in_declared_crs(bound, part, request), tuple(uses))


def _by_header(field: SourceField, contract: Contract, request: Request, bound: dict[str, SourceColumn]) -> HeaderUse:
    name, unit = request.resolve(field.header)
    if name is None or name in request.feed.columns or contract.column(name).type == "geometry":
        return HeaderUse(field.header, None)
    if name in bound:
        column = contract.column(name)
        raise Rejected("duplicate_header", f"{column.header_zh}（{name}）有两列 (two columns for {name})", name)
    factor = 1.0 if unit is None else _factor(unit, contract.column(name))
    bound[name] = _plain(field, factor, unit)
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
        source = _mapped(spec, part, request.contract.column(name))
        if source is None:
            request.notes.append(f"{name}: 文件中没有 mapping.yml 所列的列 (the mapping's column is not in the file)")
            continue
        bound[name] = source
        factor = source.factor if request.contract.column(name).type == "number" else None
        headers = [found.header for h in (spec.column, *spec.columns) if h and (found := find_field(part, h))]
        uses += [HeaderUse(header, name, spec.unit, factor) for header in headers]
    return bound, uses


def _mapped(spec: ColumnSpec, part: Part, column: Column) -> SourceColumn | None:
    factor = 1.0 if spec.unit is None else _factor(spec.unit, column)
    if spec.constant is not None:
        return SourceColumn(literal(spec.constant), "VARCHAR", factor, spec.unit)
    if spec.within is not None:
        return SourceColumn(WITHIN, "VARCHAR") if part.has_geometry else None
    fields = [find_field(part, header) for header in (spec.columns or (spec.column or "",))]
    if not all(fields):
        return None if spec.default is None else SourceColumn(literal(spec.default), "VARCHAR", factor, spec.unit)
    found = [field for field in fields if field]
    if len(found) == 1 and not (spec.codes or spec.prefix or spec.suffix or spec.default is not None):
        return _plain(found[0], factor, spec.unit)
    return SourceColumn(_composed(spec, found), "VARCHAR", factor, spec.unit)


def _composed(spec: ColumnSpec, fields: list[SourceField]) -> str:
    """SQL text: joined, looked up in the codes, wrapped; a missing value stays missing or becomes the default."""
    texts = ", ".join(text_of(field) for field in fields)
    text = texts if len(fields) == 1 else f"concat_ws({literal(spec.separator)}, {texts})"
    value = f"trim({text})"
    missing = f"({text} is null or lower({value}) in {_MISSING})"
    if spec.codes:
        cases = " ".join(f"when {literal(given)} then {literal(code)}" for given, code in spec.codes.items())
        known = f"case {value} {cases} else {value} end"
    else:
        known = value
    empty = spec.codes.get("", spec.default)
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
    return f"try_cast(regexp_extract(trim({text_of(field)}), '^([1-9]\\d{{3}})(年|[-/].*)?$', 1) as integer)"


def _in_declared_crs(bound: dict[str, SourceColumn], part: Part, request: Request) -> dict[str, SourceColumn]:
    """Longitude and latitude from the mapping's CRS; what is no number stays as it is, for the row rules to see."""
    crs = request.feed.crs
    axes = ("longitude", "latitude")
    if crs is None or part.has_geometry or crs.upper() == DECLARED_CRS or not all(a in bound for a in axes):
        return bound
    x, y = (f"try_cast({bound[axis].sql} as double)" for axis in axes)
    point = transform(f"st_point({x}, {y})", crs, DECLARED_CRS)
    placed = {}
    for axis, function in zip(axes, ("st_x", "st_y"), strict=True):
        given = f"cast({bound[axis].sql} as varchar)"
        moved = f"cast(cast({function}({point}) as decimal(18, 9)) as varchar)"
        sql = f"case when {x} is not null and {y} is not null then coalesce(try({moved}), {given}) else {given} end"
        placed[axis] = SourceColumn(sql, "VARCHAR")
    return bound | placed
