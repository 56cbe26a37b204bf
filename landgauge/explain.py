"""A score opened: into components, numerators and denominators, enterprises and shares, files and rows.

What stands behind it `reporting.opened` reads, for this text and for the pages of the report alike.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from landgauge import explain_text
from landgauge.errors import ConfigurationError
from landgauge.explain_text import figure, reason
from landgauge.settings import Settings
from reporting import words
from reporting.marts import Marts, Row
from reporting.opened import explored_page
from reporting.opened.explored import Explored, explore
from reporting.opened.read import Opened, methods
from reporting.opened.sources import Sources
from warehouse.published import open_snapshot

_SCALES = {
    "parcel": "宗地",
    "enterprise": "企业",
    "block": "街坊",
    "zone": "开发区",
    "district": "区",
    "city": "城市",
    "industry": "行业",
}
_YEARS = "select distinct year from marts.fct_score union select distinct year from marts.dim_unit order by 1"


def explain(settings: Settings, scale: str, unit: str | None, scheme: str | None = None) -> str:
    """Return, in Chinese, all that is published of a unit in the settings' year; by all schemes, or the one named.

    What is published is read from the snapshot; in which row of which file a figure was declared only the working
    file knows, and the text says so where it cannot be read. Raises ConfigurationError for what is not published.
    """
    with _published(settings) as marts:
        found = explore(settings, marts, scale, unit, scheme)
    lines = [] if found.opened else list(_head(found))
    lines += [line for opened in found.opened for line in _score(opened, opened.units[0])]
    lines += explain_text.lines(found)
    lines += _enterprises(found)
    lines += _sources(found.declared, found.unit.code)
    return "\n".join(lines) + "\n"


def explain_page(settings: Settings, scale: str, unit: str | None, scheme: str | None, folder: Path) -> str:
    """Return the same as `explain` as one self-contained HTML page, which will stand in `folder`.

    Its units link to the pages of the report where these stand. Raises ConfigurationError likewise.
    """
    with _published(settings) as marts:
        return explored_page.render(settings, marts, explore(settings, marts, scale, unit, scheme), folder)


@contextmanager
def _published(settings: Settings) -> Iterator[Marts]:
    """Open the year; what is not published is a wrong call here, and what there is instead is said."""
    if not settings.snapshot.is_file():
        raise ConfigurationError(f"nothing is published in {settings.warehouse}", "Run `landgauge evaluate` first.")
    with open_snapshot(settings.snapshot) as con:
        years = [row[0] for row in con.execute(_YEARS).fetchall()]
        if settings.year not in years:
            known = ", ".join(str(year) for year in years) or "none"
            raise ConfigurationError(
                f"no score of {settings.year} is published", f"Published years with scores: {known}."
            )
        yield Marts(con, settings.year)


def _head(found: Explored) -> Iterator[str]:
    yield f"{_SCALES.get(found.unit.scale, found.unit.scale)} {found.unit.code} {found.unit.name or ''}".rstrip() + (
        f",{found.year}年"
    )
    yield f"运行 {found.run['run_id']}({'正式' if found.run['state'] == 'final' else '暂行'})"
    yield "没有方案给这一单元评分"
    yield ""


def _score(opened: Opened, unit: Row) -> Iterator[str]:
    scale, scheme = _SCALES.get(opened.scale, opened.scale), opened.scheme
    yield f"{scale} {unit['unit_code']} {unit['unit_name'] or ''}".rstrip() + f",{opened.year}年"
    mark = ",含示意值,不是正式结果" if scheme.get("illustrative") else ""
    yield f"方案 {opened.key[1]} {opened.key[2]} {scheme.get('name_zh') or ''}{mark}"
    yield f"运行 {unit['run_id']}({'正式' if unit['run_state'] == 'final' else '暂行'})"
    if unit["rated"]:
        yield f"得分 {figure(unit['score'])},等级 {unit['grade'] or '无'} {unit['grade_name_zh'] or ''}".rstrip()
        group = ""
        if unit["rank_in_group"] is not None:
            group = f",组 {unit['group_code']} 内第 {unit['rank_in_group']} 名(共 {unit['group_size']})"
        yield f"全市第 {unit['rank_in_city']} 名{group}"
    else:
        name = opened.rule("not_rated", unit["not_rated_reason"])
        yield f"不评分:{reason(unit['not_rated_reason'], name)}"
    if unit["veto_code"]:
        yield f"一票否决:{reason(unit['veto_code'], opened.rule('veto', unit['veto_code']))}"
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
            yield f"   加减分 {figure(row['contribution'])}{'(示意值)' if code in weighed else ''}"
            continue
        marks = ("(示意值)" if illustrative else "", "(示意值)" if code in weighed else "")
        yield from (f"   {line}" for line in _component(row, indicator, medians.get(code), marks))
    total = math.fsum(row["contribution"] for row in unit["components"] if row["contribution"] is not None)
    if unit["rated"]:
        yield f"合计 {figure(total)},与得分相差 {figure(abs(total - unit['score']))}"


def _component(row: Row, indicator: Row, median: float | None, marks: tuple[str, str]) -> Iterator[str]:
    of = indicator.get("unit")
    unit = f" {of}" if of and of != "1" else ""
    if row["value"] is None:
        yield f"数值 缺:{reason(row['null_reason'])}" + (",以组内平均代替" if row["imputed"] else "")
    else:
        yield f"数值 {figure(row['value'])}{unit}"
    if indicator.get("formula_zh"):
        yield f"公式 {indicator['formula_zh']}"
    if row["catalogued"]:
        yield f"分子 {figure(row['numerator'])},分母 {figure(row['denominator'])}"
    yield (
        f"理想值 {figure(row['ideal_value'])}{marks[0]},标准化值 {figure(row['standardised'])},"
        f"权重 {figure(row['weight'])}{marks[1]},得分 {figure(row['contribution'])},"
        f"障碍度 {figure(row['obstacle_degree'])}"
    )
    if median is not None:
        yield f"组中位数 {figure(median)}{unit}"
    if row["grade_without"] is not None:
        yield f"剔除该项则为 {row['grade_without']} 级"
    if row["needed_value"] is not None:
        yield f"升到 {row['next_grade']} 级所需 {figure(row['needed_value'])}{unit},其他不变"


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
            "" if sure["grade_probability"] is None else f",等级保持的概率 {figure(sure['grade_probability'])}"
        )
        for name, kind in (("数据误差", "data"), ("权重与数据同时变动", "joint")):
            if sure[f"{kind}_rank_p05"] is not None:
                odds = sure[f"{kind}_grade_probability"]
                said = "" if odds is None else f",等级保持的概率 {figure(odds)}"
                yield f"{name},名次 {sure[f'{kind}_rank_p05']} 至 {sure[f'{kind}_rank_p95']}{said}"
        yield f"缺失数据可使得分在 {figure(sure['missing_low'])} 至 {figure(sure['missing_high'])} 之间"
    if change and change["score_change"] is not None:
        yield ""
        yield f"与上年相比 {figure(change['score_change'])}(上年 {figure(change['previous_score'])})"
        yield (
            f"数据影响 {figure(change['data_effect'])},理想值影响 {figure(change['ideal_effect'])},"
            f"权重影响 {figure(change['weight_effect'])}"
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
            f"得分 {figure(row['score'])},等级 {row['grade'] or '无'}"
        )


def _enterprises(found: Explored) -> Iterator[str]:
    title = "所在宗地与份额" if found.unit.scale == "enterprise" else "企业与份额"
    yield f"{title}(共 {found.share_count} 条)"
    for row in found.shares:
        tenure = f",{row['tenure']}" if row["tenure"] else ""
        yield (
            f"宗地 {row['parcel_code']} - 企业 {row['uscc']} {row['enterprise_name'] or ''}:"
            f"份额 {figure(row['share'])}({row['share_basis']},{row['matched_by']}{tenure})"
        )
    if found.share_count > len(found.shares):
        yield f"其余 {found.share_count - len(found.shares)} 条见 bridge_parcel_enterprise"
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
