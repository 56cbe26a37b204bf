"""The chapter on low-efficiency land: how much there is, for which reasons, and the largest parcels."""

from __future__ import annotations

from dataclasses import dataclass

from reporting import words
from reporting.chapters import absence
from reporting.marts import Marts, Row, exact_sum

SHOWN = 20


@dataclass(frozen=True)
class LowEfficiency:
    """Parcels, their area and what could be released, in all and by main reason; the largest of them."""

    total: Row
    reasons: list[Row]
    largest: list[Row]
    missing: str | None


_SUMS = (
    f"count(*) as parcels, {exact_sum('site_area_m2')} as area_m2, "
    f"{exact_sum('releasable_area_m2')} as releasable_m2, bool_or(illustrative) as illustrative"
)


def low_efficiency(marts: Marts) -> LowEfficiency:
    """Return the chapter on the year's low-efficiency parcels."""
    total = marts.one(f"select {_SUMS} from fct_low_efficiency_parcel")
    rows = marts.rows(
        "select l.*, nullif(u.name_zh, l.parcel_code) as name_zh, coalesce(n.name_zh, l.district_code) as "
        "district_name from fct_low_efficiency_parcel as l "
        "left join dim_unit as u on u.scale = 'parcel' and u.unit_code = l.parcel_code "
        "left join dim_unit as n on n.scale = 'district' and n.unit_code = l.district_code "
        "order by l.site_area_m2 desc nulls last, l.parcel_code limit ?",
        [SHOWN],
    )
    return LowEfficiency(
        total=total,
        reasons=marts.rows(
            f"select main_reason, {_SUMS} from fct_low_efficiency_parcel group by all "
            "order by area_m2 desc nulls last, main_reason"
        ),
        largest=[r | {"why": [words.word(x, words.LOW_EFFICIENCY) for x in r["reasons"] or []]} for r in rows],
        missing=None if total["parcels"] else _absence(marts),
    )


def _absence(marts: Marts) -> str:
    if marts.count("dim_parcel"):
        return "本年度没有认定为低效的工业宗地，或发布的数据不含低效用地认定。"
    return absence(marts, "低效用地", ["parcels"])
