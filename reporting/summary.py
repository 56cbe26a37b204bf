"""The head of the report: who and what it is about, and the few figures and sentences a committee needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reporting import figures, words
from reporting.figures import Form, write
from reporting.marts import Marts, Row
from reporting.scope import Scope


@dataclass(frozen=True)
class Figure:
    """A headline figure: name, the mart's value, how it is written, why it is missing.

    `growth` is the growth on the year before as a fraction, `city` the city's figure beside it; None where there is
    none to compare with.
    """

    name: str
    value: float | int | None
    form: Form
    reason: str
    growth: float | None = None
    city: float | None = None


@dataclass(frozen=True)
class Headline:
    """Place, state of the year, what the city says of its data, headline figures and the sentences of the summary."""

    place: str
    is_final: bool
    generated: bool
    notes: list[str]
    figures: list[Figure]
    sentences: list[str]


def headline(marts: Marts, scope: Scope, content: Mapping[str, Any]) -> Headline:
    """Return the head of the page of a scope from its chapters' content."""
    parts = [_land(scope, content), _scores(content), _change(content), _low(content), _contracts(content)]
    parts += [_balance(content), _quality(content)]
    return Headline(
        place=scope.name if scope.scale == "city" else f"{content['scopes'][0].name}{scope.name}",
        is_final=marts.run["state"] == "final",
        generated=bool(marts.run["generated"]),
        notes=list(marts.run["notes"] or []),
        figures=_figures(marts, scope, content),
        sentences=[text for text in parts if text],
    )


_SHOWN = {
    "zone": ("industrial_plot_ratio", "investment_intensity_cny10k_per_ha", "land_tax_cny10k_per_ha"),
    "district": ("site_area_m2", "output_cny10k", "land_output_cny10k_per_ha", "land_tax_cny10k_per_ha"),
}


def _figures(marts: Marts, scope: Scope, content: Mapping[str, Any]) -> list[Figure]:
    """Parcels, what their land brings, how they are rated, what is low and what is overdue."""
    table = content["zones" if scope.scale == "zone" else "districts"]
    row: Row = table.total if scope.scale == "city" else next(iter(table.rows), {})
    beside: Row = table.total if scope.scale == "district" else {}
    shown = [c for c in table.columns if c.key in _SHOWN.get(scope.scale, _SHOWN["district"])]
    rates = {c.key for c in shown if c.key.endswith("_per_ha")}
    parcels = marts.one("select count(*) as n from dim_parcel where is_industrial")["n"]
    low, contracts = content["low"].total, content["contracts"]
    reason = words.reason(None)
    overdue = None if contracts.missing else contracts.of("overdue")
    return [
        Figure("工业宗地", parcels, Form("宗", 0), reason),
        *(
            Figure(
                c.heading,
                row.get(c.key),
                c.form,
                table.reasons.get((scope.code, c.key), reason),
                content["change"].growth(c.key),
                beside.get(c.key) if c.key in rates else None,
            )
            for c in shown
        ),
        _median(content),
        Figure("低效用地", low["area_m2"], figures.HA_OF_M2, content["low"].missing or reason),
        Figure("逾期义务", overdue, Form("项", 0), contracts.missing or reason),
    ]


def _median(content: Mapping[str, Any]) -> Figure:
    parcel = content["scores"].parcel
    reason = content["scores"].missing or words.reason(None)
    return Figure("宗地得分中位数", parcel.summary["median"] if parcel else None, figures.SCORE, reason)


def _land(scope: Scope, content: Mapping[str, Any]) -> str:
    if scope.scale == "zone":
        return ""
    row: Row = content["districts"].total if scope.scale == "city" else next(iter(content["districts"].rows), {})
    if not row:
        return ""
    text = f"本年度共有工业宗地 {row['parcels']:,} 宗，用地面积 {write(row['site_area_m2'], figures.HA_OF_M2)} 公顷"
    if row["output_cny10k"] is None:
        return text + "；没有可用的企业数据，产出、税收和能耗指标缺失。"
    amount = figures.money(row["output_cny10k"])
    text += f"；落宗工业总产值 {write(row['output_cny10k'], amount)} {amount.unit}"
    if row["unmatched_output_cny10k"]:
        text += f"，另有 {write(row['unmatched_output_cny10k'], amount)} {amount.unit}产值未能落到工业宗地"
    return text + "。"


def _change(content: Mapping[str, Any]) -> str:
    """The parcels' scheme against the year before, with what moved the mean."""
    row = next((r for r in content["change"].schemes if r["scale"] == "parcel"), None)
    if row is None:
        return "没有可以与上一年比较的得分。"
    effects = {"数据": row["data_effect"], "理想值": row["ideal_effect"], "权重": row["weight_effect"]}
    named = [f"{name} {signed(value)} 分" for name, value in effects.items() if value]
    causes = f"，其中{words.join(named)}" if named else ""
    return (
        f"与上一年可比的宗地 {row['compared']:,} 宗，平均得分变化 {signed(row['mean_change'])} 分{causes}；"
        f"升 {row['risen']:,} 宗，降 {row['fallen']:,} 宗。"
    )


def signed(value: float | None) -> str:
    """Return a change in points with its sign."""
    return ("+" if value is not None and value > 0 else "") + write(value, figures.SCORE)


def _low(content: Mapping[str, Any]) -> str:
    total = content["low"].total
    if not total["parcels"]:
        return ""
    released = write(total["releasable_m2"], figures.HA_OF_M2)
    area = write(total["area_m2"], figures.HA_OF_M2)
    return f"低效用地 {total['parcels']:,} 宗、{area} 公顷，估计可释放 {released} 公顷。"


def _scores(content: Mapping[str, Any]) -> str:
    result = content["scores"].parcel
    if result is None:
        return "没有可以评分的宗地。"
    n = result.summary
    text = f"按「{result.name}」评分的宗地 {n['rated']:,} 宗，中位得分 {write(n['median'], figures.SCORE)} 分"
    if result.grades:
        counts = [f"{g.label} {g.n:,} 宗（占 {write(g.share, figures.PERCENT)}%）" for g in result.grades]
        text += f"，其中 {words.join(counts)}"
    return text + (f"；{n['not_rated']:,} 宗未评级。" if n["not_rated"] else "。")


def _quality(content: Mapping[str, Any]) -> str:
    total: Row = content["quality"].total
    if not total or not total["files"]:
        return ""
    text = (
        f"本年度收到 {total['files']:,} 个文件、{total['rows_in']:,} 行，"
        f"入库 {total['accepted']:,} 行，隔离 {total['quarantined']:,} 行，被替代 {total['superseded']:,} 行"
    )
    return text + (f"；{total['rejected']:,} 个文件被整体退回。" if total["rejected"] else "。")


def _balance(content: Mapping[str, Any]) -> str:
    if content["land"] is None:
        return ""
    calm = {True: "预测期内没有缺口", False: "无法判断是否有缺口"}
    said = [
        f"{words.word(s['scenario'], words.SCENARIOS)}"
        + (f"自 {s['first_shortage_year']} 年起出现缺口" if s["first_shortage_year"] else calm[s["known"]])
        for s in content["land"].scenarios
    ]
    return f"工业用地供需：{'；'.join(said)}。" if said else ""


def _contracts(content: Mapping[str, Any]) -> str:
    counts = [f"{words.word(s['state'], words.DUE_STATES)} {s['n']:,} 项" for s in content["contracts"].states]
    failed = sum(r["failed"] for r in content["contracts"].results)
    said = f"合同义务：{words.join(counts)}。" if counts else ""
    return said + (f"本年度分阶段评估不达标 {failed:,} 项。" if failed else "")
