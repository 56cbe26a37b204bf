"""What the sheets of a worklist show: their columns and the query behind each, over the views of `Tables`."""

from __future__ import annotations

from dataclasses import dataclass

from reporting.contracts import words
from reporting.contracts.tables import Row, Tables


@dataclass(frozen=True)
class Column:
    """A column: its header with the unit, the name in the query, how it is written, and its width in digits.

    `form` is text, date, whole, year, number, share (a fraction shown in percent) or flag.
    """

    header: str
    name: str
    form: str = "text"
    width: int = 14


@dataclass(frozen=True)
class Sheet:
    """A sheet: title, columns, query with $as_of and $year. `for_all`: every department gets all of its rows."""

    title: str
    columns: tuple[Column, ...]
    sql: str
    for_all: bool = False


_WHO = (
    Column("协议编号", "agreement_no", width=20),
    Column("企业", "enterprise_name", width=30),
    Column("统一社会信用代码", "uscc", width=22),
    Column("宗地代码", "parcel_code", width=22),
    Column("行政区", "district_name", width=12),
)
_DEPARTMENT = Column("责任部门", "department", width=20)
_JOIN = "left join named as n using (agreement_no)"
_NAMED = "n.enterprise_name, n.district_name, coalesce(t.uscc, n.uscc) as uscc, "
_NAMED += (
    "coalesce(t.parcel_code, n.parcel_code) as parcel_code, coalesce(t.district_code, n.district_code) as district"
)
_FINDING = (
    Column("评估年度", "evaluation_year", "year", 10),
    Column("评估阶段", "stage", width=10),
    *_WHO,
    Column("指标", "indicator_name", width=24),
    Column("比较", "comparison", width=8),
    Column("目标值", "target_value", "number"),
    Column("实际值", "actual_value", "number"),
    Column("单位", "unit", width=16),
    Column("要求", "target_text", width=28),
    Column("缺少依据的原因", "reason", width=28),
    _DEPARTMENT,
)
_FINDINGS = (
    f"select t.* exclude (uscc, parcel_code, district_code), {_NAMED}, coalesce(i.name_zh, t.indicator_code) as "
    f"indicator_name, i.unit, t.evidence_reason as reason from fct_stage_finding as t {_JOIN} "
    "left join dim_indicator as i using (indicator_code) where t.outcome = '待评' and t.evaluation_year <= "
    "year($as_of) {more} order by t.evaluation_year, t.agreement_no, t.stage, t.indicator_code, t.comparison"
)

SHEETS: tuple[Sheet, ...] = (
    Sheet(
        "到期与逾期",
        (
            Column("状态", "state", width=12),
            Column("事项", "obligation", width=16),
            Column("评估阶段", "stage", width=10),
            Column("期次", "period_no", "whole", 8),
            Column("应完成日期", "due_date", "date", 13),
            Column("距到期（天）", "days_left", "whole", 13),
            *_WHO,
            _DEPARTMENT,
        ),
        f"select t.* exclude (uscc, parcel_code, district_code), {_NAMED} from fct_stage_due as t {_JOIN} "
        "where t.as_of_date = $as_of and t.state in ('overdue', 'due') "
        "order by t.due_date, t.agreement_no, t.obligation, t.seq_no",
    ),
    Sheet("待自评", _FINDING, _FINDINGS.format(more="and t.self_report_needed")),
    Sheet("待评", _FINDING, _FINDINGS.format(more="")),
    Sheet(
        "整改",
        (
            Column("情形", "situation", width=22),
            Column("评估阶段", "stage", width=10),
            Column("评估年度", "evaluation_year", "year", 10),
            Column("整改期限", "due_date", "date", 13),
            Column("距到期（天）", "days_left", "whole", 13),
            *_WHO,
            Column("依据", "evidence", width=40),
            _DEPARTMENT,
        ),
        f"""select * from (
            select case t.state when 'overdue' then '已通知，已逾期' else '已通知，整改中' end as situation, t.stage,
                null::integer as evaluation_year, t.due_date, t.days_left, t.agreement_no, {_NAMED},
                null::varchar as evidence, t.department
            from fct_stage_due as t {_JOIN}
            where t.as_of_date = $as_of and t.obligation = '整改' and t.state in ('overdue', 'due', 'upcoming')
            union all
            select '评估不达标，建议责令整改', t.stage, t.evaluation_year, t.due_date, t.due_date - $as_of,
                t.agreement_no, {_NAMED}, t.evidence, t.department
            from fct_consequence as t {_JOIN}
            where t.consequence_code = 'rectification' and t.state = 'proposed' and t.arises_date <= $as_of
        ) order by due_date, agreement_no, stage, evaluation_year, situation""",
    ),
    Sheet(
        "后果建议",
        (
            Column("建议", "consequence", width=22),
            Column("情形成立日期", "arises_date", "date", 14),
            Column("期限", "due_date", "date", 13),
            Column("评估阶段", "stage", width=10),
            Column("评估年度", "evaluation_year", "year", 10),
            *_WHO,
            Column("依据", "evidence", width=44),
            Column("协议条款", "clause", width=36),
            Column("地上建筑物处置", "building_compensation", width=18),
            Column("规则版本", "rule_version", width=16),
            _DEPARTMENT,
        ),
        f"select t.* exclude (uscc, parcel_code, district_code), {_NAMED}, t.consequence_code as consequence "
        f"from fct_consequence as t {_JOIN} where t.state = 'proposed' and t.arises_date <= $as_of "
        "order by t.arises_date, t.agreement_no, t.consequence_code",
    ),
    Sheet(
        "预警",
        (
            Column("预警", "warning", width=22),
            Column("发出日期", "raised_date", "date", 13),
            Column("数值", "value", "number"),
            Column("限值", "limit_value", "number"),
            Column("单位", "unit", width=10),
            Column("说明", "detail", width=60),
            *_WHO,
            _DEPARTMENT,
        ),
        f"select t.* exclude (uscc, parcel_code, district_code), {_NAMED}, t.kind as warning "
        f"from fct_warning as t {_JOIN} where t.raised_date <= $as_of and coalesce(t.ended_date > $as_of, true) "
        "and coalesce(t.year = $year, true) order by t.raised_date, t.kind, t.unit_code",
    ),
    Sheet(
        "失信名单",
        (
            Column("列入日期", "listed_date", "date", 13),
            Column("企业", "enterprise_name", width=30),
            Column("统一社会信用代码", "uscc", width=22),
            Column("协议编号", "agreement_no", width=24),
            Column("行政区", "district_name", width=12),
            Column("事由", "reason", width=60),
        ),
        "select t.*, e.enterprise_name, d.district_name, t.district_code as district from fct_credit as t "
        "left join firms as e using (uscc) left join districts as d using (district_code) "
        "where t.listed_date <= $as_of and coalesce(t.repaired_date > $as_of, true) order by t.listed_date, t.uscc",
        for_all=True,
    ),
)
_WORDS = {"state": words.DUE_STATES, "consequence": words.CONSEQUENCES, "warning": words.WARNINGS}


def rows_of(tables: Tables, sheet: Sheet) -> list[Row]:
    """Return the rows of a sheet for the whole city, codes as words, in the order in which they are shown."""
    parameters = {"as_of": tables.as_of, "year": tables.year}
    rows = tables.rows(sheet.sql, {name: value for name, value in parameters.items() if f"${name}" in sheet.sql})
    shown = {column.name for column in sheet.columns}
    for row in rows:
        for name in shown & set(_WORDS):
            row[name] = words.word(row[name], _WORDS[name])
        if "unit" in shown:
            row["unit"] = words.unit(row["unit"]) or None
        if "reason" in shown and sheet.title != "失信名单":
            row["reason"] = words.word(row["reason"], words.REASONS)
    return rows
