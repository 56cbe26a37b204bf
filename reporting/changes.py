"""The chapter on change against the year before: scores with what moved them, changed grades, grown figures."""

from __future__ import annotations

from dataclasses import dataclass

from reporting.chapters import absence
from reporting.marts import Marts, Row, exact_mean
from reporting.scope import Scope
from reporting.scores import Result

SHOWN_MOVERS = 10


@dataclass(frozen=True)
class Change:
    """Changes by scale and scheme; of the parcels' scheme: movers, grades from–to; growth of the unit's indicators."""

    schemes: list[Row]
    reasons: list[Row]
    rises: list[Row]
    falls: list[Row]
    moves: list[Row]
    figures: list[Row]
    missing: str | None

    def growth(self, indicator: str) -> float | None:
        """Return the growth of an indicator on the year before, a fraction; None where there is none."""
        return next((r["growth_ratio"] for r in self.figures if r["indicator_code"] == indicator), None)


_EFFECTS = ("score_change", "data_effect", "ideal_effect", "weight_effect")
_SCHEMES = """
select c.scale, c.scheme_code, c.scheme_version, coalesce(min(d.name_zh), c.scheme_code) as name, count(*) as units,
    count(c.score_change) as compared, count(*) filter (where c.score_change > 0) as risen,
    count(*) filter (where c.score_change < 0) as fallen, count(*) filter (where c.score_change = 0) as same,
    {mean_score_change} as mean_change, {mean_data_effect} as data_effect,
    {mean_ideal_effect} as ideal_effect, {mean_weight_effect} as weight_effect
from fct_score_change as c
left join dim_scheme as d on d.scheme_code = c.scheme_code and d.scheme_version = c.scheme_version
group by c.scale, c.scheme_code, c.scheme_version having count(c.score_change) > 0
order by c.scale = 'parcel' desc, c.scale, c.scheme_code, c.scheme_version
"""
_OF = "c.scale = 'parcel' and c.scheme_code = ? and c.scheme_version = ?"
_MOVERS = """
select c.unit_code, nullif(u.name_zh, c.unit_code) as name_zh, coalesce(n.name_zh, p.district_code) as district_name,
    c.previous_score, c.score, c.score_change, c.previous_grade, c.grade, c.data_effect, c.ideal_effect,
    c.weight_effect
from fct_score_change as c left join dim_unit as u on u.scale = c.scale and u.unit_code = c.unit_code
left join dim_parcel as p on p.parcel_code = c.unit_code
left join dim_unit as n on n.scale = 'district' and n.unit_code = p.district_code
where {of} and c.score_change {side} 0 order by abs(c.score_change) desc, c.unit_code limit ?
"""


def change(marts: Marts, scope: Scope, parcel: Result | None) -> Change:
    """Return the chapter; `parcel` is the result whose parcels are listed (None: none are)."""
    schemes = marts.rows(_SCHEMES.format_map({f"mean_{c}": exact_mean(f"c.{c}") for c in _EFFECTS}))
    figures = marts.rows(
        "select c.*, coalesce(i.name_zh, c.indicator_code) as name_zh, i.unit from fct_indicator_change as c "
        "left join dim_indicator as i on i.indicator_code = c.indicator_code where c.scale = ? and c.unit_code = ? "
        "and c.previous_value is not null and c.value is not null order by c.indicator_code",
        [scope.scale, scope.code],
    )
    key = [parcel.scheme_code, parcel.scheme_version] if parcel else ["", ""]
    return Change(
        schemes=schemes,
        reasons=marts.rows(
            f"select no_effect_reason as reason, count(*) as n from fct_score_change as c where {_OF} "
            "and c.score_change is null group by all order by n desc, reason",
            key,
        ),
        rises=marts.rows(_MOVERS.format(of=_OF, side=">"), [*key, SHOWN_MOVERS]),
        falls=marts.rows(_MOVERS.format(of=_OF, side="<"), [*key, SHOWN_MOVERS]),
        moves=marts.rows(
            f"select previous_grade, grade, count(*) as n from fct_score_change as c where {_OF} "
            "and previous_grade is not null and grade is not null and score_change is not null "
            "group by all order by previous_grade, grade",
            key,
        ),
        figures=figures,
        missing=None if schemes or figures else _absence(marts),
    )


def _absence(marts: Marts) -> str:
    """Why nothing can be compared: the year before is not published, or has nothing that can be compared."""
    if marts.count("fct_score_change") or marts.count("fct_indicator_change"):
        return "没有可以与上一年比较的结果：上一年没有按同一方案发布，或没有可比的数值。"
    return absence(marts, "与上一年的比较", ["parcels"])
