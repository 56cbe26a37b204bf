"""Chinese words for the codes of the marts. A code without a word is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping

SCALES: Mapping[str, str] = {
    "parcel": "宗地",
    "enterprise": "企业",
    "block": "产业区块",
    "zone": "开发区",
    "district": "行政区",
    "city": "全市",
    "industry": "行业",
}
DATASETS: Mapping[str, str] = {
    "parcels": "宗地",
    "buildings": "建筑物",
    "enterprises": "企业",
    "occupancy": "用地关系",
    "operations": "经济指标",
    "taxes": "税收",
    "energy": "能源消费",
    "emissions": "污染物排放",
    "agreements": "监管协议",
    "agreement_targets": "协议指标",
    "agreement_events": "履约事件",
    "verdicts": "部门评估意见",
    "self_reports": "自评报告",
    "admission_controls": "准入指标控制表",
    "zones": "开发区",
    "district_series": "区域年度统计",
    "land_supply": "土地供应来源",
    "parcel_changes": "宗地变更",
    "public_notices": "公示",
    "objections": "异议",
    "corrections": "更正",
}
REASONS: Mapping[str, str] = {
    "register_not_loaded": "本年度未收到相应登记或申报资料",
    "no_enterprise": "没有落在该范围内的企业",
    "value_missing": "所需数值未填报",
    "zero_denominator": "分母为零",
    "no_ideal_value": "没有适用的理想值",
    "no_previous_year": "没有可比的上一年数值",
    "district_split": "由拆分新设的行政区;没有自己的基期",
    "no_growth": "没有增长;单位增长的消耗无意义",
    "negative_base": "基期为负;增长率无意义",
    "not_additive": "不可加的量;合并的行政区无可比数值",
    "no_unit": "该组没有单元",
    "no_years": "该时段没有年份",
    "too_few_years": "已发布的年份不足",
    "no_value": "没有一项指标有数值",
    "present_weight_below_minimum": "有数值的指标权重之和不足",
    "ideal_value_missing": "没有适用的理想值",
    "no_value_in_base_year": "基年没有数值",
    "too_few_points": "序列太短",
    "value_not_positive": "序列中有零或负值",
    "level_ratio_outside_band": "级比超出允许区间",
    "posterior_test_failed": "后验差检验未达到最低等级",
    "log_residuals_above_limit": "趋势拟合的残差超过限值",
    "forecast_not_positive_and_finite": "预测结果不是有限的正数",
    "unknown_method": "没有这种方法",
    "no_method_used": "没有方法通过检验",
    "left_industry": "该宗地已转出工业用途",
    "same_parcel": "同一宗地已在前一来源计入",
    "changed_parcel": "同一宗地分割、合并或换号前后已计入",
    "declared_for_district": "该区已申报同一来源,以申报为准",
    "unknown_source": "来源没有政策参数",
    "no_area": "没有大于零的面积",
    "outside_years": "可供年份不在预测期内",
    "cut_by_cap": "超过规划规模上限,已扣减",
    "less_counted_parcels": "已扣除另行计入的宗地",
    "rate_outside_0_1": "比率不在0到1之间,已取边界值",
    "land_missing": "没有工业用地数据",
    "supply_missing": "没有土地供应来源资料",
    "interval_missing": "没有区间",
    "too_few_errors": "回测误差太少",
    "too_few_backtest_errors": "回测误差太少",
    "worse_than_naive": "回测误差大于朴素法",
    "driver_missing": "没有驱动指标的数据",
    "driver_without_change": "驱动指标没有变化",
    "no_shortage": "没有缺口",
    "balance_missing": "没有可算的余缺",
    "no_low_efficiency_land": "没有低效用地",
    "not_by_industry": "低效用地不分行业",
}
NOT_REACHED: Mapping[str, str] = {
    "veto": "一票否决已定等级",
    "group_too_small": "组内没有更高等级的名额",
    "no_weight": "该指标不计分",
    "cap": "该指标即使得满分也不够",
    "no_value_reaches_it": "该指标取任何数值都不够",
}
HANGS_ON: Mapping[str, str] = {
    "weights": "权重",
    "data": "数据误差",
    "weights_and_data": "权重和数据误差",
    "together": "权重与数据误差的共同作用",
}
NO_EFFECT: Mapping[str, str] = {
    "not_rated": "本年未评分",
    "year_not_published": "上一年未按本方案发布",
    "no_previous_score": "上一年没有得分",
    "not_comparable": "两年规则下没有可比的数值",
}
LOAD_STATES: Mapping[str, str] = {"loaded": "已入库", "superseded": "已被替代", "rejected": "已退回"}
SEVERITIES: Mapping[str, str] = {"error": "错误", "warning": "提醒"}
SCENARIOS: Mapping[str, str] = {
    "low": "低需求情景",
    "base": "基准情景",
    "high": "高需求情景",
}
METHODS: Mapping[str, str] = {
    "output_per_land": "地均产出法",
    "elasticity": "弹性系数法",
    "quota": "定额指标法",
    "regression": "回归法",
    "gm11": "灰色模型 GM(1,1)",
    "exponential_smoothing": "指数平滑法",
    "naive": "朴素法（不变）",
    "drift": "漂移法",
    "trend": "线性趋势",
    "log_linear": "对数线性趋势",
    "damped_holt": "阻尼 Holt 平滑",
    "land_per_worker": "人均用地法",
    "towards_ideal": "地均产出法（趋向理想值）",
    "not_allocated": "未分配到下级",
    "combination": "加权组合",
    "given": "直接给定",
    "delphi": "特尔斐法",
    "ahp": "层次分析法",
    "entropy": "熵权法",
    "published": "办法公布值",
    "adjustment": "加减分",
    "cv": "变异系数法",
    "critic": "CRITIC 法",
}
DIRECTIONS: Mapping[str, str] = {
    "positive": "越高越好",
    "negative": "越低越好",
}
LOW_EFFICIENCY: Mapping[str, str] = {
    "vacant": "空置",
    "idle": "闲置",
    "expired": "到期",
    "under_built": "低建",
    "low_output": "低产",
}
DUE_STATES: Mapping[str, str] = {
    "done": "已履行",
    "overdue": "已逾期",
    "due": "临近到期",
    "upcoming": "尚未到期",
    "void": "已无须履行",
}


OBJECTION_STATES: Mapping[str, str] = {
    "late": "逾期",
    "open": "待处理",
    "rejected": "不采纳",
    "upheld": "采纳待更正",
    "corrected": "采纳并已更正",
}
CAUSES: Mapping[str, str] = {
    "objection": "异议采纳后更正",
    "correction": "经批准更正",
    "several": "多项原因",
    "data": "申报文件不同",
    "policy": "政策表不同",
    "code": "程序不同",
    "profile": "城市配置或方案不同",
    "others": "其他单元的数据变化",
}


def word(code: object, table: Mapping[str, str]) -> str:
    """Return the Chinese word of a code, or the code itself; an empty text for None."""
    return "" if code is None else table.get(str(code), str(code))


def place_of(code: object, table: Mapping[str, str]) -> tuple[int, str]:
    """Return where a code stands in a table of words; codes without a word follow by name."""
    known = list(table)
    return known.index(str(code)) if code in table else len(known), str(code)


def reason(code: object, name: str | None = None) -> str:
    """Return why a figure is missing, as `word (code)`, so that staff and engineers both find it.

    `name` is what a scheme calls the reason; without one it is looked up here.
    """
    if not code:
        return "原因未载明"
    known = name or REASONS.get(str(code))
    return f"{known}（{code}）" if known else str(code)


def scope(code: str | None) -> str:
    """Return where an ideal value holds: the scale in Chinese, with its condition where it has one."""
    scale, mark, condition = (code or "").partition(":")
    return (word(scale, SCALES) or "全部") + (f"，{condition}" if mark else "")


def join(names: list[str]) -> str:
    """Return names as a Chinese enumeration."""
    return "、".join(names)
