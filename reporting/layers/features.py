"""What the layers hold: a feature for every unit of the marts with a shape where one is published, and its fields.

Shapes are the marts' own (EPSG:4490, longitude first); a unit without one is a feature without geometry. Zones and
blocks have no published shape and no layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from landgauge.sql import literal
from reporting.marts import Marts, Row
from reporting.scores import grades_of
from reporting.workbooks.columns import Described, described

MULTIPOLYGON, POINT = "MultiPolygon", "Point"


@dataclass(frozen=True)
class Graded:
    """A result that colours a layer: its field of grades, and the scheme's grades as (grade, label, place)."""

    code: str
    name: str
    field: str
    grades: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Layer:
    """A layer: its name, what it is called, kind of geometry, field that labels it, fields, and its results.

    `labelled_from` is the denominator of the map scale from which on labels are shown (0: always).
    The features stand in the temporary table `layer_<name>`, geometry as WKB.
    """

    name: str
    title: str
    kind: str
    labelled_by: str
    labelled_from: int
    fields: tuple[Described, ...]
    graded: tuple[Graded, ...]
    features: int
    shapes: int


@dataclass(frozen=True)
class _Source:
    """Where a layer comes from: scale, its table and key, the join that brings the shape, and further fields."""

    name: str
    title: str
    scale: str
    table: str
    key: str
    kind: str
    joins: str
    geometry: str
    labelled_from: int
    fields: tuple[tuple[str, Described], ...]


def _field(name: str, name_zh: str, unit: str = "", kind: str = "VARCHAR") -> Described:
    return Described(name, name_zh, unit, kind, {"VARCHAR": "text", "DOUBLE": "number"}.get(kind, "whole"))


_CONTRACTS = """
create or replace temp table parcel_contracts as
with held as (
    select distinct parcel_code, agreement_no from ({held})
), overdue as (
    select agreement_no, count(*) as n from fct_stage_due where state = 'overdue' group by all
), latest as (
    select agreement_no, arg_max(stage || ' ' || result, (evaluation_year, result_date, stage)) as result
    from ({results}) group by all
)
select h.parcel_code, string_agg(h.agreement_no, '、' order by h.agreement_no) as agreements,
    coalesce(sum(o.n), 0)::integer as overdue,
    string_agg(h.agreement_no || ' ' || l.result, '；' order by h.agreement_no) as result
from held as h left join overdue as o using (agreement_no) left join latest as l using (agreement_no)
where h.parcel_code is not null group by all
"""
_PARCELS = _Source(
    "parcels", "宗地", "parcel", "fct_parcel_year", "parcel_code", MULTIPOLYGON,
    "left join dim_parcel as p on p.parcel_code = t.parcel_code "
    "left join fct_low_efficiency_parcel as e on e.parcel_code = t.parcel_code "
    "left join low_words as w on w.code = e.main_reason "
    "left join parcel_contracts as c on c.parcel_code = t.parcel_code",
    "p.geometry", 20_000,
    (
        ("p.use_state", _field("use_state", "利用状态")),
        ("e.parcel_code is not null", _field("low_efficiency", "低效用地", kind="BOOLEAN")),
        ("coalesce(w.word, e.main_reason)", _field("low_efficiency_reason", "低效主要原因")),
        ("e.releasable_area_m2", _field("releasable_area_m2", "可释放面积", "m²", "DOUBLE")),
        ("c.agreements", _field("agreements", "监管协议编号")),
        ("c.overdue", _field("overdue_obligations", "已逾期履约事项", "项", "INTEGER")),
        ("c.result", _field("contract_results", "各协议最近一次评估结果")),
    ),
)  # fmt: skip
_DISTRICTS = _Source(
    "districts", "行政区", "district", "fct_district_year", "district_code", MULTIPOLYGON,
    "left join dim_district_outline as o on o.district_code = t.district_code", "o.geometry", 0,
    (("o.tolerance_m", _field("tolerance_m", "界线可能偏离", "m", "DOUBLE")),),
)  # fmt: skip
_ENTERPRISES = _Source(
    "enterprises", "企业", "enterprise", "fct_enterprise_year", "uscc", POINT,
    "left join places as p on p.uscc = t.uscc", "p.geometry", 5_000,
    (("p.section_code", _field("section_code", "行业门类")), ("p.division_code", _field("division_code", "行业大类"))),
)  # fmt: skip
_SOURCES = (_DISTRICTS, _PARCELS, _ENTERPRISES)  # in the order in which a map is drawn
_PLACES = """
create or replace temp table places as
select uscc, {section} as section_code, {division} as division_code,
    case when longitude is not null and latitude is not null then st_aswkb(st_point(longitude, latitude)) end
        as geometry
from {source}
"""


def make_layers(marts: Marts) -> list[Layer]:
    """Make the temporary tables of the layers and return them from the lowest up; needs the tables of the lists.

    A layer without a single shape is left out.
    """
    _contracts(marts)
    _places(marts)
    some = [_layer(marts, source) for source in _SOURCES]
    return [layer for layer in some if layer is not None and layer.shapes]


def _contracts(marts: Marts) -> None:
    day = marts.run["as_of_date"]
    held = "select parcel_code, agreement_no from dim_agreement"
    if "bridge_agreement_parcel" in marts.have:
        held = (
            "select parcel_code, agreement_no from marts.bridge_agreement_parcel "
            f"where coalesce(arrived_date <= date '{day}', true) and coalesce(left_date > date '{day}', true)"
        )
    results = "select ''::varchar as agreement_no, '' as stage, '' as result, 0 as evaluation_year, null::date as "
    results += "result_date where false"
    if "fct_stage_result" in marts.have:
        results = (
            "select agreement_no, stage, result, evaluation_year, result_date from marts.fct_stage_result "
            f"where evaluation_year <= {marts.year}"
        )
    marts.execute(_CONTRACTS.format(held=held, results=results))


def _places(marts: Marts) -> None:
    have = marts.have.get("dim_enterprise", set())
    if not {"longitude", "latitude"} <= have:
        empty = "uscc varchar, section_code varchar, division_code varchar, geometry blob"
        marts.execute(f"create or replace temp table places ({empty})")
        return
    columns = {name: name if name in have else "null::varchar" for name in ("section_code", "division_code")}
    source = f"marts.dim_enterprise where year = {marts.year}"
    marts.execute(_PLACES.format(section=columns["section_code"], division=columns["division_code"], source=source))


def _layer(marts: Marts, source: _Source) -> Layer | None:
    if source.key not in marts.have.get(source.table, ()):
        return None
    own = [c for c in described(marts, source.table) if c.name != source.key]
    head = [(f"t.{source.key}", _field(source.key, "代码")), ("u.name_zh", _field("name_zh", "名称"))]
    if source.scale != "district":
        head += [("u.district_name", _field("district_name", "行政区")), ("u.town_name", _field("town_name", "街镇"))]
    picked = [*head, *((f't."{c.name}"', c) for c in own), *source.fields]
    graded, joins = [], []
    for place, result in enumerate(_results(marts, source.scale)):
        one = _graded(marts, result, [g.field for g in graded])
        graded.append(one)
        joins.append(_join(f"s{place}", source, result))
        picked += _score_fields(f"s{place}", one)
    picked.append(("g.missing", _field("missing", "缺失说明")))
    columns = ", ".join(f'{sql} as "{field.name}"' for sql, field in picked)
    marts.execute(
        f"create or replace temp table layer_{source.name} as select {columns}, {_shape(source)} as geometry "
        f"from marts.{source.table} as t left join units as u on u.scale = '{source.scale}' "
        f"and u.unit_code = t.{source.key} left join list_values_{source.scale} as g on g.unit_code = t.{source.key} "
        f"{source.joins} {' '.join(joins)} where t.year = {marts.year} order by t.{source.key}"
    )
    counts = marts.one(f"select count(*) as n, count(geometry) as shapes from layer_{source.name}")
    fields = tuple(field for _, field in picked)
    shown = (source.kind, "name_zh", source.labelled_from)
    return Layer(source.name, source.title, *shown, fields, tuple(graded), counts["n"], counts["shapes"])


def _shape(source: _Source) -> str:
    """Polygons and multipolygons as multipolygons, so that a layer has one kind of geometry."""
    if source.kind == POINT:
        return source.geometry
    return f"case when {source.geometry} is not null then st_aswkb(st_multi(st_geomfromwkb({source.geometry}))) end"


def _results(marts: Marts, scale: str) -> list[Row]:
    """The schemes that scored units of a scale, in the order of the run; those that rated none come last."""
    found = marts.rows(
        "select s.scale, s.scheme_code, s.scheme_version, coalesce(min(m.scheme_name), s.scheme_code) as name, "
        "bool_or(s.rated) as rated from fct_score as s left join schemes as m using (scheme_code, scheme_version) "
        "where s.scale = ? group by s.scale, s.scheme_code, s.scheme_version",
        [scale],
    )
    order = {code: place for place, code in enumerate(marts.run["schemes"] or [])}
    place = len(order)
    found.sort(
        key=lambda r: (not r["rated"], order.get(r["scheme_code"], place), r["scheme_code"], r["scheme_version"])
    )
    return found


def _join(alias: str, source: _Source, result: Row) -> str:
    scheme, version = (literal(result[name]) for name in ("scheme_code", "scheme_version"))
    return (
        f"left join fct_score as {alias} on {alias}.scale = '{source.scale}' and {alias}.unit_code = t.{source.key} "
        f"and {alias}.scheme_code = {scheme} and {alias}.scheme_version = {version}"
    )


def _graded(marts: Marts, result: Row, taken: Sequence[str]) -> Graded:
    code, version = result["scheme_code"], result["scheme_version"]
    found = grades_of(marts, (result["scale"], code, version))
    grades = tuple((g.grade, g.label, g.place) for g in found)
    code = f"{code}_{version}" if f"grade_{code}" in taken else code
    return Graded(code, f"{result['name']} {version}", f"grade_{code}", grades)


def _score_fields(alias: str, graded: Graded) -> list[tuple[str, Described]]:
    code, name = graded.code, graded.name
    reason = f"(select r.word from reason_words as r where r.code = {alias}.not_rated_reason)"
    return [
        (f"{alias}.score", _field(f"score_{code}", f"得分：{name}", "分", "DOUBLE")),
        (f"{alias}.grade", _field(f"grade_{code}", f"等级：{name}")),
        (f"{alias}.grade_name_zh", _field(f"grade_name_{code}", f"等级名称：{name}")),
        (f"{alias}.rank_in_city", _field(f"rank_{code}", f"全市名次：{name}", kind="BIGINT")),
        (f"coalesce({reason}, {alias}.not_rated_reason)", _field(f"not_rated_{code}", f"未评级原因：{name}")),
    ]


def about(marts: Marts, layer: Layer) -> str:
    """Return what a reader of the layer must know, in a paragraph."""
    run = marts.run
    state = "正式" if run["state"] == "final" else "公示稿（未核定）"
    parts = [f"产业用地后评估 {marts.year} 年 {layer.title}，{state}，运行标识 {run['run_id']}。"]
    if run["generated"]:
        parts.insert(0, "生成数据（示例），不是任何真实城市的情况。")
    parts += [str(note) for note in run["notes"] or []]
    if layer.features > layer.shapes:
        parts.append(f"共 {layer.features} 个单元，其中 {layer.features - layer.shapes} 个没有已发布的图形。")
    if layer.name == "districts":
        parts.append("界线仅供示意图使用，不作勘界依据。")
    return "".join([*parts, "坐标系 EPSG:4490（CGCS2000）。空值表示没有数值，不是零，原因见“缺失说明”。"])
