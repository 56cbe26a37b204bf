"""供需平衡.xlsx: the balance and all that it rests on, as a workbook; equal marts and policy give equal bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl.workbook import Workbook

from landgauge import policy
from landgauge.errors import ConfigurationError
from reporting.balance.sheets import SHEETS, rows_of
from reporting.contracts.book import GENERATED, Part, list_sheet
from reporting.marts import Marts
from reporting.returns import cells
from reporting.returns.package import save

FILE = "供需平衡.xlsx"
_ABOUT = (
    "可供、需求均为基年以后的累计数；余缺为可供减需求，负数是缺口。空白是没有数据，不是零。",
    "“全市”各行是各区与未分区之和；行业代码 00 为全部工业。",
    "区间由回测误差得出（共形预测）；误差太少的不给区间。预测精度页把实测覆盖率列在名义覆盖率旁边。",
    "供应清单列出每一行供应：同一宗地只在顺序靠前的来源计入一次，其余各行标明重复于哪一行。清单按情景各列一遍。",
    "规则编号和出处见项目文档 docs/land-balance.md、docs/land-outputs.md。",
)
_POLICY = "示意值：下列政策参数没有可核对的来源，使用前由主管部门核定。"
_SOURCED = "有来源的政策参数："
# Each seed of policy and the columns that name a row of it, as far as it has them.
_SEEDS: Mapping[str, str] = {
    "forecast_setting": "预测参数",
    "forecast_land_setting": "用地预测参数",
    "forecast_method": "产出预测方法",
    "forecast_land_method": "用地预测方法",
    "forecast_scenario": "情景",
    "forecast_quota": "定额指标",
    "forecast_supply_source": "供应来源",
    "forecast_land_cap": "规模上限",
    "simulator_class": "模拟用地类",
}
_HIDDEN = {"note", "illustrative", "name_zh", "name_en"}


def write_book(target: Path, marts: Marts) -> dict[str, int]:
    """Write the workbook by rename; return the rows of each sheet."""
    parts = [Part(sheet, rows_of(marts, sheet)) for sheet in SHEETS]
    book = Workbook(write_only=True)
    for part in parts:
        list_sheet(book.create_sheet(part.sheet.title), part)
    _about(book.create_sheet("说明"), marts, parts)
    save(book, target)
    return {part.sheet.title: len(part.rows) for part in parts}


def _about(sheet: Any, marts: Marts, parts: Sequence[Part]) -> None:
    """The last sheet: what the book is, how many rows it has, and the policy behind it with its sources."""
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 22, 60
    sheet.column_dimensions["C"].width = 70
    plain = cells.style(sheet, alignment=cells.wrapped("left"))
    free = cells.style(sheet, alignment=cells.wrapped("left", wrap=False))
    strong = cells.style(sheet, font=cells.font(bold=True))
    red = cells.style(sheet, font=cells.font(bold=True, color="C00000"))
    title = cells.style(sheet, font=cells.font(bold=True, size=16))
    lines: list[tuple[object, list[object]]] = [(title, [f"工业用地供需平衡，基年 {marts.year} 年"])]
    lines += [(red, [GENERATED])] if marts.run["generated"] else []
    lines += [(free, [note]) for note in [*(marts.run["notes"] or []), *_ABOUT]]
    lines += [(plain, ["运行标识", marts.run["run_id"]]), (plain, []), (strong, ["工作表", "行数"])]
    lines += [(plain, [part.sheet.title, len(part.rows)]) for part in parts]
    for heading, illustrative in ((_POLICY, True), (_SOURCED, False)):
        found = [[_SEEDS[seed], *row] for seed in _SEEDS for row in _values(seed, illustrative)]
        lines += [(plain, []), (red if illustrative else strong, [heading])]
        lines += [(strong, ["政策表", "取值", "来源"])] + [(plain, row) for row in found]
    for style, line in lines:
        sheet.append([cells.put(sheet, value, style) for value in line])


def _values(seed: str, illustrative: bool) -> list[list[object]]:
    """A line for each row of a seed: its values as text, and its source."""
    try:
        rows = policy.rows(seed)
    except ConfigurationError:  # an installation may do without one of them
        return []
    some = [row for row in rows if ((row.get("illustrative") or "").lower() == "true") is illustrative]
    return [_value(row, "note" if "note" in row else "source") for row in some]


def _value(row: Mapping[str, str], said: str) -> list[object]:
    """The values of a row as text, and what the seed says of where they come from."""
    names = [name for name in row if name not in _HIDDEN | {said} and not name.endswith("_order")]
    return ["，".join(f"{name} = {row[name]}" for name in names if row[name]), row.get(said)]
