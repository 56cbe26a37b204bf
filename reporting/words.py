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
    "objections": "异议",
    "corrections": "更正",
}
REASONS: Mapping[str, str] = {
    "register_not_loaded": "本年度未收到相应登记或申报资料",
    "no_enterprise": "没有落在该范围内的企业",
    "value_missing": "所需数值未填报",
    "zero_denominator": "分母为零",
    "no_polygon": "没有宗地图形",
    "no_geometry": "没有宗地图形",
    "no_ideal_value": "没有适用的理想值",
    "no_weight": "没有适用的权重",
    "policy_missing": "没有适用的政策参数",
    "not_applicable": "不适用",
    "missing_values": "可用指标不足",
    "too_few_indicators": "可用指标不足",
    "series_too_short": "序列太短",
    "no_series": "没有年度统计序列",
    "level_ratio": "级比检验未通过",
}
LOAD_STATES: Mapping[str, str] = {"loaded": "已入库", "superseded": "已被替代", "rejected": "已退回"}
SEVERITIES: Mapping[str, str] = {"error": "错误", "warning": "提醒"}
SCENARIOS: Mapping[str, str] = {
    "low": "低情景",
    "mid": "中情景",
    "medium": "中情景",
    "base": "基准情景",
    "baseline": "基准情景",
    "high": "高情景",
}
METHODS: Mapping[str, str] = {
    "output_per_land": "地均产出法",
    "elasticity": "弹性系数法",
    "quota": "定额指标法",
    "regression": "回归法",
    "gm11": "灰色模型 GM(1,1)",
    "exponential_smoothing": "指数平滑法",
    "combined": "组合",
    "combination": "组合",
    "delphi": "特尔斐法",
    "ahp": "层次分析法",
    "entropy": "熵权法",
    "policy": "政策规定",
    "stated": "规定值",
}
DIRECTIONS: Mapping[str, str] = {
    "positive": "越高越好",
    "negative": "越低越好",
    "higher": "越高越好",
    "lower": "越低越好",
    "up": "越高越好",
    "down": "越低越好",
    "max": "越高越好",
    "min": "越低越好",
    "1": "越高越好",
    "-1": "越低越好",
    "interval": "区间适度",
    "neutral": "仅供参考",
}
DUE_STATES: Mapping[str, str] = {
    "done": "已履行",
    "done_late": "逾期后履行",
    "overdue": "已逾期",
    "due": "临近到期",
    "due_soon": "临近到期",
    "upcoming": "尚未到期",
    "open": "尚未到期",
    "waived": "已免除",
}
OBLIGATIONS: Mapping[str, str] = {
    "start": "开工",
    "completion": "竣工",
    "production": "投产",
    "capacity": "达产",
    "process_evaluation": "过程评估",
    "expiry_evaluation": "到期评估",
    "renewal": "续期",
    "rectification": "整改",
}


def word(code: object, table: Mapping[str, str]) -> str:
    """Return the Chinese word of a code, or the code itself; an empty text for None."""
    return "" if code is None else table.get(str(code), str(code))


def reason(code: object) -> str:
    """Return why a figure is missing, as `word (code)`, so that staff and engineers both find it."""
    if not code:
        return "原因未载明"
    known = REASONS.get(str(code))
    return f"{known}({code})" if known else str(code)


def join(names: list[str]) -> str:
    """Return names as a Chinese enumeration."""
    return "、".join(names)
