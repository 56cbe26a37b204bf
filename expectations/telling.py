"""Sentences for people: which district, industry, column or rule stands out, with the values of both years."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from expectations.contract import Contract

Row = Mapping[str, Any]
Tell = Callable[[str, Row], tuple[str, str]]  # expectation and row of its frame: the sentence in Chinese and English

_ZH = {
    "null_share_rise": "空值占比",
    "zero_share_rise": "零值占比",
    "total_ratio": "合计",
    "median_ratio": "中位数",
}
_EN = {
    "null_share_rise": "share of empty cells",
    "zero_share_rise": "share of zeros",
    "total_ratio": "total",
    "median_ratio": "median",
}
_VALUES = {  # expectation on a column: the columns of this year's and last year's value
    "null_share_rise": ("null_share", "null_share_last"),
    "zero_share_rise": ("zero_share", "zero_share_last"),
    "total_ratio": ("total", "total_last"),
    "median_ratio": ("p50", "median_last"),
}


@dataclass(frozen=True)
class Names:
    """What codes are called, and the evaluated year."""

    year: int
    contracts: Mapping[str, Contract]
    districts: Mapping[str, str]
    industries: Mapping[tuple[str, str], str]

    def dataset(self, row: Row) -> str:
        """Return the Chinese name of a row's dataset."""
        contract = self.contracts.get(str(row["dataset"]))
        return contract.name_zh if contract else str(row["dataset"])

    def column(self, row: Row, name: str) -> str:
        """Return a column's Chinese header, or the name where it is no column."""
        contract = self.contracts.get(str(row["dataset"]))
        found = next((c.header_zh for c in contract.columns if c.name == name), "") if contract else ""
        return found or name

    def years(self, this: Any, last: Any) -> tuple[str, str]:
        """Return both years' values in Chinese and English; a value that is missing is a dash."""
        then, now = show(last), show(this)
        return f"{self.year - 1}年{then},{self.year}年{now}", f"{then} in {self.year - 1}, {now} in {self.year}"


def read_names(con: duckdb.DuckDBPyConnection, year: int, contracts: Mapping[str, Contract]) -> Names:
    """Return the names of the profile's districts and of the divisions of every edition."""
    districts = con.execute("select code, name_zh from profile.district order by valid_from_year").fetchall()
    try:
        listed = con.execute("select edition, code, name_zh from profile.industry where level = 2").fetchall()
    except duckdb.CatalogException:
        listed = []
    return Names(year, contracts, dict(districts), {(row[0], row[1].lstrip(_LETTERS)): row[2] for row in listed})


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def show(value: Any) -> str:
    """Return a figure in at most six digits, counts whole; a dash where there is none."""
    if value is None or value != value:
        return "—"
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else f"{float(value):.6g}"


def datasets(names: Names) -> Tell:
    """Sentences on a dataset's rows."""

    def tell(_: str, row: Row) -> tuple[str, str]:
        zh, en = names.years(row["rows"], row["rows_last"])
        return f"{names.dataset(row)}行数:{zh}", f"rows of {row['dataset']}: {en}"

    return tell


def columns(names: Names) -> Tell:
    """Sentences on a column of a dataset."""

    def tell(check: str, row: Row) -> tuple[str, str]:
        column = names.column(row, str(row["column"]))
        if check not in _VALUES:
            return (
                f"{names.dataset(row)}“{column}”:文件中有此列,{names.year}年全部为空",
                f"{row['dataset']}.{row['column']}: stands in the files of {names.year}, without a value",
            )
        this, last = _VALUES[check]
        zh, en = names.years(row[this], row[last])
        return (
            f"{names.dataset(row)}“{column}”{_ZH[check]}:{zh}",
            f"{_EN[check]} of {row['dataset']}.{row['column']}: {en}",
        )

    return tell


def districts(names: Names) -> Tell:
    """Sentences on a district's rows and totals."""

    def tell(check: str, row: Row) -> tuple[str, str]:
        code = str(row["district_code"])
        place = f"{names.districts.get(code, '行政区')}({code})"
        if check == "parcel_rows":
            return f"{place}{names.year}年没有宗地入库", f"{code}: no accepted parcel in {names.year}"
        rows = row["figure"] == "rows"
        what = "行数" if rows else f"“{names.column(row, str(row['figure']))}”合计"
        zh, en = names.years(row["this"], row["last"])
        return (
            f"{place}{names.dataset(row)}{what}:{zh}",
            f"{code} {'rows' if rows else 'total'} of {row['dataset']}{'' if rows else '.' + row['figure']}: {en}",
        )

    return tell


def industries(names: Names) -> Tell:
    """Sentences on an industry's median."""

    def tell(_: str, row: Row) -> tuple[str, str]:
        key = (str(row["industry_edition"]), str(row["division"]))
        zh, en = names.years(row["median"], row["median_last"])
        called = names.industries.get(key, "行业")
        return (
            f"{called}({key[0]}:{key[1]}){row['figure_zh']}中位数:{zh}",
            f"median {row['figure']} of {key[0]}:{key[1]}: {en}",
        )

    return tell


def rules(names: Names) -> Tell:
    """Sentences on what a rule strikes."""

    def tell(check: str, row: Row) -> tuple[str, str]:
        share = "warning_share" if check == "warning_share" else "error_share"
        zh, en = names.years(row[share], row[f"{share}_last"] if share == "error_share" else None)
        broken = show(row["broken"])
        return (
            f"{names.dataset(row)}规则{row['rule_code']}涉及{broken}行,占比:{zh}",
            f"{row['dataset']} {row['rule_code']} strikes {broken} rows; share: {en}",
        )

    return tell
