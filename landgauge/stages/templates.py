"""Templates of all datasets, from the input contract and the city profile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from ingestion import lookups
from ingestion.contract import Column, Contract, ValuesFrom, all_contracts
from ingestion.identifiers import USCC_LENGTH
from landgauge import profile
from landgauge.profile import District, Profile
from landgauge.settings import StageResult
from reporting.returns import templates as workbooks
from reporting.returns.templates import Kind, Lists, Template, TemplateColumn

_PARCEL_EXAMPLE, _USCC_EXAMPLE = "440112001001GB00001", "91440101MA59A2B107"
_KINDS: dict[str, Kind] = {"number": "number", "date": "date", "year": "year", "flag": "list", "list": "list"}
_ADVISORY = ("industry", "series_industry", "energy_unit")  # other spellings of the same value are accepted too
_LIST_TITLES: dict[ValuesFrom, str] = {
    "land_use": "土地用途代码表",
    "district": "行政区代码表",
    "industry": "行业代码表",
    "series_industry": "行业门类和大类代码表",
    "industry_edition": "行业分类版本表",
    "energy_type": "能源品种表",
    "energy_unit": "能源计量单位表",
}
_FLAG = "是否"
_LONGEST_CODE = 64  # characters; a pattern that admits more has no length to check
# As the headers name them; each means the contract's unit, one to one.
_UNITS = {
    "m2": "平方米",
    "ha": "公顷",
    "cny10k": "万元",
    "t": "吨",
    "tce": "吨标准煤",
    "person": "人",
    "storey": "层",
    "year": "年",
    "ug/m3": "微克/立方米",
}


def templates(target: Path, landing: Path | None = None, year: int | None = None) -> StageResult:
    """Write the templates of every dataset into a folder, with the lists of the landing area's city profile.

    `year` chooses the districts that are valid in it; without one those that are valid without end. Rows: workbooks.
    """
    city = profile.load(landing)
    lists = _lists(city, year)
    made = [_template(contract, city, lists) for contract in all_contracts().values()]
    return StageResult(rows={"workbooks": workbooks.write(made, lists, city.name_zh, target)})


def _lists(city: Profile, year: int | None) -> Lists:
    """(code, name) of every list: the profile's, the policy seeds', and the contracts' own."""
    listed = lookups.industries(city)
    districts = [d for d in city.districts if _stands(d, year)]
    found: dict[ValuesFrom, list[tuple[str, str]]] = {
        "land_use": [(use.code, use.name_zh) for use in city.land_use],
        "district": [(d.code, d.name_zh) for d in districts],
        "industry": _once((_digits(i.code), i.name_zh) for i in listed if i.level > 1),
        "series_industry": [("00", "全部"), *_once((i.code, i.name_zh) for i in listed if i.level <= 2)],
        "industry_edition": [(edition, f"GB/T 4754-{edition}") for edition in sorted({i.edition for i in listed})],
        "energy_type": [(energy, "") for energy in lookups.energy_types()],
        "energy_unit": [(unit, "") for unit in lookups.energy_unit_spellings()],
    }
    named: dict[str, list[tuple[str, str]]] = {_LIST_TITLES[key]: rows for key, rows in found.items()}
    for contract in all_contracts().values():
        named |= {_title(contract, c): [(value, "") for value in c.values] for c in contract.columns if c.values}
    return named | {_FLAG: [("是", ""), ("否", "")]}


def _stands(district: District, year: int | None) -> bool:
    if year is None:
        return district.valid_to_year is None
    return district.valid_from_year <= year <= (district.valid_to_year or year)


def _digits(code: str) -> str:
    """A national code without its section letter; a city's own code as it is."""
    return code[1:] if code[:1].isalpha() and code[1:].isdigit() else code


def _once(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """The first name of each code, by code."""
    found: dict[str, str] = {}
    for code, name in pairs:
        found.setdefault(code, name)
    return sorted(found.items())


def _title(contract: Contract, column: Column) -> str:
    return f"{contract.name_zh}：{column.header_zh}"


def _template(contract: Contract, city: Profile, lists: Lists) -> Template:
    columns = [c for c in contract.columns if c.type != "geometry"]
    return Template(contract.dataset, contract.name_zh, tuple(_column(contract, c, city, lists) for c in columns))


def _column(contract: Contract, column: Column, city: Profile, lists: Lists) -> TemplateColumn:
    values = _values(contract, column)
    unit = _unit(column)
    return TemplateColumn(
        header=f"{column.header_zh}({unit})" if unit else column.header_zh,
        kind="list" if values else _KINDS.get(column.type, "text"),
        required=column.required,
        when_required=column.required_when is not None,
        values=values,
        strict=column.values_from not in _ADVISORY,
        at_least=column.at_least,
        at_most=column.at_most,
        above=column.above,
        below=column.below,
        length=_length(column, city),
        rules=tuple(_rules(contract, column, city)),
        example=_example(column, city, lists.get(values or "", ())),
    )


def _values(contract: Contract, column: Column) -> str | None:
    """Return the title of a column's list."""
    if column.values_from:
        return _LIST_TITLES[column.values_from]
    if column.values:
        return _title(contract, column)
    return _FLAG if column.type == "flag" else None


def _unit(column: Column) -> str | None:
    """Return the unit as a header names it; None for a plain number."""
    return _UNITS.get(column.unit or "") if column.type == "number" else None


def _length(column: Column, city: Profile) -> tuple[int, int] | None:
    """Return the least and the most characters of a code with a pattern of bounded length."""
    if column.pattern == "uscc" and city.enterprise_code_pattern is None:
        return USCC_LENGTH, USCC_LENGTH
    pattern = {"parcel_code": city.parcel_code_pattern, "uscc": city.enterprise_code_pattern}.get(column.pattern or "")
    if pattern is None:
        return None
    least, most = re._parser.parse(pattern).getwidth()  # type: ignore[attr-defined]
    return (least, most) if most <= _LONGEST_CODE else None


def _rules(contract: Contract, column: Column, city: Profile) -> list[str]:
    """What the contract demands of a column, in sentences for who fills it in."""
    bounds = (("不小于", column.at_least), ("大于", column.above), ("不大于", column.at_most), ("小于", column.below))
    said = [f"{word} {bound:g}" for word, bound in bounds if bound is not None]
    length = _length(column, city)
    if length:
        said.append(f"{length[0]} 位" if length[0] == length[1] else f"{length[0]} 至 {length[1]} 位")
    if column.pattern == "uscc" and city.enterprise_code_pattern is None:
        said.append("含校验码，按营业执照填写")
    relations = (("不大于", column.limit), ("晚于", column.after), ("开头与之相同：", column.starts_with))
    said += [f"{word}“{_named(contract, other)}”" for word, other in relations if other]
    if column.required_when:
        said.append(f"视“{_named(contract, column.required_when.column)}”而定，见必填条件：{_condition(column)}")
    said += [f"须已在“{all_contracts()[r.dataset].name_zh}”中" for r in contract.references if r.column == column.name]
    if column.name in contract.key:
        said.append("主键" if len(contract.key) == 1 else "主键之一，各主键列合起来不得重复")
    if column.default is not None:
        said.append(f"留空按 {column.default}")
    return said


def _named(contract: Contract, column: str) -> str:
    return contract.column(column).header_zh


def _condition(column: Column) -> str:
    when = column.required_when
    assert when is not None
    return f"小于 {when.below:g} 时必填" if when.below is not None else f"不是“{when.unless}”时必填"


def _example(column: Column, city: Profile, values: Sequence[tuple[str, str]]) -> str:
    if values:
        return values[0][0]
    if column.pattern == "parcel_code":
        return _PARCEL_EXAMPLE if re.fullmatch(city.parcel_code_pattern, _PARCEL_EXAMPLE) else ""
    if column.pattern == "uscc":
        return "" if city.enterprise_code_pattern else _USCC_EXAMPLE
    if column.type == "number":
        return f"{column.at_least if column.at_least is not None and column.at_most is not None else 12.5:g}"
    return {"date": "2024-05-01", "year": "2024"}.get(column.type, "")
