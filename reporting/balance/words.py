"""Chinese words of the balance's codes, beside those of the whole report."""

from __future__ import annotations

from collections.abc import Mapping

from reporting import words

# Order and colour of the sources of supply, as the input contract lists them.
SOURCES: tuple[str, ...] = (
    "新增指标",
    "批而未供",
    "闲置处置",
    "旧厂房改造",
    "旧村庄改造",
    "旧城镇改造",
    "到期收回",
    "强度挖潜",
    "转出",
)
DRIVERS: Mapping[str, str] = {
    "activity_growth": "活动增长率",
    "output_per_land_growth": "地均产出增长率",
}
DIRECTIONS: Mapping[str, str] = {"down": "下调", "up": "上调"}
# name, unit as shown, factor from the mart's unit
MEASURES: Mapping[str, tuple[str, str, float]] = {
    "output_cny10k": ("工业总产值", "亿元", 1e-4),
    "value_added_cny10k": ("工业增加值", "亿元", 1e-4),
    "industrial_land_ha": ("工业用地", "公顷", 1.0),
    "employees": ("从业人员", "万人", 1e-4),
    "fixed_investment_cny10k": ("固定资产投资", "亿元", 1e-4),
}


def measure(code: str) -> str:
    """Return a measure's name."""
    return MEASURES.get(code, (code, "", 1.0))[0]


def lacking(text: str | None) -> list[str]:
    """Return what a balance lacks, one sentence for each of its codes (joined by |)."""
    return [words.reason(code) for code in (text or "").split("|") if code]
