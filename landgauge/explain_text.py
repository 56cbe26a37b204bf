"""What stands around the scores of a unit, as lines of text: place, indicators, years, neighbours, duties."""

from __future__ import annotations

from collections.abc import Iterator

from landgauge import policy
from reporting import words
from reporting.contracts import words as contract_words
from reporting.opened.explored import Explored
from reporting.opened.obligations import Contract
from reporting.opened.standing import Standing

_NOT_RATED = {
    "no_value": "没有一项指标有值",
    "present_weight_below_minimum": "有值指标的权重之和不足",
    "value_missing": "有指标缺值",
    "ideal_value_missing": "有指标缺理想值",
}
_OTHER = {"unit_not_in_year": "该年没有这一单元"}


def lines(found: Explored) -> list[str]:
    """Return the parts that have something to say, each with its title and an empty line after it."""
    parts = {
        "概况": _unit(found),
        "指标": (line for s in found.standings for line in _indicator(s, found)),
        "历年": _years(found),
        "低效用地": _low(found),
        "邻近宗地": _near(found),
        "同宗企业": _occupants(found),
        "用地潜力": _potentials(found),
        "合同": (line for contract in found.contracts for line in _contract(contract)),
        "宗地变更": _changes(found),
    }
    result: list[str] = []
    for title, written in parts.items():
        part = list(written)
        if part:
            result += [title, *part, ""]
    return result


def reason(code: str | None, name: str | None = None) -> str:
    """Return the reason in words: the scheme's own, or those of the seeds; one that none names stays as it is."""
    named = {r["null_reason"]: r["name_zh"] for r in policy.rows("null_reason")}
    said = name or (_NOT_RATED | _OTHER | named).get(code or "") or words.REASONS.get(code or "")
    return f"{said} ({code})" if said else code or "未说明"


def figure(value: float | None) -> str:
    """Return a number with every digit that it has."""
    return "无" if value is None else repr(float(value)) if not float(value).is_integer() else str(int(value))


def _or_reason(value: float | None, why: str | None) -> str:
    return f"缺:{reason(why)}" if value is None else figure(value)


def _unit(found: Explored) -> Iterator[str]:
    for place in found.unit.places:
        yield f"{place.label} {place.code} {place.name or ''}".rstrip()
    for label, value in found.unit.facts:
        yield f"{label} {figure(value) if isinstance(value, int | float) else value}"


def _indicator(standing: Standing, found: Explored) -> Iterator[str]:
    """The value beside those of city and district, the rank among its like, and the ideal values."""
    row, known = standing.here, standing.indicator
    unit = f" {known['unit']}" if known.get("unit") not in (None, "1") else ""
    value = f"{_or_reason(row['value'], row['null_reason'])}{unit if row['value'] is not None else ''}"
    yield f"{known.get('name_zh') or row['indicator_code']} ({row['indicator_code']}):{value}"
    said = []
    if found.unit.scale not in ("city", "district"):
        said.append(f"本区 {_or_reason(standing.district, standing.district_reason)}")
    if found.unit.scale != "city":
        said.append(f"全市 {_or_reason(standing.city, standing.city_reason)}")
    if standing.better_than is not None:
        said.append(f"优于 {100 * standing.better_than:.0f}% 的同类(有值的共 {standing.counted} 个)")
    for scheme, ideal, illustrative in found.ideals.get(row["indicator_code"], []):
        said.append(f"理想值 {figure(ideal)}{'(示意值)' if illustrative else ''}({scheme})")
    if said:
        yield "   " + ",".join(said)


def _years(found: Explored) -> Iterator[str]:
    for scheme in found.scored:
        yield f"得分({scheme.scheme_code}{',示意值' if scheme.illustrative else ''})"
        for year, row, why in scheme.years:
            told = f"无:{reason(why)}" if why or row is None else f"{figure(row['score'])},等级 {row['grade'] or '无'}"
            yield f"   {year} {told}"
    for standing in found.standings:
        known = standing.indicator
        told = "; ".join(f"{y} {_or_reason(v, why)}" for y, v, why in standing.years)
        yield f"{known.get('name_zh') or known['indicator_code']} {told}"


def _low(found: Explored) -> Iterator[str]:
    if not found.low:
        return
    mark = "(示意值)" if found.low.parcel["illustrative"] else ""
    yield f"列入名录{mark},可释放面积 {figure(found.low.parcel['releasable_area_m2'])} 平方米"
    for row in found.low.reasons:
        actual = figure(row["actual_value"]) if row["actual_value"] is not None else row["actual_text"] or "无"
        limit = figure(row["limit_value"]) if row["limit_value"] is not None else row["limit_text"] or "无"
        basis = f"({row['of']})" if row["of"] else ""
        mark = "(示意值)" if row["illustrative"] else ""
        yield f"{row['name_zh']} ({row['reason']}){mark}:实际 {actual},界限 {limit}{basis};{row['source'] or ''}"


def _near(found: Explored) -> Iterator[str]:
    around = found.surroundings
    if around is None:
        return
    yield around.missing or f"距离为图形中心之间,{around.measured}"
    for row in around.rows:
        score = f"得分 {figure(row['score'])},等级 {row['grade'] or '无'}"
        if row["score"] is None:
            score = f"不评分:{reason(row['not_rated_reason'])}"
        yield (
            f"{row['parcel_code']} {row['name_zh'] or ''}:{row['distance_m']:.0f} 米{',相接' if row['touches'] else ''}"
            f",{score},容积率 {figure(row['plot_ratio'])},"
            f"土地产出率 {figure(row['land_output_cny10k_per_ha'])},地均税收 {figure(row['land_tax_cny10k_per_ha'])}"
        )


def _occupants(found: Explored) -> Iterator[str]:
    for row in found.occupants:
        score = f"得分 {figure(row['score'])},等级 {row['grade'] or '无'}"
        if row["score"] is None:
            score = f"不评分:{reason(row['not_rated_reason'])}"
        own = "→" if row["uscc"] == found.unit.code else " "
        yield (
            f"{own} 宗地 {row['parcel_code']} - 企业 {row['uscc']} {row['name_zh'] or ''}:"
            f"份额 {figure(row['share'])},{score}"
        )


def _potentials(found: Explored) -> Iterator[str]:
    for row in found.potentials:
        area = f"{figure(row['area_ha'])} 公顷" if row["area_ha"] is not None else f"缺:{reason(row['null_reason'])}"
        yield f"{row['name_zh']} ({row['potential']}){'(示意值)' if row['illustrative'] else ''}:{area}"


def _contract(contract: Contract) -> Iterator[str]:
    row, word = contract.agreement, contract_words.word
    firm = f"{row['uscc']} {row['enterprise_name'] or ''}".rstrip()
    yield f"协议 {row['agreement_no']}:宗地 {row['parcel_code']},企业 {firm}"
    for r in contract.results:
        yield f"   {r['evaluation_year']} 年{r['stage']}评估 {r['result']}"
    for r in contract.due:
        state = word(r["state"], contract_words.DUE_STATES)
        yield f"   {r['due_date']} {r['obligation']}({state}){r['department'] or ''}"
    if contract.due_count > len(contract.due):
        yield f"   共 {contract.due_count} 项未办,见 landgauge dossier {row['agreement_no']}"
    for r in contract.consequences:
        state = word(r["state"], contract_words.CONSEQUENCE_STATES)
        yield f"   后果 {r['arises_date']} {word(r['consequence_code'], contract_words.CONSEQUENCES)}({state})"
    for r in contract.warnings:
        ended = f",{r['ended_date']} 结束" if r["ended_date"] else ""
        yield f"   预警 {r['raised_date']} {word(r['kind'], contract_words.WARNINGS)}{ended}"


def _changes(found: Explored) -> Iterator[str]:
    if found.changes.missing:
        yield found.changes.missing
    for row in found.changes.rows:
        yield f"{row['change_date']} {row['kind']}:{row['old_parcel_code']} → {row['new_parcel_code']}"
