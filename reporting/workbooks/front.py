"""The first sheet of a workbook: what it is, what state it is in, how it is read, and what its sheets hold."""

from __future__ import annotations

from collections.abc import Sequence

from reporting import words
from reporting.contracts.book import GENERATED, PROPOSED
from reporting.marts import Marts
from reporting.workbooks.book import Line, Table

_READING = (
    "空白单元格表示没有数值，不是零；原因写在同一行的原因或说明列，或数据缺口页。",
    "各列单位写在表头括号内；比例以百分数显示，单元格内为数据仓库原值（16位有效数字）。",
    "首行冻结，可用筛选箭头按等级、行政区、街镇、部门筛选；一页放不下的表分成多页，页名后加序号。",
    "以 = + - @ 等开头的文字前加撇号，以免被电子表格当作公式执行。",
    "得分范围以各方案为准：对标值不封顶的方案可超过100分。一票否决只改等级，不改得分。",
    "主要障碍因素的障碍度在各指标间合计为100%；等级保持概率为权重变动下等级不变的比例。",
    "距上一等级：把得分提高到上一等级界线还差的分数；按比例定级的方案为组内相应名次的得分。",
)
_ILLUSTRATIVE = "示意：标明“示意”的权重、理想值、界线、措施没有可核对的来源，使用前由主管部门核定。"


def front(marts: Marts, name: str, tables: Sequence[Table], remarks: Sequence[str] = ()) -> list[Line]:
    """Return the lines of the first sheet of the book of a district, a department or the city, called `name`."""
    run = marts.run
    lines = [Line((f"产业用地后评估结果 {marts.year} 年：{name}",), "title")]
    if run["generated"]:
        lines.append(Line((GENERATED,), "red"))
    schemes = _schemes(marts)
    if any(row["illustrative"] for row in schemes):
        lines.append(Line((_ILLUSTRATIVE,), "red"))
    lines += [Line((text,)) for text in [*(run["notes"] or []), *remarks]]
    lines += [Line(())] + [Line(line) for line in _facts(marts)]
    lines += [Line(()), Line(("评价方案", "对象", "版本、核定与依据"), "strong")]
    lines += [Line((row["name"], row["scales"], row["basis"])) for row in schemes]
    lines += [Line(()), Line(("怎样读",), "strong")] + [Line((text,)) for text in (*_READING, PROPOSED)]
    lines += [Line(()), Line(("工作表", "行数", "内容"), "strong")]
    return lines + [Line((table.title, table.count, table.about)) for table in tables]


def _facts(marts: Marts) -> list[tuple[str, str | None]]:
    run = marts.run
    state = "正式" if run["state"] == "final" else "公示稿（未核定）"
    facts: list[tuple[str, str | None]] = [("评价年度", str(marts.year)), ("状态", state), ("核定", run["approved_by"])]
    return [*facts, ("履约观察日", str(run["as_of_date"] or "")), ("运行标识", run["run_id"])]


def _schemes(marts: Marts) -> list[dict[str, object]]:
    """The schemes that scored the year, in the order of the run."""
    found = marts.rows(
        "select s.scheme_code, s.scheme_version, list(distinct s.scale order by s.scale) as scales, "
        "min(d.name_zh) as name_zh, min(d.approved_by) as approved_by, min(d.document) as document, "
        "coalesce(bool_or(d.illustrative), false) or coalesce((select bool_or(w.illustrative) from fct_weight as w "
        "where w.scheme_code = s.scheme_code and w.scheme_version = s.scheme_version), false) as illustrative "
        "from fct_score as s left join dim_scheme as d using (scheme_code, scheme_version) "
        "group by s.scheme_code, s.scheme_version"
    )
    order = {code: place for place, code in enumerate(marts.run["schemes"] or [])}
    found.sort(key=lambda r: (order.get(r["scheme_code"], len(order)), r["scheme_code"], r["scheme_version"]))
    return [
        {
            "name": row["name_zh"] or row["scheme_code"],
            "scales": words.join([words.word(scale, words.SCALES) for scale in row["scales"]]),
            "basis": "；".join(
                str(part)
                for part in (
                    f"版本 {row['scheme_version']}",
                    row["approved_by"] and f"核定 {row['approved_by']}",
                    row["document"],
                    "含示意值" if row["illustrative"] else None,
                )
                if part
            ),
            "illustrative": row["illustrative"],
        }
        for row in found
    ]
