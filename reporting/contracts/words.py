"""Chinese words of the contract life cycle for the codes of its marts; a code without a word is shown as it is."""

from __future__ import annotations

import math
from collections.abc import Mapping

DUE_STATES: Mapping[str, str] = {
    "upcoming": "未到提醒期",
    "due": "即将到期",
    "overdue": "已逾期",
    "done": "已完成",
    "void": "不再适用",
}
CONSEQUENCES: Mapping[str, str] = {
    "start_penalty": "开工违约金",
    "completion_penalty": "竣工违约金",
    "rectification": "责令整改",
    "credit_listing": "列入失信",
    "serious_breach": "严重违约",
    "contract_end": "累计不达标解除合同",
    "lease_not_applied": "未按期申请先租后让",
    "lease_not_passed": "租赁期满未通过",
    "voluntary_exit": "自愿退出",
    "idle_fee": "征缴土地闲置费",
    "idle_take_back": "闲置收回",
}
CONSEQUENCE_STATES: Mapping[str, str] = {
    "proposed": "建议，待决定",
    "decided": "委员会已决定",
    "done": "已办结",
    "lapsed": "情形已消除",
}
WARNINGS: Mapping[str, str] = {
    "late_start": "开工逾期",
    "late_completion": "竣工逾期",
    "late_production": "投产逾期",
    "late_capacity": "达产逾期",
    "idle_risk": "闲置风险",
    "idle_unknown": "闲置情形无法判断",
    "use_changed": "改变用途",
    "area_over_granted": "批少占多",
    "building_use_not_allowed": "不允许的建筑用途",
    "no_enterprise": "无企业在用",
    "enterprise_moved": "企业已迁出",
    "target_off": "评估前一年指标差距大",
}
CONFLICTS: Mapping[str, str] = {
    "event_before_signing": "事件早于签订日期",
    "event_out_of_order": "事件次序颠倒",
    "verdict_by_other_department": "意见出自其他部门",
    "verdict_without_target": "意见没有对应的指标",
    "evaluation_before_signing": "评估年度早于签订年度",
    "evaluation_after_end": "评估年度晚于合同终止",
    "verdicts_contradict": "前后意见相反",
    "term_before_lease_end": "用地终止早于租赁期满",
    "term_before_due": "约定日期晚于用地终止",
    "due_out_of_order": "约定日期次序颠倒",
    "stage_without_target": "该阶段没有约定指标",
    "parcel_merged": "宗地与他人土地合并",
    "verdict_against_evidence": "意见与数据不一致",
    "unknown_department": "部门不在名录中",
}
REASONS: Mapping[str, str] = {
    "no_target": "该阶段没有约定指标",
    "no_applicable_target": "各项指标均不适用",
    "parcel_merged": "宗地与他人土地合并，数据不能采用",
    "too_few_years": "近三年数据不全",
    "register_not_loaded": "未收到相应登记或申报资料",
    "no_enterprise": "宗地上没有企业",
    "value_missing": "所需数值未填报",
    "zero_denominator": "分母为零",
    "no_number": "不以数值考核，由部门出具意见",
    "finding_pending": "有指标尚无结论",
    "not_in_catalogue": "不在指标目录中",
    "year_not_evaluated": "该年度未作评估",
    "parcel_not_evaluated": "宗地不在评估范围内",
}
SOURCES: Mapping[str, str] = {"marts": "数据仓库", "self_report": "企业自评"}
BASES: Mapping[str, str] = {"evidence": "数据", "verdict": "部门意见", "both": "数据与意见一致", "none": "尚无依据"}


def amount(value: float | None) -> str:
    """Return a figure as it is compared: up to four decimals, small ones with four significant digits; — for None."""
    if value is None or not math.isfinite(value):
        return "—"
    decimals = 4 if abs(value) >= 1 or value == 0 else 3 - math.floor(math.log10(abs(value)))
    text = f"{value:,.{min(decimals, 12)}f}"
    return text.rstrip("0").rstrip(".")


def unit(symbol: str | None) -> str:
    """Return a unit as it is shown; a pure number has none."""
    return "" if symbol in (None, "1") else str(symbol)


def word(code: str | None, words: Mapping[str, str]) -> str | None:
    """Return the word of a code; the code itself where there is none, None for None."""
    return None if code is None else words.get(code, code)
