"""What the columns of the published tables are called in Chinese, their units, and how a spreadsheet writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reporting.contracts.sheets import Column
from reporting.marts import Marts, Row

# Units by the end of a column's name; the longest end that fits counts.
_UNITS: Mapping[str, str] = {
    "_m2": "m2",
    "_ha": "ha",
    "_cny10k": "万元",
    "_tce": "tce",
    "_tce_equivalent": "tce",
    "_t": "t",
    "employees": "人",
    "rd_staff": "人",
    "_10k_kwh": "万kWh",
}
_PURE = ("plot_ratio", "elasticity_ratio")  # ratios that are said as a number, not in percent
_SHOWN = {"m2": "m²", "km2": "km²", "1": ""}
_WHOLE = ("BIGINT", "INTEGER", "UBIGINT", "HUGEINT", "SMALLINT")
_HIDDEN = {"run_id", "year", "geometry", "illustrative"}


@dataclass(frozen=True)
class Described:
    """A column: name, Chinese name, unit (empty: none), type of the engine, form in a spreadsheet."""

    name: str
    name_zh: str
    unit: str
    kind: str
    form: str

    @property
    def header(self) -> str:
        """The Chinese name with the unit."""
        unit = "%" if self.form == "share" else self.unit
        return f"{self.name_zh}（{unit}）" if unit else self.name_zh

    def column(self) -> Column:
        """The column of a sheet."""
        width = 14 if self.form in ("number", "share", "whole") else 18
        return Column(self.header, self.name, self.form, width)


def described(marts: Marts, table: str) -> list[Described]:
    """Return the columns of a published table in its order, without those that say nothing of the unit itself.

    Names come from the comments of the table, units from the indicator catalogue or the ends of the names.
    """
    indicators = {row["indicator_code"]: row for row in marts.rows("select * from dim_indicator")}
    found = marts.rows(
        "select column_name as name, data_type as kind, comment from duckdb_columns() "
        "where schema_name = 'marts' and table_name = ? order by column_index",
        [table],
    )
    return [
        _described(row["name"], row["kind"], row["comment"], indicators)
        for row in found
        if row["name"] not in _HIDDEN and not row["name"].endswith("_illustrative")
    ]


def _described(name: str, kind: str, comment: str | None, indicators: Mapping[str, Row]) -> Described:
    known = indicators.get(name)
    name_zh = (comment or (known and known["name_zh"]) or name).split(" (")[0].split(", ")[0].split("; ")[0]
    unit = known["unit"] if known else _unit(name)
    return Described(name, name_zh, shown_unit(unit), kind, _form(name, kind, unit))


def shown_unit(unit: str | None) -> str:
    """Return a unit as it is shown; a pure number has none."""
    return "/".join(_SHOWN.get(part, part) for part in (unit or "").split("/"))


def _unit(name: str) -> str | None:
    ends = [end for end in _UNITS if name.endswith(end)]
    return _UNITS[max(ends, key=len)] if ends else None


def _form(name: str, kind: str, unit: str | None) -> str:
    if kind in _WHOLE:
        return "whole"
    if kind == "DATE":
        return "date"
    if kind == "BOOLEAN":
        return "flag"
    if not kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        return "text"
    return "share" if unit == "1" and not name.endswith(_PURE) else "number"
