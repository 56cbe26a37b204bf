"""The chapter on notice and objection: deadlines, what came in, what became of it, what differs from what was shown."""

from __future__ import annotations

from dataclasses import dataclass

from reporting import words
from reporting.marts import Marts, Row

SHOWN = 20


@dataclass(frozen=True)
class Objections:
    """Notices; objections by state and those shown; earlier runs and the results that differ from the last of them."""

    notices: list[Row]
    states: list[Row]
    shown: list[Row]
    runs: list[Row]
    changes: list[Row]
    missing: str | None

    @property
    def total(self) -> int:
        """The objections of the scope."""
        return sum(row["n"] for row in self.states)

    @property
    def sentence(self) -> str:
        """How many objections came in, by state."""
        parts = [f"{words.word(row['state'], words.OBJECTION_STATES)} {row['n']:,} 件" for row in self.states]
        return f"收到异议 {self.total:,} 件：{'、'.join(parts)}。"


_SHOWN = """
select o.*, nullif(u.name_zh, o.unit_code) as name_zh, coalesce(i.name_zh, o.indicator_code) as indicator
from fct_objection as o
left join dim_unit as u on u.scale = o.scale and u.unit_code = o.unit_code
left join dim_indicator as i on i.indicator_code = o.indicator_code
order by list_position(['open', 'upheld', 'corrected', 'rejected', 'late'], o.state), o.received_date, o.objection_no
limit ?
"""
_RUNS = """
select c.from_run_id, max(r.published_at) as published_at, count(*) as changed,
    count(*) filter (where c.grade_before is distinct from c.grade_after) as regraded,
    count(*) filter (where c.cause = 'objection') as objected
from fct_publication_change as c left join fct_run as r on r.run_id = c.from_run_id
group by all order by published_at desc nulls last, c.from_run_id
"""
_CHANGES = """
select c.*, nullif(u.name_zh, c.unit_code) as name_zh, coalesce(s.name_zh, c.scheme_code) as scheme
from fct_publication_change as c
left join dim_unit as u on u.scale = c.scale and u.unit_code = c.unit_code
left join dim_scheme as s on s.scheme_code = c.scheme_code and s.scheme_version = c.scheme_version
where c.from_run_id = ?
order by c.grade_before is not distinct from c.grade_after, c.cause <> 'objection',
    abs(c.score_after - c.score_before) desc nulls first, c.scale, c.unit_code, c.scheme_code
limit ?
"""


def objections(marts: Marts) -> Objections:
    """Return the chapter of the year; `missing` says that the year was neither shown nor objected to."""
    notices = marts.rows("select * from fct_public_notice order by start_date, notice_no")
    states = marts.rows("select state, count(*) as n from fct_objection group by all order by n desc, state")
    runs = marts.rows(_RUNS)
    changes = marts.rows(_CHANGES, [runs[0]["from_run_id"], SHOWN]) if runs else []
    return Objections(
        notices=notices,
        states=states,
        shown=marts.rows(_SHOWN, [SHOWN]),
        runs=runs,
        changes=[row | {"because": words.word(row["cause"], words.CAUSES)} for row in changes],
        missing=None if notices or states or runs else "本年度没有公示、异议的记录，结果也没有重新发布",
    )
