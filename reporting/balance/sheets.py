"""The sheets of 供需平衡.xlsx: their columns with units and the query behind each, over the report's marts."""

from __future__ import annotations

from reporting import words
from reporting.balance.words import DIRECTIONS, DRIVERS, lacking, measure
from reporting.contracts.sheets import Column, Sheet
from reporting.marts import Marts, Row

_PLACE = (
    Column("行政区代码", "district_code", width=12),
    Column("行政区", "district_name", width=14),
    Column("行业代码", "industry_code", width=10),
)
_SCENARIO = Column("情景", "scenario", width=12)
_YEAR = Column("年份", "year", "year", 8)
_NAMED = """
with names as (
    select district_code, arg_max(name_zh, valid_from_year) as district_name from dim_district
    where valid_from_year <= $year and coalesce(valid_to_year, 9999) >= $year group by all
    union all
    select unit_code, any_value(name_zh) from dim_unit where scale = 'city' group by all
)
select t.*, case when t.district_code in ('00', 'not_allocated') then '未分区' else n.district_name end as district_name
from {table} as t left join names as n on n.district_code = t.district_code order by {order}
"""
_WHERE = "t.district_code, t.industry_code"


def _sql(table: str, order: str) -> str:
    return _NAMED.format(table=table, order=order)


SHEETS: tuple[Sheet, ...] = (
    Sheet(
        "平衡总表",
        (
            _SCENARIO,
            *_PLACE,
            _YEAR,
            Column("当年可供（公顷）", "supply_of_year_ha", "number"),
            Column("累计可供（公顷）", "supply_ha", "number"),
            Column("累计新增需求（公顷）", "demand_ha", "number"),
            Column("余缺（公顷）", "balance_ha", "number"),
            Column("余缺下限（公顷）", "low_ha", "number"),
            Column("余缺上限（公顷）", "high_ha", "number"),
            Column("可供/需求", "ratio", "number", 10),
            Column("首个短缺年", "first_shortage_year", "year", 11),
            Column("尚缺", "lacking", width=40),
        ),
        _sql("fct_land_balance", f"t.scenario, {_WHERE}, t.year"),
    ),
    Sheet(
        "需求(分方法)",
        (
            _SCENARIO,
            *_PLACE,
            Column("方法", "method", width=20),
            _YEAR,
            Column("工业用地（公顷）", "land_ha", "number"),
            Column("新增需求（公顷）", "demand_ha", "number"),
            Column("下限（公顷）", "low_ha", "number"),
            Column("上限（公顷）", "high_ha", "number"),
            Column("采用", "used", "flag", 8),
            Column("权重", "weight", "share", 8),
            Column("未采用原因", "rejected_reason", width=40),
            Column("无区间原因", "interval_reason", width=40),
        ),
        _sql("fct_land_demand", f"t.scenario, {_WHERE}, t.method, t.year"),
    ),
    Sheet(
        "供应(分来源)",
        (
            _SCENARIO,
            *_PLACE,
            Column("来源", "source", width=14),
            _YEAR,
            Column("有效供应（公顷）", "area_ha", "number"),
        ),
        _sql("fct_land_supply", f"t.scenario, {_WHERE}, t.source, t.year"),
    ),
    Sheet(
        "供应清单",
        (
            _SCENARIO,
            Column("编号", "item_id", width=24),
            Column("申报年度", "data_year", "year", 10),
            Column("来源", "source", width=14),
            *_PLACE,
            Column("宗地代码", "parcel_code", width=22),
            Column("可供年份", "year", "year", 10),
            Column("面积（公顷）", "area_ha", "number"),
            Column("另行计入的重叠（公顷）", "overlap_ha", "number"),
            Column("实现率", "realisation_rate", "share", 10),
            Column("保留工业比例", "industrial_share", "share", 13),
            Column("超上限扣减（公顷）", "cut_ha", "number"),
            Column("有效供应（公顷）", "effective_ha", "number"),
            Column("计入", "counted", "flag", 8),
            Column("重复于", "duplicate_of", width=24),
            Column("说明", "reason", width=44),
            Column("由评估结果补充", "from_marts", "flag", 14),
        ),
        _sql("fct_land_supply_item", "t.scenario, t.source, t.item_id, t.year"),
    ),
    Sheet(
        "敏感性",
        (
            _SCENARIO,
            *_PLACE,
            _YEAR,
            Column("因素", "driver", width=22),
            Column("变动幅度", "step", "share", 10),
            Column("方向", "direction", width=8),
            Column("原余缺（公顷）", "base_balance_ha", "number"),
            Column("变动后余缺（公顷）", "balance_ha", "number", 18),
            Column("增减（公顷）", "change_ha", "number"),
        ),
        _sql("fct_land_sensitivity", f"t.scenario, {_WHERE}, t.year, t.driver, t.direction"),
    ),
    Sheet(
        "缺口措施",
        (
            _SCENARIO,
            *_PLACE,
            _YEAR,
            Column("缺口（公顷）", "shortage_ha", "number"),
            Column("地均产出须再提高", "output_per_land_rise_ratio", "share", 16),
            Column("折合每年提高", "output_per_land_rise_yearly_ratio", "share", 14),
            Column("现有低效用地（公顷）", "low_efficiency_ha", "number", 20),
            Column("须盘活其中", "low_efficiency_share_ratio", "share", 12),
            Column("说明", "reason", width=40),
        ),
        _sql("fct_land_gap", f"t.scenario, {_WHERE}, t.year"),
    ),
    Sheet(
        "预测精度",
        (
            Column("指标", "measure", width=16),
            Column("方法", "method", width=20),
            Column("步长（年）", "horizon", "whole", 10),
            Column("序列", "series_count", "whole", 8),
            Column("回测次数", "trials", "whole", 10),
            Column("MAPE", "mape_ratio", "share", 10),
            Column("MASE", "mase_ratio", "number", 10),
            Column("区间名义覆盖率", "nominal_ratio", "share", 15),
            Column("实测覆盖率", "coverage_ratio", "share", 12),
            Column("组合胜过基线", "combined_beats_baselines", "flag", 13),
        ),
        "select * from fct_forecast_accuracy order by measure, method, horizon",
    ),
)


def rows_of(marts: Marts, sheet: Sheet) -> list[Row]:
    """Return the rows of a sheet in its order, codes as words; figures are the mart's."""
    rows = marts.rows(sheet.sql.replace("$year", str(marts.year)))
    if rows and "scenario" in rows[0]:
        rows.sort(key=lambda row: words.place_of(row["scenario"], words.SCENARIOS))
    for row in rows:
        for name in row.keys() & _WORDS.keys():
            row[name] = _WORDS[name](row[name])
    return rows


def _reason(code: str | None) -> str | None:
    return None if code is None else words.reason(code)


_WORDS = {
    "scenario": lambda code: words.word(code, words.SCENARIOS) or None,
    "method": lambda code: words.word(code, words.METHODS) or None,
    "direction": lambda code: words.word(code, DIRECTIONS) or None,
    "interval_reason": _reason,
    "driver": lambda code: words.word(code, DRIVERS) or None,
    "measure": lambda code: code and measure(code),
    "rejected_reason": _reason,
    "reason": _reason,
    "lacking": lambda text: "；".join(lacking(text)) or None,
}
