"""The lists of results: the query behind each and its columns. Figures are the marts', codes become words.

Every list is made once for the city as a temporary table, in its order, with the code of each row's district.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from landgauge import policy
from landgauge.errors import ConfigurationError
from reporting import words
from reporting.contracts.sheets import Column
from reporting.marts import Marts
from reporting.workbooks.book import Table
from reporting.workbooks.columns import described, shown_unit

OBSTACLES = 3  # main obstacles that a ranked list names
_BATCH = 5_000  # rows fetched at a time
_KEYS = {"parcel": "parcel_code", "enterprise": "uscc", "block": "block_code", "zone": "zone_code"} | {
    "district": "district_code"
}
SCALES = tuple(_KEYS)


@dataclass(frozen=True)
class Listed:
    """A list as it is kept: title, the temporary table, columns, and a sentence on what it shows."""

    title: str
    table: str
    columns: tuple[Column, ...]
    about: str


_PREPARED = """
create or replace temp table units as
select u.scale, u.unit_code, coalesce(u.name_zh, u.unit_code) as name_zh, u.district_code,
    coalesce(d.name_zh, u.district_code) as district_name, coalesce(t.name_zh, u.town_code) as town_name
from dim_unit as u
left join (select unit_code, any_value(name_zh) as name_zh from dim_unit where scale = 'district' group by all) as d
    on d.unit_code = u.district_code
left join (select town_code, any_value(name_zh) as name_zh from dim_town group by all) as t using (town_code);
create or replace temp table indicators as
select indicator_code, any_value(name_zh) as name_zh, any_value(unit) as unit from dim_indicator group by all;
create or replace temp table rules as
select scale, scheme_code, scheme_version, kind, rule_code, min(name_zh) as name_zh from dim_scheme_rule group by all;
create or replace temp table schemes as
select scheme_code, scheme_version, coalesce(min(name_zh), scheme_code) as scheme_name from dim_scheme
group by scheme_code, scheme_version
"""
_OF = "scale, unit_code, scheme_code, scheme_version"
_RANKED = f"""
with obstacles as (
    select {_OF}, string_agg(name || ' ' || printf('%.0f%%', 100 * obstacle_degree), '、'
        order by obstacle_degree desc, indicator_code) as obstacles
    from (
        select c.*, coalesce(i.name_zh, c.indicator_code) as name, row_number() over (
            partition by {_OF} order by obstacle_degree desc, indicator_code) as place
        from fct_score_component as c left join indicators as i using (indicator_code)
        where c.scale = $1 and c.obstacle_degree > 0
    ) where place <= {OBSTACLES} group by {_OF}
), next_grades as (
    select {_OF}, min(next_grade) as next_grade, min(needed_score) as needed_score from fct_next_grade
    where scale = $1 group by {_OF}
)
select u.district_code, coalesce(m.scheme_name, s.scheme_code) || ' ' || s.scheme_version as scheme, s.group_code,
    s.rank_in_group, s.group_size, s.rank_in_city, s.rank_in_district, s.unit_code, u.name_zh, u.district_name,
    u.town_name, s.score, s.grade, s.grade_name_zh, n.next_grade, n.needed_score - s.score as gap, o.obstacles,
    t.grade_probability, coalesce(v.name_zh, s.veto_code) as veto,
    coalesce(r.name_zh, w.word, s.not_rated_reason) as not_rated
from fct_score as s
left join units as u using (scale, unit_code)
left join schemes as m using (scheme_code, scheme_version)
left join obstacles as o using ({_OF})
left join next_grades as n using ({_OF})
left join (select {_OF}, min(grade_probability) as grade_probability from fct_score_stability group by all) as t
    using ({_OF})
left join rules as v on v.kind = 'veto' and v.rule_code = s.veto_code and v.scale = s.scale
    and v.scheme_code = s.scheme_code and v.scheme_version = s.scheme_version
left join rules as r on r.kind = 'not_rated' and r.rule_code = s.not_rated_reason and r.scale = s.scale
    and r.scheme_code = s.scheme_code and r.scheme_version = s.scheme_version
left join reason_words as w on w.code = s.not_rated_reason
where s.scale = $1
order by s.scheme_code, s.scheme_version, s.group_code nulls last, s.rank_in_group nulls last, s.unit_code
"""
_PLACE = (
    Column("代码", "unit_code", width=22),
    Column("名称", "name_zh", width=30),
    Column("行政区", "district_name", width=12),
)
_RANKED_COLUMNS = (
    Column("评价方案", "scheme", width=46),
    Column("组", "group_code", width=8),
    Column("组内名次", "rank_in_group", "whole", 10),
    Column("组内评级数", "group_size", "whole", 10),
    Column("全市名次", "rank_in_city", "whole", 10),
    Column("区内名次", "rank_in_district", "whole", 10),
    *_PLACE,
    Column("街镇", "town_name", width=14),
    Column("得分（分）", "score", "number", 11),
    Column("等级", "grade", width=8),
    Column("等级名称", "grade_name_zh", width=10),
    Column("上一等级", "next_grade", width=10),
    Column("距上一等级（分）", "gap", "number", 11),
    Column("主要障碍因素（障碍度）", "obstacles", width=54),
    Column("等级保持概率（%）", "grade_probability", "share", 12),
    Column("一票否决", "veto", width=18),
    Column("未评级原因", "not_rated", width=30),
)
_GRADES = """
with scored as (
    select u.district_code, u.district_name, s.* from fct_score as s left join units as u using (scale, unit_code)
), counted as (
    select district_code, any_value(district_name) as district_name, scale, scheme_code, scheme_version,
        coalesce(grade, '未评级') as grade, min(grade_name_zh) as grade_name_zh, count(*) as n, avg(score) as mean
    from scored group by district_code, scale, scheme_code, scheme_version, coalesce(grade, '未评级')
    union all
    select null, '全市', scale, scheme_code, scheme_version, coalesce(grade, '未评级'), min(grade_name_zh), count(*),
        avg(score)
    from scored group by scale, scheme_code, scheme_version, coalesce(grade, '未评级')
)
select c.*, coalesce(m.scheme_name, c.scheme_code) || ' ' || c.scheme_version as scheme, w.word as scale_name,
    n / sum(n) over (partition by c.scale, c.scheme_code, c.scheme_version, c.district_code, c.district_name) as share
from counted as c
left join schemes as m using (scheme_code, scheme_version)
left join scale_words as w on w.code = c.scale
order by c.scheme_code, c.scheme_version, w.place, c.district_code nulls first, c.district_name, c.grade
"""
_GRADE_COLUMNS = (
    Column("评价方案", "scheme", width=46),
    Column("对象", "scale_name", width=10),
    Column("行政区", "district_name", width=12),
    Column("等级", "grade", width=8),
    Column("等级名称", "grade_name_zh", width=10),
    Column("数量", "n", "whole", 10),
    Column("占该区该对象（%）", "share", "share", 12),
    Column("平均得分（分）", "mean", "number", 11),
)
_MEASURES = """
select u.district_code, m.department, m.grade, w.word as scale_name, m.unit_code, u.name_zh, u.district_name,
    m.name_zh as measure, m.reason, m.flag,
    coalesce(d.scheme_name, m.scheme_code) || ' ' || m.scheme_version as scheme, m.illustrative
from fct_measure as m
left join units as u using (scale, unit_code)
left join schemes as d using (scheme_code, scheme_version)
left join scale_words as w on w.code = m.scale
order by m.scheme_code, m.scheme_version, m.grade, w.place, m.department, m.measure_code, m.unit_code
"""
_MEASURE_COLUMNS = (
    Column("等级", "grade", width=8),
    Column("对象", "scale_name", width=10),
    *_PLACE,
    Column("建议措施", "measure", width=42),
    Column("责任部门", "department", width=20),
    Column("理由", "reason", width=60),
    Column("执行前须复核", "flag", "flag", 12),
    Column("评价方案", "scheme", width=46),
    Column("示意", "illustrative", "flag", 8),
)
_CHANGES = f"""
select u.district_code, w.word as scale_name, c.unit_code, u.name_zh, u.district_name,
    coalesce(m.scheme_name, c.scheme_code) || ' ' || c.scheme_version as scheme, c.previous_score, s.score,
    c.score_change, c.previous_grade, s.grade, c.data_effect, c.ideal_effect, c.weight_effect,
    coalesce(r.word, c.no_effect_reason) as reason
from fct_score_change as c
left join fct_score as s using ({_OF})
left join units as u using (scale, unit_code)
left join schemes as m using (scheme_code, scheme_version)
left join scale_words as w on w.code = c.scale
left join reason_words as r on r.code = c.no_effect_reason
order by c.scheme_code, c.scheme_version, w.place, c.score_change nulls last, c.unit_code
"""
_CHANGE_COLUMNS = (
    Column("对象", "scale_name", width=10),
    *_PLACE,
    Column("评价方案", "scheme", width=46),
    Column("上年得分（分）", "previous_score", "number", 11),
    Column("本年得分（分）", "score", "number", 11),
    Column("增减（分）", "score_change", "number", 11),
    Column("上年等级", "previous_grade", width=10),
    Column("本年等级", "grade", width=10),
    Column("其中数据变化（分）", "data_effect", "number", 11),
    Column("其中理想值变化（分）", "ideal_effect", "number", 11),
    Column("其中权重变化（分）", "weight_effect", "number", 11),
    Column("不能分解的原因", "reason", width=34),
)
_LOW = """
with evidence as (
    select parcel_code, string_agg(coalesce(w.word, r.reason) || case
        when r.actual_value is not null then concat('：', round(r.actual_value, 4)) || coalesce(
            '，界线 ' || round(r.limit_value, 4), '')
        when r.actual_text is not null then '：' || r.actual_text || coalesce('，对照 ' || r.limit_text, '')
        else '' end, '；' order by r.rule_order, r.reason) as evidence
    from fct_low_efficiency_reason as r left join low_words as w on w.code = r.reason group by all
)
select p.district_code, p.parcel_code as unit_code, u.name_zh, u.district_name, u.town_name, p.site_area_m2,
    coalesce(w.word, p.main_reason) as main_reason, e.evidence, p.release_share, p.shared_area_m2,
    nullif(array_to_string(p.shared_with, '、'), '') as shared_with, p.releasable_area_m2, d.use_state, p.illustrative
from fct_low_efficiency_parcel as p
left join units as u on u.scale = 'parcel' and u.unit_code = p.parcel_code
left join dim_parcel as d on d.parcel_code = p.parcel_code
left join evidence as e on e.parcel_code = p.parcel_code
left join low_words as w on w.code = p.main_reason
order by p.releasable_area_m2 desc nulls last, p.parcel_code
"""
_LOW_COLUMNS = (
    *_PLACE,
    Column("街镇", "town_name", width=14),
    Column("利用状态", "use_state", width=10),
    Column("宗地面积（m²）", "site_area_m2", "number", 14),
    Column("主要原因", "main_reason", width=14),
    Column("原因与依据", "evidence", width=48),
    Column("可释放比例（%）", "release_share", "share", 12),
    Column("与他宗重叠另计（m²）", "shared_area_m2", "number", 14),
    Column("重叠宗地", "shared_with", width=24),
    Column("可释放面积（m²）", "releasable_area_m2", "number", 14),
    Column("用到示意值", "illustrative", "flag", 10),
)
_GAPS = """
select u.district_code, w.word as scale_name, v.unit_code, u.name_zh, u.district_name,
    coalesce(i.name_zh, v.indicator_code) as indicator, i.unit as unit, coalesce(r.word, v.null_reason) as reason
from fct_indicator_value as v
left join units as u using (scale, unit_code)
left join indicators as i using (indicator_code)
left join scale_words as w on w.code = v.scale
left join reason_words as r on r.code = v.null_reason
where v.value is null and v.scale in ('parcel', 'block', 'zone', 'district')
order by w.place, v.unit_code, v.indicator_code
"""
_GAP_COLUMNS = (
    Column("对象", "scale_name", width=10),
    *_PLACE,
    Column("指标", "indicator", width=34),
    Column("缺失原因", "reason", width=38),
)
_FIXED: tuple[tuple[str, str, tuple[Column, ...], str, str], ...] = (
    ("grades", "等级分布", _GRADE_COLUMNS, _GRADES, "各区各等级的数量和平均得分"),
    ("measures", "分类措施", _MEASURE_COLUMNS, _MEASURES, "A至D各等级的单元、建议措施和责任部门；可按等级、部门筛选"),
    ("changes", "较上年变化", _CHANGE_COLUMNS, _CHANGES, "得分和等级与上一年比较，分解为数据、理想值、权重三部分"),
    ("low", "低效用地", _LOW_COLUMNS, _LOW, "低效宗地、原因、依据和可释放面积（每平方米只计一次）"),
    ("gaps", "数据缺口", _GAP_COLUMNS, _GAPS, "没有数值的指标和原因；企业的见企业指标页的缺失说明列"),
)


def make_lists(marts: Marts) -> list[Listed]:
    """Make the temporary tables of all lists of the year and return what they are, in the order of the sheets."""
    for statement in _PREPARED.split(";"):
        marts.execute(statement)
    _word_tables(marts)
    made = [_made(marts, *_FIXED[0])]
    scored = {row["scale"] for row in marts.rows("select distinct scale from fct_score")}
    for scale in (s for s in SCALES if s in scored):
        title, about = (
            f"{words.SCALES[scale]}排名",
            "按方案和组的名次、得分、等级、距上一等级和主要障碍因素；可按等级筛选",
        )
        made.append(_made(marts, f"ranked_{scale}", title, _RANKED_COLUMNS, _RANKED.replace("$1", f"'{scale}'"), about))
    made += [_made(marts, *_FIXED[1])]
    made += [some for scale in SCALES if (some := _indicators(marts, scale)) is not None]
    return made + [_made(marts, *fixed) for fixed in _FIXED[2:]]


def _made(marts: Marts, table: str, title: str, columns: tuple[Column, ...], sql: str, about: str) -> Listed:
    marts.execute(f"create or replace temp table list_{table} as {sql}")
    return Listed(title, f"list_{table}", columns, about)


def _word_tables(marts: Marts) -> None:
    try:
        low = {row["reason"]: row["name_zh"] for row in policy.rows("low_efficiency_rule")}
    except ConfigurationError:  # an installation may do without the rules
        low = {}
    reasons = {code: words.reason(code) for code in {**words.REASONS, **words.NO_EFFECT}}
    reasons |= {code: f"{name}（{code}）" for code, name in words.NO_EFFECT.items()}
    for table, some in (("reason_words", reasons), ("low_words", low), ("scale_words", dict(words.SCALES))):
        marts.execute(
            f"create or replace temp table {table} as select unnest(?::varchar[]) as code, "
            "unnest(?::varchar[]) as word, unnest(?::integer[]) as place",
            [list(some), list(some.values()), list(range(len(some)))],
        )


def _indicators(marts: Marts, scale: str) -> Listed | None:
    """The wide table of a scale with a column that says why figures are missing; None where there is no such table."""
    table, key = f"fct_{scale}_year", _KEYS[scale]
    if key not in marts.have.get(table, ()):
        return None
    shown = [c for c in described(marts, table) if c.name not in {key, "district_code", "town_code"}]
    picked = "".join(f't."{c.name}", ' for c in shown)
    sql = f"""
        select u.district_code, t.{key} as unit_code, u.name_zh, u.district_name, u.town_name, {picked} g.missing
        from marts.{table} as t
        left join units as u on u.scale = '{scale}' and u.unit_code = t.{key}
        left join (
            select v.unit_code, string_agg(coalesce(i.name_zh, v.indicator_code) || '：' ||
                coalesce(r.word, v.null_reason, '原因未载明'), '；' order by v.indicator_code) as missing
            from fct_indicator_value as v
            left join indicators as i using (indicator_code)
            left join reason_words as r on r.code = v.null_reason
            where v.scale = '{scale}' and v.value is null group by all
        ) as g on g.unit_code = t.{key}
        where t.year = {marts.year} order by t.{key}"""
    columns = (*_PLACE, *(c.column() for c in shown), Column("缺失说明", "missing", width=60))
    about = "指标值和合计；空白是没有数值，不是零，原因在缺失说明列"
    return _made(marts, f"values_{scale}", f"{words.SCALES[scale]}指标", columns, sql, about)


def tables_of(marts: Marts, lists: Sequence[Listed], column: str | None = None, value: str = "") -> Iterator[Table]:
    """Yield the lists as tables of a book: all rows, or those whose `column` (district_code, department) is `value`."""
    where, parameters = (f"where {column} = ?", [value]) if column else ("", [])
    for some in lists:
        picked = ", ".join(f'"{c.name}"' for c in some.columns)
        sql = f"from {some.table} {where}"
        count = marts.one(f"select count(*) as n {sql}", parameters)["n"]
        query = f"select {picked} {sql} order by rowid"
        yield Table(some.title, some.columns, count, lambda q=query: _batches(marts, q, parameters), some.about)


def _batches(marts: Marts, sql: str, parameters: Sequence[str]) -> Iterable[Sequence[object]]:
    cursor = marts.execute(sql, parameters)
    while batch := cursor.fetchmany(_BATCH):
        yield from batch


def definitions(marts: Marts) -> Table:
    """Return the indicators with unit, direction, formula and source."""
    columns = (
        Column("指标", "name_zh", width=34),
        Column("单位", "unit", width=12),
        Column("方向", "direction", width=10),
        Column("公式", "formula_zh", width=70),
        Column("来源", "source", width=90),
        Column("指标代码", "indicator_code", width=40),
    )
    found = marts.rows("select * from dim_indicator order by indicator_code")
    for row in found:
        row["direction"] = words.word(row["direction"], words.DIRECTIONS) or None
    rows = [[shown_unit(r[c.name]) or "比值" if c.name == "unit" else r[c.name] for c in columns] for r in found]
    return Table("指标说明", columns, len(rows), lambda: rows, "各指标的单位、方向、公式和来源")
