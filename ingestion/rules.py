"""A contract column compiled to SQL: its value as given, read and looked up, and the rules that it may break.

Names inside the compiled SQL: `g_<column>` as given, `q_<column>` the quick reading, `v_<column>` the value,
`l_<column>` what a look-up found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ingestion import lookups, normalise
from ingestion.contract import Column, Contract
from ingestion.normalise import Family
from landgauge.profile import Profile
from landgauge.sql import literals


@dataclass(frozen=True)
class SourceColumn:
    """What feeds a contract column: an SQL expression over the source relation, its DuckDB type, and the unit given.

    `sql` already holds the mapping's prefix, suffix, codes and constants; numbers are multiplied by `factor`.
    """

    sql: str
    sql_type: str
    factor: float = 1.0
    given_unit: str | None = None


@dataclass(frozen=True)
class RowContext:
    """What the rules need to know beside the row: the city, the data year, and what was read.

    `spreadsheet`: cells were a spreadsheet's. `underscores`: a text may hold some.
    """

    profile: Profile
    year: int
    spreadsheet: bool
    underscores: bool = True


@dataclass(frozen=True)
class Rule:
    """An error rule: SQL that is true where it is broken. After one that `stops`, the column's later rules are moot."""

    rule: str
    column: str
    broken: str
    stops: bool = False


@dataclass(frozen=True)
class ColumnPlan:
    """The SQL of one column, step by step; `joins` may use every `v_` name, `output` and rules every name.

    `fine` is a quick test: where it is true no rule of the column is broken; where it is not, the rules decide.
    """

    name: str
    given: str
    value: str
    output: str
    quick: str | None = None
    joins: tuple[str, ...] = ()
    found: str | None = None
    rules: tuple[Rule, ...] = field(default=())
    fine: str | None = None


@dataclass(frozen=True)
class _Cell:
    """A column together with what feeds it."""

    contract: Contract
    column: Column
    source: SourceColumn
    context: RowContext

    @property
    def kind(self) -> Family:
        return normalise.family(self.source.sql_type)

    @property
    def g(self) -> str:
        return f"g_{self.column.name}"

    @property
    def q(self) -> str:
        return f"q_{self.column.name}"

    @property
    def v(self) -> str:
        return f"v_{self.column.name}"

    @property
    def found(self) -> str:
        return f"l_{self.column.name}"

    @property
    def given(self) -> str:
        sql = self.source.sql
        return f"cast({sql} as varchar)" if self.kind == "text" else sql

    @property
    def missing(self) -> str:
        return f"lg_missing({self.g})" if self.kind == "text" else f"{self.g} is null"

    def rule(self, name: str, broken: str, stops: bool = False) -> Rule:
        return Rule(name, self.column.name, broken, stops)


_UNBOUND = SourceColumn("null", "VARCHAR")


def compile_column(contract: Contract, column: Column, source: SourceColumn | None, context: RowContext) -> ColumnPlan:
    """Return the plan of one column; a column without a source is missing in every row."""
    cell = _Cell(contract, column, source or _UNBOUND, context)
    if column.type == "geometry":
        return _geometry(cell)
    if column.type in ("code", "list", "text"):
        return _words(cell)
    return _parsed(cell)


def _geometry(cell: _Cell) -> ColumnPlan:
    """Geometry was read before; what was wrong with it is a rule here."""
    rules = tuple(cell.rule(name, f"geometry_error = '{name}'", stops=True) for name in ("geometry", "extent"))
    return ColumnPlan(cell.column.name, "cast(null as varchar)", cell.g, "geometry", rules=rules)


def _parsed(cell: _Cell) -> ColumnPlan:
    """Numbers, dates, years, flags and JSON: NULL is missing or unreadable."""
    quick, value = _parsers[cell.column.type](cell)
    unreadable = "list" if cell.column.type == "flag" else "type"
    rules = [cell.rule(unreadable, f"case when {cell.v} is null then not {cell.missing} else false end", stops=True)]
    if cell.column.required:
        missing = f"case when {cell.v} is null then {cell.missing} else false end"
        rules.insert(0, cell.rule("required", missing, stops=True))
    relations = _relations(cell)
    return ColumnPlan(
        cell.column.name, cell.given, value, cell.v, quick=quick, rules=(*rules, *_bounds(cell), *relations),
        fine=_fine(cell, relations),
    )  # fmt: skip


def _fine(cell: _Cell, relations: list[Rule]) -> str:
    """A value inside its bounds, or an empty cell where that is allowed, that breaks no rule on other columns."""
    column = cell.column
    signs = ((">=", column.at_least), ("<=", column.at_most), (">", column.above), ("<", column.below))
    within = " and ".join(f"{cell.v} {sign} {bound!r}" for sign, bound in signs if bound is not None)
    held = within or f"{cell.v} is not null"
    if not column.required:
        held = f"coalesce({within or f'{cell.v} = {cell.v}'}, {cell.g} is null)"
    others = [f"not coalesce({rule.broken}, false)" for rule in relations]
    return " and ".join([held, *others])


def _number(cell: _Cell) -> tuple[str | None, str]:
    quick = f"try_cast({cell.g} as double)" if cell.kind == "text" else None
    return quick, normalise.number(cell.g, cell.kind, cell.q, cell.source.factor, cell.context.underscores)


def _date(cell: _Cell) -> tuple[str | None, str]:
    quick = f"try_cast({cell.g} as date)" if cell.kind == "text" else None
    return quick, normalise.date(cell.g, cell.kind, cell.q, cell.context.spreadsheet)


def _year(cell: _Cell) -> tuple[str | None, str]:
    quick = f"try_cast({cell.g} as integer)" if cell.kind == "text" else None
    return quick, normalise.year(cell.g, cell.kind, cell.q)


_parsers: dict[str, Callable[[_Cell], tuple[str | None, str]]] = {
    "number": _number,
    "date": _date,
    "year": _year,
    "flag": lambda cell: (None, normalise.flag(cell.g, cell.kind)),
    "json": lambda cell: (None, normalise.json_object(cell.g)),
}


def _bounds(cell: _Cell) -> list[Rule]:
    column = cell.column
    signs = (("<", column.at_least), (">", column.at_most), ("<=", column.above), (">=", column.below))
    broken = " or ".join(f"{cell.v} {sign} {bound!r}" for sign, bound in signs if bound is not None)
    return [cell.rule("range", f"({broken})")] if broken else []


def _relations(cell: _Cell) -> list[Rule]:
    """Rules that look at another column of the row; where that one has no value they do not hold or break."""
    column, rules = cell.column, []
    if column.limit:
        rules.append(cell.rule("limit", f"{cell.v} > v_{column.limit}"))
    if column.after:
        rules.append(cell.rule("order", f"{cell.v} <= v_{column.after}"))
    if column.starts_with:
        rules.append(cell.rule("pattern", f"not starts_with({cell.v}, v_{column.starts_with})"))
    if column.area_tolerance:
        share = f"abs({cell.v} - polygon_area_m2) / {cell.v}"
        limit = cell.context.profile.area_tolerance.error
        rules.append(cell.rule("area", f"case when {cell.v} > 0 then {share} > {limit!r} else false end"))
    if column.required_when:
        rules.append(cell.rule("reason_required", _needed(cell)))
    return rules


def _needed(cell: _Cell) -> str:
    when = cell.column.required_when
    assert when is not None
    if when.below is not None:
        condition = f"v_{when.column} < {when.below!r}"
    else:
        condition = f"v_{when.column} <> {literals([when.unless or ''])}"
    empty = f"{cell.v} is null and {cell.missing}" if cell.column.type == "number" else f"{cell.v} is null"
    return f"({empty} and {condition})"


def _words(cell: _Cell) -> ColumnPlan:
    """Codes, lists and texts: NULL is missing."""
    allowed = _allowed(cell)
    quick, value = _word_value(cell, allowed)
    rules = [cell.rule("required", f"{cell.v} is null", stops=True)] if cell.column.required else []
    if cell.column.type == "code":
        rules.append(cell.rule("spreadsheet_number", _from_spreadsheet(cell), stops=True))
    if allowed is not None:
        rules.append(cell.rule("list", _outside(cell, allowed, quick is not None)))
    joins, found, looked_up = _looked_up(cell)
    output = f"coalesce({cell.found}, {cell.v})" if found and cell.column.pattern != "uscc" else cell.v
    rules += [*_patterns(cell), *looked_up, *_relations(cell)]
    return ColumnPlan(cell.column.name, cell.given, value, output, quick, joins, found, tuple(rules))


def _allowed(cell: _Cell) -> tuple[str, ...] | None:
    if cell.column.values_from:
        return lookups.values(cell.column.values_from, cell.context.profile, cell.context.year)
    return cell.column.values or None


def _word_value(cell: _Cell, allowed: tuple[str, ...] | None) -> tuple[str | None, str]:
    """Return the quick membership test, where there is one, and the value: members of the list pass as they are."""
    column, given = cell.column, cell.g
    if column.default is not None and cell.source is _UNBOUND:
        return None, literals([column.default])  # one for all rows, not found anew in each
    known = lookups.energy_unit_spellings() if column.values_from == "energy_unit" else allowed
    if column.values_from == "energy_unit" and cell.kind == "text":
        given = f"replace(replace({given}, '⁴', '^4'), '⁸', '^8')"
    value = (normalise.text if column.type == "text" else _code(cell))(given, cell.kind)
    if column.pattern == "uscc" and cell.context.profile.enterprise_code_pattern is None:
        value = f"upper({value})"
    if column.default is not None:
        value = f"coalesce({value}, {literals([column.default])})"
    if known and cell.kind == "text":
        return f"{cell.g} in ({literals(known)})", f"case when {cell.q} then {cell.g} else {value} end"
    return None, value


def _code(cell: _Cell) -> Callable[[str, Family], str]:
    return lambda sql, kind: normalise.code(sql, kind, cell.context.spreadsheet)


def _from_spreadsheet(cell: _Cell) -> str:
    if cell.kind == "real":
        return f"not ({cell.g} = floor({cell.g}) and abs({cell.g}) < {normalise.SIZE_LIMIT})"
    return f"lg_from_spreadsheet({cell.v})"


def _outside(cell: _Cell, allowed: tuple[str, ...], quick: bool) -> str:
    test = f"not list_contains([{literals(allowed)}], {cell.v})" if allowed else f"{cell.v} is not null"
    return f"case when {cell.q} then false else {test} end" if quick else test


def _patterns(cell: _Cell) -> list[Rule]:
    profile, column = cell.context.profile, cell.column
    if column.pattern == "parcel_code":
        return [cell.rule("pattern", _unlike(cell, profile.parcel_code_pattern), stops=True)]
    if column.pattern == "uscc" and profile.enterprise_code_pattern is not None:
        return [cell.rule("pattern", _unlike(cell, profile.enterprise_code_pattern), stops=True)]
    if column.pattern == "uscc":
        wrong = f"({cell.v} is not null and ({cell.found} is null or strlen({cell.v}) <> {lookups.USCC_LENGTH}))"
        modulus = len(lookups.USCC_ALPHABET)
        return [cell.rule("pattern", wrong, stops=True), cell.rule("check_digit", f"{cell.found} % {modulus} <> 0")]
    return []


def _unlike(cell: _Cell, pattern: str) -> str:
    return f"not regexp_full_match({cell.v}, {literals([pattern])})"


def _looked_up(cell: _Cell) -> tuple[tuple[str, ...], str | None, list[Rule]]:
    """Return joins, what they find, and the rule that it must be found."""
    source, v = cell.column.values_from, cell.v
    if cell.column.pattern == "uscc" and cell.context.profile.enterprise_code_pattern is None:
        return _uscc_joins(v), " + ".join(f"u{i}.s{i}" for i in range(lookups.CHUNKS)), []
    if source == "series_industry":
        join = f"left join lg_series_industry as s on s.given = upper({v})"
        return (join,), "s.code", [cell.rule("list", f"({v} is not null and {cell.found} is null)")]
    if source == "industry":
        return _industry_join(cell)
    if source == "energy_unit":
        return _unit_join(cell)
    return (), None, []


def _uscc_joins(v: str) -> tuple[str, ...]:
    step = lookups.CHUNK
    return tuple(
        f"left join lg_uscc as u{i} on u{i}.piece = substr({v}, {i * step + 1}, {step})" for i in range(lookups.CHUNKS)
    )


def _industry_join(cell: _Cell) -> tuple[tuple[str, ...], str, list[Rule]]:
    edition = _sibling(cell, "industry_edition")
    join = f"left join lg_industry as i on i.edition = {edition} and i.given = upper({cell.v})"
    editions = literals(lookups.values("industry_edition", cell.context.profile, cell.context.year) or ())
    broken = f"case when {cell.found} is null and {cell.v} is not null then {edition} in ({editions}) else false end"
    return (join,), "i.code", [cell.rule("list", broken)]


def _unit_join(cell: _Cell) -> tuple[tuple[str, ...], str, list[Rule]]:
    energy_type = _sibling(cell, "energy_type")
    folded = f"lower(replace({cell.v}, ' ', ''))"
    given = f"case when {cell.q} then {cell.v} else {folded} end" if cell.kind == "text" else folded
    join = f"left join lg_energy_unit as e on e.energy_type = {energy_type} and e.given = {given}"
    types = literals(lookups.energy_types())
    broken = f"case when {cell.found} is null and {cell.v} is not null then {energy_type} in ({types}) else false end"
    return (join,), "e.unit", [cell.rule("unit", broken)]


def _sibling(cell: _Cell, source: str) -> str:
    """Return the value name of the contract's column whose values come from `source`."""
    return next(f"v_{column.name}" for column in cell.contract.columns if column.values_from == source)
