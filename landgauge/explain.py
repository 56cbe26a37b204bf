"""A score opened: into components, numerators and denominators, enterprises and shares, files and rows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import duckdb

from landgauge import policy
from landgauge.errors import ConfigurationError, LandgaugeError
from landgauge.settings import Settings
from warehouse import db
from warehouse.published import open_snapshot

# scale: what it is called, its key among the declarations, its column of dim_parcel
SCALES = {
    "parcel": ("宗地", "parcel_code", "parcel_code"),
    "enterprise": ("企业", "uscc", ""),
    "block": ("街坊", "", "block_code"),
    "zone": ("开发区", "zone_code", "zone_code"),
    "district": ("区", "district_code", "district_code"),
    "city": ("城市", "", ""),
}
_SHOWN = 20  # enterprises, and rows of a file, that are named one by one
_NOT_RATED = {
    "no_value": "没有一项指标有值",
    "present_weight_below_minimum": "有值指标的权重之和不足",
    "value_missing": "有指标缺值",
    "ideal_value_missing": "有指标缺理想值",
}
_OWN = {"zone": ("zones",), "district": ("district_series",)}

Row = dict[str, Any]


def explain(settings: Settings, scale: str, unit: str, scheme: str | None = None) -> str:
    """Return, in Chinese, how the unit's scores of the settings' year came about; all schemes, or the one named.

    What is published is read from the snapshot; in which row of which file a figure was declared only the working
    file knows, and the text says so where it cannot be read. Raises ConfigurationError for what is not published.
    """
    if not settings.snapshot.is_file():
        raise ConfigurationError(f"nothing is published in {settings.warehouse}", "Run `landgauge evaluate` first.")
    with open_snapshot(settings.snapshot) as con:
        con.execute("set schema = 'marts'")
        scores = _scores(con, scale, unit, settings.year, scheme)
        lines = [line for score in scores for line in _score(con, score)]
        _gather(con, scale, unit, settings.year)
        lines += _enterprises(con, scale, settings.year)
        units = _read(con, "select kind, code from explained order by all")
        known = {(r["file_sha256"], r["file_name"]) for r in _read(con, "select file_sha256, file_name from fct_load")}
    lines += _sources(settings, scale, unit, units, known)
    return "\n".join(lines) + "\n"


def _read(con: duckdb.DuckDBPyConnection, sql: str, values: list[Any] | None = None) -> list[Row]:
    cursor = con.execute(sql, values or [])
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _scores(con: duckdb.DuckDBPyConnection, scale: str, unit: str, year: int, scheme: str | None) -> list[Row]:
    found = _read(
        con,
        "select s.*, d.name_zh as scheme_name, d.illustrative, u.name_zh as unit_name, r.state as run_state "
        "from fct_score as s left join dim_unit as u using (scale, unit_code, year) "
        "left join dim_scheme as d using (scheme_code, scheme_version) left join fct_run as r on r.run_id = s.run_id "
        "where s.scale = ? and s.unit_code = ? and s.year = ? order by s.scheme_code, s.scheme_version",
        [scale, unit, year],
    )
    chosen = [row for row in found if scheme in (None, row["scheme_code"])]
    if not chosen:
        raise ConfigurationError(*_why_not(con, scale, unit, year, scheme, found))
    return chosen


def _why_not(
    con: duckdb.DuckDBPyConnection, scale: str, unit: str, year: int, scheme: str | None, found: list[Row]
) -> tuple[str, str]:
    """What is wrong with a call that finds no score, and what there is instead."""
    if found:
        others = ", ".join(row["scheme_code"] for row in found)
        return f"{scale} {unit} has no score by scheme {scheme!r} in {year}", f"Schemes: {others}."
    sql = "select distinct year, scale from fct_score order by all"
    scored = _read(con, sql)
    if year not in {r["year"] for r in scored}:
        years = ", ".join(str(y) for y in sorted({r["year"] for r in scored})) or "none"
        return f"no score of {year} is published", f"Published years with scores: {years}."
    scales = [r["scale"] for r in scored if r["year"] == year]
    if scale not in scales:
        return f"no {scale} is scored in {year}", f"Scored scales: {', '.join(scales)}."
    return f"{scale} {unit} has no score in {year}", "Look at fct_score for the codes of scored units."


def _score(con: duckdb.DuckDBPyConnection, score: Row) -> Iterator[str]:
    scale = SCALES.get(score["scale"], (score["scale"],))[0]
    yield f"{scale} {score['unit_code']} {score['unit_name'] or ''}".rstrip() + f",{score['year']}年"
    mark = ",含示意值,不是正式结果" if score["illustrative"] else ""
    yield f"方案 {score['scheme_code']} {score['scheme_version']} {score['scheme_name'] or ''}{mark}"
    yield f"运行 {score['run_id']}({'正式' if score['run_state'] == 'final' else '暂行'})"
    if score["rated"]:
        yield f"得分 {_figure(score['score'])},等级 {score['grade'] or '无'} {score['grade_name_zh'] or ''}".rstrip()
        group = ""
        if score["rank_in_group"] is not None:
            group = f",组 {score['group_code']} 内第 {score['rank_in_group']} 名(共 {score['group_size']})"
        yield f"全市第 {score['rank_in_city']} 名{group}"
    else:
        yield f"不评分:{_reason(score['not_rated_reason'])}"
    if score["veto_code"]:
        yield f"一票否决:{score['veto_code']}"
    yield from _components(con, score)
    yield from _weights(con, score)


def _components(con: duckdb.DuckDBPyConnection, score: Row) -> Iterator[str]:
    rows = _read(
        con,
        "select c.*, i.name_zh, i.unit, i.formula_zh, v.numerator, v.denominator, v.null_reason, "
        "v.indicator_code is not null as catalogued "
        "from fct_score_component as c left join dim_indicator as i using (indicator_code) "
        "left join fct_indicator_value as v using (scale, unit_code, year, indicator_code) "
        "where c.scale = ? and c.unit_code = ? and c.year = ? and c.scheme_code = ? and c.scheme_version = ? "
        "order by c.contribution desc nulls last, c.indicator_code",
        [score[k] for k in ("scale", "unit_code", "year", "scheme_code", "scheme_version")],
    )
    yield ""
    yield "得分构成"
    for number, row in enumerate(rows, 1):
        yield f"{number}. {row['name_zh'] or row['indicator_code']} ({row['indicator_code']})"
        yield from (f"   {line}" for line in _component(row))
    total = math.fsum(row["contribution"] for row in rows if row["contribution"] is not None)
    if score["rated"]:
        yield f"合计 {_figure(total)},与得分相差 {_figure(abs(total - score['score']))}"


def _component(row: Row) -> Iterator[str]:
    unit = f" {row['unit']}" if row["unit"] and row["unit"] != "1" else ""
    if row["value"] is None:
        yield f"数值 缺:{_reason(row['null_reason'])}" + (",以组内平均代替" if row["imputed"] else "")
    else:
        yield f"数值 {_figure(row['value'])}{unit}"
    if row["formula_zh"]:
        yield f"公式 {row['formula_zh']}"
    if row["catalogued"]:
        yield f"分子 {_figure(row['numerator'])},分母 {_figure(row['denominator'])}"
    yield (
        f"理想值 {_figure(row['ideal_value'])},标准化值 {_figure(row['standardised'])},权重 {_figure(row['weight'])},"
        f"得分 {_figure(row['contribution'])},障碍度 {_figure(row['obstacle_degree'])}"
    )


def _weights(con: duckdb.DuckDBPyConnection, score: Row) -> Iterator[str]:
    """How the weights came about that hold for the unit."""
    rows = _read(
        con,
        "select group_code, method, any_value(parameters) as parameters, bool_or(illustrative) as illustrative "
        "from fct_weight where scheme_code = ? and scheme_version = ? and year = ? "
        "and (group_code = ? or starts_with(group_code, ? || ':')) group by all order by group_code, method",
        [score["scheme_code"], score["scheme_version"], score["year"], score["scale"], score["scale"]],
    )
    own = _weight_group(con, score, [row["group_code"] for row in rows])
    yield ""
    yield "权重方法"
    for row in rows:
        if row["group_code"] == own:
            why = json.loads(row["parameters"] or "{}").get("undefined")
            mark = "(示意值)" if row["illustrative"] else ""
            yield f"{own}:{row['method']}{mark}" + (f",推求不出:{why}" if why else "")
            yield f"   参数 {row['parameters']}"
    yield ""


def _weight_group(con: duckdb.DuckDBPyConnection, score: Row, groups: list[str]) -> str:
    """Return the group of weights that holds for the unit: its own, or the scale where it has none."""
    scale = score["scale"]
    column = next((g.removeprefix(f"{scale}:").split("=")[0] for g in groups if ":" in g), None)
    key = SCALES[scale][1] or f"{scale}_code"
    for table in (f"dim_{scale}", f"fct_{scale}_year"):
        found = _read(
            con, "select column_name from information_schema.columns where table_name = ? and column_name = ?",
            [table, column],
        )  # fmt: skip
        if found:
            sql = f"select cast({column} as varchar) as code from {table} where {key} = ? and year = ?"
            codes = [f"{scale}:{column}={r['code']}" for r in _read(con, sql, [score["unit_code"], score["year"]])]
            return next((code for code in codes if code in groups), scale)
    return scale


def _gather(con: duckdb.DuckDBPyConnection, scale: str, unit: str, year: int) -> None:
    """Make the temporary table `explained` (kind, code): the parcels and enterprises that the unit's figures are of."""
    column = SCALES[scale][2]
    con.execute("create or replace temp table explained (kind varchar, code varchar)")
    if scale == "enterprise":
        con.execute("insert into explained values ('uscc', ?)", [unit])
        con.execute(
            "insert into explained select distinct 'parcel_code', parcel_code from bridge_parcel_enterprise "
            "where uscc = ? and year = ?",
            [unit, year],
        )
        return
    where = f"and {column} = ?" if column else ""
    con.execute(
        f"insert into explained select 'parcel_code', parcel_code from dim_parcel where year = ? {where}",
        [year, unit] if column else [year],
    )
    con.execute(
        "insert into explained select distinct 'uscc', b.uscc from bridge_parcel_enterprise as b "
        "join explained as e on e.kind = 'parcel_code' and b.parcel_code = e.code where b.year = ?",
        [year],
    )


def _enterprises(con: duckdb.DuckDBPyConnection, scale: str, year: int) -> Iterator[str]:
    key, title = ("uscc", "所在宗地与份额") if scale == "enterprise" else ("parcel_code", "企业与份额")
    rows = _read(
        con,
        "select b.parcel_code, b.uscc, n.enterprise_name, b.share, b.share_basis, b.tenure, b.matched_by "
        f"from bridge_parcel_enterprise as b join explained as e on e.kind = '{key}' and b.{key} = e.code "
        "left join dim_enterprise as n using (uscc, year) where year = ? order by b.parcel_code, b.uscc",
        [year],
    )
    yield f"{title}(共 {len(rows)} 条)"
    for row in rows[:_SHOWN]:
        tenure = f",{row['tenure']}" if row["tenure"] else ""
        yield (
            f"宗地 {row['parcel_code']} - 企业 {row['uscc']} {row['enterprise_name'] or ''}:"
            f"份额 {_figure(row['share'])}({row['share_basis']},{row['matched_by']}{tenure})"
        )
    if len(rows) > _SHOWN:
        yield f"其余 {len(rows) - _SHOWN} 条见 bridge_parcel_enterprise"
    yield ""


def _sources(settings: Settings, scale: str, unit: str, units: list[Row], known: set[tuple[str, str]]) -> Iterator[str]:
    yield "来源文件与行"
    if not settings.database.is_file():
        yield "工作文件 warehouse.duckdb 不在,行号无从得知;文件见 fct_load"
        return
    try:
        with db.connect(settings, read_only=True) as con:
            rows = _declared(con, scale, unit, settings.year, units)
            places = _places(con, {row["load_id"] for row in rows})
    except LandgaugeError as error:
        yield f"工作文件现在读不了,行号无从得知;文件见 fct_load({error.message})"
        return
    for row in rows:
        later = "" if (row["file_sha256"], row["file_name"]) in known else ";发布之后才装入,不是这次得分的依据"
        yield f"{row['dataset']} {row['file_name']} (SHA-256 {row['file_sha256'][:16]}…){later}"
        yield f"   数据行 {_numbers(row['rows'], places.get(row['load_id'], []))}"
    if not rows:
        yield "没有找到这一单元当年采纳的申报行"


def _declared(con: duckdb.DuckDBPyConnection, scale: str, unit: str, year: int, units: list[Row]) -> list[Row]:
    """Return dataset, load_id, file and the numbers of the accepted rows that declare the unit."""
    con.execute("create temp table explained (kind varchar, code varchar)")
    named = [[u["kind"] for u in units], [u["code"] for u in units]]
    con.execute("insert into explained select unnest(?::varchar[]), unnest(?::varchar[])", named)
    key = SCALES[scale][1]
    found = []
    for dataset, columns in _datasets(con).items():
        own = dataset in _OWN.get(scale, ()) and key in columns
        kinds = [kind for kind in ("parcel_code", "uscc") if kind in columns]
        if not own and not kinds:
            continue
        test = (
            f"a.{key} = ?"
            if own
            else " or ".join(f"a.{kind} in (select code from explained where kind = '{kind}')" for kind in kinds)
        )
        found += _read(
            con,
            f"select '{dataset}' as dataset, l.load_id, l.file_name, l.file_sha256, list(a.row_no order by a.row_no) "
            f"as rows from accepted.{dataset} as a join ledger.load as l using (load_id) "
            f"where a.data_year = ? and ({test}) group by all order by l.file_name, l.load_id",
            [year, unit] if own else [year],
        )
    return found


def _datasets(con: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    rows = _read(
        con,
        "select table_name, list(column_name) as columns from information_schema.columns "
        "where table_schema = 'accepted' group by all order by table_name",
    )
    return {row["table_name"]: set(row["columns"]) for row in rows}


def _places(con: duckdb.DuckDBPyConnection, loads: set[int]) -> dict[int, list[Row]]:
    """Return, by load, the runs of rows of its sheets; nothing for files that are no workbooks."""
    there = _read(con, "select 1 from duckdb_tables() where schema_name = 'ledger' and table_name = 'load_sheet'")
    if not there:
        return {}
    result: dict[int, list[Row]] = {}
    for row in _read(con, "select load_id, sheet, unnest(runs) as run from ledger.load_sheet order by rowid"):
        if row["load_id"] in loads:
            result.setdefault(row["load_id"], []).append({"sheet": row["sheet"], **row["run"]})
    return result


def _numbers(rows: list[int], places: list[Row]) -> str:
    shown = [_number(row, places) for row in rows[:_SHOWN]]
    return "、".join(shown) + (f" 等共 {len(rows)} 行" if len(rows) > _SHOWN else "")


def _number(row: int, places: list[Row]) -> str:
    for run in places:
        if run["row_no"] <= row < run["row_no"] + run["sheet_rows"]:
            return f"{row}(工作表“{run['sheet']}”第 {run['sheet_row'] + row - run['row_no']} 行)"
    return str(row)


def _reason(code: str | None) -> str:
    """The reason in words; one that no seed names stays as it is."""
    named = {r["null_reason"]: r["name_zh"] for r in policy.rows("null_reason")}
    named |= {r["not_rated_reason"]: r["name_zh"] for r in policy.rows("scheme_not_rated")}
    words = (_NOT_RATED | named).get(code or "")
    return f"{words} ({code})" if words else code or "未说明"


def _figure(value: float | None) -> str:
    """A number with every digit that it has."""
    return "无" if value is None else repr(float(value)) if not float(value).is_integer() else str(int(value))
