"""The head of the report: who and what it is about, and the few figures and sentences a committee needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reporting import figures, words
from reporting.figures import Form, write
from reporting.marts import Marts, Row


@dataclass(frozen=True)
class Figure:
    """A headline figure: name, the mart's value, how it is written, and why it is missing."""

    name: str
    value: float | int | None
    form: Form
    reason: str


@dataclass(frozen=True)
class Headline:
    """City, state of the year, what the city says of its data, headline figures and the sentences of the summary."""

    city: str
    is_final: bool
    generated: bool
    notes: list[str]
    figures: list[Figure]
    sentences: list[str]


def headline(marts: Marts, content: Mapping[str, Any]) -> Headline:
    """Return the head of the report from the chapters' content."""
    row = marts.one("select unit_code, name_zh from dim_unit where scale = 'city' order by unit_code")
    parts = [_land(content), _scores(content), _quality(content), _balance(content), _contracts(content)]
    return Headline(
        city=row.get("name_zh") or marts.city_code or "",
        is_final=marts.run["state"] == "final",
        generated=bool(marts.run["generated"]),
        notes=list(marts.run["notes"] or []),
        figures=_figures(content),
        sentences=[text for text in parts if text],
    )


def _figures(content: Mapping[str, Any]) -> list[Figure]:
    table = content["districts"]
    city: Row = table.total
    code = city.get("unit_code", "")
    hidden = {"unmatched_output_cny10k", "rd_intensity"}
    return [
        Figure(c.heading, city.get(c.key), c.form, table.reasons.get((code, c.key), words.reason(None)))
        for c in table.columns
        if c.key not in hidden
    ]


def _land(content: Mapping[str, Any]) -> str:
    city: Row = content["districts"].total
    if not city:
        return ""
    text = f"本年度共有工业宗地 {city['parcels']:,} 宗，用地面积 {write(city['site_area_m2'], figures.HA_OF_M2)} 公顷"
    if city["output_cny10k"] is None:
        return text + "；没有可用的企业数据，产出、税收和能耗指标缺失。"
    amount = figures.money(city["output_cny10k"])
    text += f"；落宗工业总产值 {write(city['output_cny10k'], amount)} {amount.unit}"
    if city["unmatched_output_cny10k"]:
        text += f"，另有 {write(city['unmatched_output_cny10k'], amount)} {amount.unit}产值未能落到工业宗地"
    return text + "。"


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
    calm = {True: "预测期内没有缺口", False: "无法判断是否有缺口"}
    said = [
        f"{words.word(s['scenario'], words.SCENARIOS)}"
        + (f"自 {s['first_shortage_year']} 年起出现缺口" if s["first_shortage_year"] else calm[s["known"]])
        for s in content["land"].scenarios
    ]
    return f"工业用地供需：{'；'.join(said)}。" if said else ""


def _contracts(content: Mapping[str, Any]) -> str:
    counts = [f"{words.word(s['state'], words.DUE_STATES)} {s['n']:,} 项" for s in content["contracts"].states]
    return f"合同义务：{words.join(counts)}。" if counts else ""
