"""A score opened: into components, numerators and denominators, enterprises and shares, files and rows.

What stands behind it `reporting.opened` reads, for this text and for the pages of the report alike.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager

from landgauge import policy
from landgauge.errors import ConfigurationError
from landgauge.settings import Settings
from reporting import words
from reporting.marts import Marts, Row
from reporting.opened import pages
from reporting.opened.read import Key, Opened, keys, methods, read
from reporting.opened.sources import Sources, sources
from warehouse.published import open_snapshot

_SCALES = {
    "parcel": "宗地",
    "enterprise": "企业",
    "block": "街坊",
    "zone": "开发区",
    "district": "区",
    "city": "城市",
}
_NOT_RATED = {
    "no_value": "没有一项指标有值",
    "present_weight_below_minimum": "有值指标的权重之和不足",
    "value_missing": "有指标缺值",
    "ideal_value_missing": "有指标缺理想值",
}


def explain(settings: Settings, scale: str, unit: str, scheme: str | None = None) -> str:
    """Return, in Chinese, how the unit's scores of the settings' year came about; all schemes, or the one named.

    What is published is read from the snapshot; in which row of which file a figure was declared only the working
    file knows, and the text says so where it cannot be read. Raises ConfigurationError for what is not published.
    """
    with _published(settings, scale, unit, scheme) as marts:
        found = [read(marts, key, unit) for key in _keys(marts, scale, unit, scheme)]
        declared = sources(settings, marts, scale)
    lines = [line for opened in found for line in _score(opened, opened.units[0])]
    lines += _enterprises(found[0], found[0].units[0])
    lines += _sources(declared, unit)
    return "\n".join(lines) + "\n"


def explain_page(settings: Settings, scale: str, unit: str, scheme: str | None = None) -> str:
    """Return the same as `explain` as one self-contained HTML page. Raises ConfigurationError likewise."""
    with _published(settings, scale, unit, scheme):
        pass
    return pages.one_page(settings, scale, unit, (scheme,) if scheme else ())


@contextmanager
def _published(settings: Settings, scale: str, unit: str, scheme: str | None) -> Iterator[Marts]:
    """Open the year, or say what is wrong with a call that finds no score, and what there is instead."""
    if not settings.snapshot.is_file():
        raise ConfigurationError(f"nothing is published in {settings.warehouse}", "Run `landgauge evaluate` first.")
    with open_snapshot(settings.snapshot) as con:
        scored = con.execute("select distinct year, scale from marts.fct_score order by all").fetchall()
        if settings.year not in {year for year, _ in scored}:
            years = ", ".join(str(y) for y in sorted({year for year, _ in scored})) or "none"
            raise ConfigurationError(
                f"no score of {settings.year} is published", f"Published years with scores: {years}."
            )
        marts = Marts(con, settings.year)
        if not _keys(marts, scale, unit, scheme):
            raise ConfigurationError(*_why_not(marts, scale, unit, scheme))
        yield marts


def _keys(marts: Marts, scale: str, unit: str, scheme: str | None) -> list[Key]:
    rows = keys(marts, scale, unit)
    return [(scale, r["scheme_code"], r["scheme_version"]) for r in rows if scheme in (None, r["scheme_code"])]


def _why_not(marts: Marts, scale: str, unit: str, scheme: str | None) -> tuple[str, str]:
    found = keys(marts, scale, unit)
    if found:
        others = ", ".join(row["scheme_code"] for row in found)
        return f"{scale} {unit} has no score by scheme {scheme!r} in {marts.year}", f"Schemes: {others}."
    scales = list(dict.fromkeys(row["scale"] for row in keys(marts)))
    if scale not in scales:
        return f"no {scale} is scored in {marts.year}", f"Scored scales: {', '.join(scales)}."
    return f"{scale} {unit} has no score in {marts.year}", "Look at fct_score for the codes of scored units."


def _score(opened: Opened, unit: Row) -> Iterator[str]:
    scale, scheme = _SCALES.get(opened.scale, opened.scale), opened.scheme
    yield f"{scale} {unit['unit_code']} {unit['unit_name'] or ''}".rstrip() + f",{opened.year}年"
    mark = ",含示意值,不是正式结果" if scheme.get("illustrative") else ""
    yield f"方案 {opened.key[1]} {opened.key[2]} {scheme.get('name_zh') or ''}{mark}"
    yield f"运行 {unit['run_id']}({'正式' if unit['run_state'] == 'final' else '暂行'})"
    if unit["rated"]:
        yield f"得分 {_figure(unit['score'])},等级 {unit['grade'] or '无'} {unit['grade_name_zh'] or ''}".rstrip()
        group = ""
        if unit["rank_in_group"] is not None:
            group = f",组 {unit['group_code']} 内第 {unit['rank_in_group']} 名(共 {unit['group_size']})"
        yield f"全市第 {unit['rank_in_city']} 名{group}"
    else:
        name = opened.rule("not_rated", unit["not_rated_reason"])
        yield f"不评分:{_reason(unit['not_rated_reason'], name)}"
    if unit["veto_code"]:
        yield f"一票否决:{_reason(unit['veto_code'], opened.rule('veto', unit['veto_code']))}"
    yield from _components(opened, unit)
    yield from _weights(opened, unit)
    yield from _follows(unit)
    yield from _peers(opened, unit)
    yield ""


def _components(opened: Opened, unit: Row) -> Iterator[str]:
    yield ""
    yield "得分构成"
    medians = opened.medians.get(unit["group_code"], {})
    ideals = {(r["indicator_code"], r["ideal_value"]): r["illustrative"] for r in opened.ideals}
    weighed = {
        r["indicator_code"] for r in opened.weights if r["illustrative"] and r["group_code"] == unit["weight_group"]
    }
    for number, row in enumerate(unit["components"], 1):
        code = row["indicator_code"]
        indicator = opened.indicators.get(code, {})
        name = indicator.get("name_zh") or opened.points(code).get("name_zh") or code
        yield f"{number}. {name} ({code})"
        illustrative = bool(ideals.get((code, row["ideal_value"])))
        if opened.points(code):
            yield f"   加减分 {_figure(row['contribution'])}{'(示意值)' if code in weighed else ''}"
            continue
        marks = ("(示意值)" if illustrative else "", "(示意值)" if code in weighed else "")
        yield from (f"   {line}" for line in _component(row, indicator, medians.get(code), marks))
    total = math.fsum(row["contribution"] for row in unit["components"] if row["contribution"] is not None)
    if unit["rated"]:
        yield f"合计 {_figure(total)},与得分相差 {_figure(abs(total - unit['score']))}"


def _component(row: Row, indicator: Row, median: float | None, marks: tuple[str, str]) -> Iterator[str]:
    of = indicator.get("unit")
    unit = f" {of}" if of and of != "1" else ""
    if row["value"] is None:
        yield f"数值 缺:{_reason(row['null_reason'])}" + (",以组内平均代替" if row["imputed"] else "")
    else:
        yield f"数值 {_figure(row['value'])}{unit}"
    if indicator.get("formula_zh"):
        yield f"公式 {indicator['formula_zh']}"
    if row["catalogued"]:
        yield f"分子 {_figure(row['numerator'])},分母 {_figure(row['denominator'])}"
    yield (
        f"理想值 {_figure(row['ideal_value'])}{marks[0]},标准化值 {_figure(row['standardised'])},"
        f"权重 {_figure(row['weight'])}{marks[1]},得分 {_figure(row['contribution'])},"
        f"障碍度 {_figure(row['obstacle_degree'])}"
    )
    if median is not None:
        yield f"组中位数 {_figure(median)}{unit}"
    if row["grade_without"] is not None:
        yield f"剔除该项则为 {row['grade_without']} 级"
    if row["needed_value"] is not None:
        yield f"升到 {row['next_grade']} 级所需 {_figure(row['needed_value'])}{unit},其他不变"


def _weights(opened: Opened, unit: Row) -> Iterator[str]:
    """How the weights came about that hold for the unit."""
    own = unit["weight_group"]
    yield ""
    yield "权重方法"
    for row in methods(opened):
        if row["group_code"] == own:
            why = json.loads(row["parameters"] or "{}").get("undefined")
            mark = "(示意值)" if row["illustrative"] else ""
            yield f"{own}:{row['method']}{mark}" + (f",推求不出:{why}" if why else "")
            yield f"   参数 {row['parameters']}"


def _follows(unit: Row) -> Iterator[str]:
    """How sure the grade is, what changed since the year before, and what follows."""
    sure, change = unit["stability"], unit["change"]
    if sure:
        yield ""
        yield "稳定性" + ("(示意值)" if sure["illustrative"] else "") + (_hangs(sure))
        yield f"权重变动 {sure['draws']} 次,名次 {sure['rank_p05']} 至 {sure['rank_p95']}" + (
            "" if sure["grade_probability"] is None else f",等级保持的概率 {_figure(sure['grade_probability'])}"
        )
        for name, kind in (("数据误差", "data"), ("权重与数据同时变动", "joint")):
            if sure[f"{kind}_rank_p05"] is not None:
                odds = sure[f"{kind}_grade_probability"]
                said = "" if odds is None else f",等级保持的概率 {_figure(odds)}"
                yield f"{name},名次 {sure[f'{kind}_rank_p05']} 至 {sure[f'{kind}_rank_p95']}{said}"
        yield f"缺失数据可使得分在 {_figure(sure['missing_low'])} 至 {_figure(sure['missing_high'])} 之间"
    if change and change["score_change"] is not None:
        yield ""
        yield f"与上年相比 {_figure(change['score_change'])}(上年 {_figure(change['previous_score'])})"
        yield (
            f"数据影响 {_figure(change['data_effect'])},理想值影响 {_figure(change['ideal_effect'])},"
            f"权重影响 {_figure(change['weight_effect'])}"
        )
    if unit["measures"]:
        yield ""
        yield "处置措施"
    for row in unit["measures"]:
        mark = "(示意值)" if row["illustrative"] else ""
        yield f"{row['name_zh']}{mark} - {row['department']}:{row['reason']}"


def _hangs(sure: Row) -> str:
    what = words.word(sure["hangs_on"], words.HANGS_ON)
    return "" if not sure["flag"] else ",须复核" + (f":取决于{what}" if what else "")


def _peers(opened: Opened, unit: Row) -> Iterator[str]:
    """The units next in rank of the same group, the unit itself among them."""
    if not unit["near"]:
        return
    yield ""
    yield f"同组邻近单元(组 {unit['group_code']})"
    for code in unit["near"]:
        row = unit if code == unit["unit_code"] else opened.peers[code]
        yield (
            f"{'→' if row is unit else ' '} 第 {row['rank_in_group']} 名 {code} {row['unit_name'] or ''}:"
            f"得分 {_figure(row['score'])},等级 {row['grade'] or '无'}"
        )


def _enterprises(opened: Opened, unit: Row) -> Iterator[str]:
    title = "所在宗地与份额" if opened.scale == "enterprise" else "企业与份额"
    yield f"{title}(共 {unit['share_count']} 条)"
    for row in unit["shares"]:
        tenure = f",{row['tenure']}" if row["tenure"] else ""
        yield (
            f"宗地 {row['parcel_code']} - 企业 {row['uscc']} {row['enterprise_name'] or ''}:"
            f"份额 {_figure(row['share'])}({row['share_basis']},{row['matched_by']}{tenure})"
        )
    if unit["share_count"] > len(unit["shares"]):
        yield f"其余 {unit['share_count'] - len(unit['shares'])} 条见 bridge_parcel_enterprise"
    yield ""


def _sources(declared: Sources, unit: str) -> Iterator[str]:
    yield "来源文件与行"
    if declared.missing:
        yield declared.missing
        return
    for row in declared.rows.get(unit, []):
        later = ";发布之后才装入,不是这次得分的依据" if row["later"] else ""
        yield f"{row['dataset']} {row['file_name']} (SHA-256 {row['file_sha256'][:16]}…){later}"
        more = f" 等共 {row['count']} 行" if row["count"] > len(row["numbers"]) else ""
        yield f"   数据行 {'、'.join(row['numbers'])}{more}"
    if unit not in declared.rows:
        yield "没有找到这一单元当年采纳的申报行"


def _reason(code: str | None, name: str | None = None) -> str:
    """The reason in words: the scheme's own, or those of the seeds; one that none names stays as it is."""
    named = {r["null_reason"]: r["name_zh"] for r in policy.rows("null_reason")}
    said = name or (_NOT_RATED | named).get(code or "") or words.REASONS.get(code or "")
    return f"{said} ({code})" if said else code or "未说明"


def _figure(value: float | None) -> str:
    """A number with every digit that it has."""
    return "无" if value is None else repr(float(value)) if not float(value).is_integer() else str(int(value))
