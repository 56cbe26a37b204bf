"""The chapters on scores: distribution, grades, the lowest and highest parcels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reporting import charts, words
from reporting.chapters import absence
from reporting.marts import Marts, Row

SHOWN_PARCELS = 20
MOST_BINS = 25
LETTERS = ("A", "B", "C", "D", "E", "F")  # grades, best first
Key = tuple[str, str, str]


@dataclass(frozen=True)
class GradeCount:
    """A grade with its number of units and its place (0 = best) among the grades of the scheme."""

    grade: str
    name: str | None
    place: int
    n: int
    share: float

    @property
    def label(self) -> str:
        """What the grade is called."""
        return label(self.grade, self.name)


@dataclass(frozen=True)
class Result:
    """The scores of one scale by one scheme."""

    scale: str
    scheme_code: str
    scheme_version: str
    name: str
    illustrative: bool
    summary: Row
    grades: tuple[GradeCount, ...]
    not_rated: list[Row]
    chart: charts.Chart | None

    @property
    def unit(self) -> str:
        """The word for what was scored."""
        return words.word(self.scale, words.SCALES)

    @property
    def key(self) -> Key:
        """Scale, scheme and version."""
        return self.scale, self.scheme_code, self.scheme_version


@dataclass(frozen=True)
class Scores:
    """All results, and the parcel lists of the first scheme that scores parcels."""

    results: list[Result]
    parcel: Result | None
    lowest: list[Row]
    highest: list[Row]
    missing: str | None


_SUMMARY = """
select s.scale, s.scheme_code, s.scheme_version,
    coalesce(min(d.name_zh), s.scheme_code) as name, coalesce(bool_or(d.illustrative), false) as illustrative,
    count(*) as units, count(*) filter (where s.rated) as rated, count(*) filter (where not s.rated) as not_rated,
    count(*) filter (where s.veto_code is not null) as vetoed,
    min(s.score) filter (where s.rated) as lowest, max(s.score) filter (where s.rated) as highest,
    median(s.score) filter (where s.rated) as median
from fct_score as s
left join dim_scheme as d on d.scheme_code = s.scheme_code and d.scheme_version = s.scheme_version
group by s.scale, s.scheme_code, s.scheme_version
"""
_OF = "scale = ? and scheme_code = ? and scheme_version = ?"


def label(grade: str, name: str | None) -> str:
    """Return what a grade is called: `A 级（集约）`."""
    return f"{grade} 级（{name}）" if name and name != grade else f"{grade} 级"


def scores(marts: Marts) -> Scores:
    """Return the chapter on scores; schemes in the run's order, parcels first."""
    order = {code: n for n, code in enumerate(marts.run["schemes"] or [])}
    scales = list(words.SCALES)
    found = sorted(
        marts.rows(_SUMMARY),
        key=lambda r: (
            order.get(r["scheme_code"], len(order)),
            r["scheme_code"],
            r["scheme_version"],
            scales.index(r["scale"]) if r["scale"] in scales else len(scales),
            r["scale"],
        ),
    )
    results = [_result(marts, row) for row in found]
    parcel = next((r for r in results if r.scale == "parcel" and r.summary["rated"]), None)
    return Scores(
        results=results,
        parcel=parcel,
        lowest=_parcels(marts, parcel, "asc") if parcel else [],
        highest=_parcels(marts, parcel, "desc") if parcel else [],
        missing=None if results else absence(marts, "评分结果", ["parcels", "enterprises", "operations"]),
    )


def _result(marts: Marts, row: Row) -> Result:
    key: Key = (row["scale"], row["scheme_code"], row["scheme_version"])
    return Result(
        scale=row["scale"],
        scheme_code=row["scheme_code"],
        scheme_version=row["scheme_version"],
        name=row["name"],
        illustrative=row["illustrative"],
        summary=row,
        grades=grades_of(marts, key),
        not_rated=marts.rows(
            f"with s as (select not_rated_reason as reason, count(*) as n from fct_score where {_OF} and not rated "
            "group by all), r as (select rule_code, min(name_zh) as name_zh, bool_or(illustrative) as illustrative "
            f"from dim_scheme_rule where {_OF} and kind = 'not_rated' group by all) "
            "select reason, n, name_zh, coalesce(illustrative, false) as illustrative from s left join r "
            "on rule_code = reason order by n desc, reason",
            [*key, *key],
        ),
        chart=_histogram(marts, key, row),
    )


def grades_of(marts: Marts, key: Key) -> tuple[GradeCount, ...]:
    """Grades from the best down; a veto lowers a grade and not the score, so the order is that of the median score."""
    found = marts.rows(
        "select grade, min(grade_name_zh) as name, count(*) as n, count(*) / sum(count(*)) over () as share "
        f"from fct_score where {_OF} and rated and grade is not null group by grade "
        "order by median(score) filter (where veto_code is null) desc nulls last, grade",
        key,
    )
    letters = all(r["grade"] in LETTERS for r in found)  # an empty grade keeps its colour
    places = [LETTERS.index(r["grade"]) if letters else place for place, r in enumerate(found)]
    grades = [GradeCount(r["grade"], r["name"], p, r["n"], r["share"]) for p, r in zip(places, found, strict=True)]
    return tuple(sorted(grades, key=lambda g: g.place))


def _histogram(marts: Marts, key: Key, row: Row) -> charts.Chart | None:
    if not row["rated"] or row["highest"] is None:
        return None
    width = max(5.0, charts.round_step(row["highest"] - min(0.0, row["lowest"]), MOST_BINS))
    top = 100.0 if row["highest"] <= 100 else float("inf")  # a full mark stands in the last bin, not beyond it
    bins = marts.rows(
        f"select least(floor(score / ?) * ?, ? - ?) as edge, count(*) as n from fct_score where {_OF} and rated "
        "and score is not null group by edge order by edge",
        [width, width, top, width, *key],
    )
    edges = {100.0 - width: 0} if row["highest"] <= 100 else {}
    counts: Mapping[float, int] = edges | {b["edge"]: b["n"] for b in bins}
    unit = {"parcel": "宗", "enterprise": "家"}.get(key[0], "个")
    return charts.histogram(f"{words.word(key[0], words.SCALES)}得分分布", width, sorted(counts.items()), unit)


_PARCELS = """
with picked as (
    select * from fct_score where scale = ? and scheme_code = ? and scheme_version = ? and rated and score is not null
    order by score {order}, unit_code limit ?
)
select s.unit_code, nullif(u.name_zh, s.unit_code) as name_zh, s.rank_in_city, s.score, s.grade,
    s.grade_name_zh as grade_name, s.veto_code, r.name_zh as veto_name,
    coalesce(n.name_zh, p.district_code) as district_name, p.site_area_m2,
    y.land_output_cny10k_per_ha, y.land_tax_cny10k_per_ha, y.plot_ratio,
    coalesce(i.name_zh, o.indicator_code) as obstacle
from picked as s
left join dim_unit as u on u.scale = 'parcel' and u.unit_code = s.unit_code
left join dim_parcel as p on p.parcel_code = s.unit_code
left join dim_unit as n on n.scale = 'district' and n.unit_code = p.district_code
left join fct_parcel_year as y on y.parcel_code = s.unit_code
left join obstacle as o on o.unit_code = s.unit_code and o.scale = s.scale and o.scheme_code = s.scheme_code
    and o.scheme_version = s.scheme_version
left join dim_indicator as i on i.indicator_code = o.indicator_code
left join dim_scheme_rule as r on r.kind = 'veto' and r.rule_code = s.veto_code and r.scale = s.scale
    and r.scheme_code = s.scheme_code and r.scheme_version = s.scheme_version
order by s.score {order}, s.unit_code
"""


def _parcels(marts: Marts, result: Result, order: str) -> list[Row]:
    key: Key = (result.scale, result.scheme_code, result.scheme_version)
    return marts.rows(_PARCELS.format(order=order), [*key, SHOWN_PARCELS])
