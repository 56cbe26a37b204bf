"""The steps of the job in SQL that DuckDB and Spark read alike: indicators, ends, entropy weights, scores, districts.

Sources: entropy weights as in `scoring.deriving.objective.entropy`, scores by the range as in `scoring.standardise`.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.job.indicators import FULL_MARKS, GRADES, INDICATORS, MINIMUM_PRESENT, NAMES, NEGATIVE, SUMS

GOOD = "output_cny10k >= 0 and employees is not null"  # the rows that the row rules would not refuse
_NUMBERED = tuple(enumerate(NAMES))
_DISTANCE = [f"(hi_{j} - {n})" if less else f"({n} - lo_{j})" for (j, n), less in zip(_NUMBERED, NEGATIVE, strict=True)]
_KEPT = ("parcel_code", "year", "district_code", "site_area_m2", "enterprises", *SUMS, *NAMES)


def plain_sum(expression: str) -> str:
    """Return SQL for a sum of doubles as the engine adds them."""
    return f"sum({expression})"


def parcel_year(years: tuple[int, ...], source: str, total: Callable[[str], str] = plain_sum) -> str:
    """Return SQL for sums and indicators of each parcel and year from the rows of `source` and the table `parcels`."""
    sums = ", ".join(f"{total(name)} as {name}" for name in SUMS)
    listed = ", ".join(f"({year})" for year in years)
    return (
        f"with sums as (select parcel_code, year, count(*) as enterprises, {sums} from {source} "
        "group by parcel_code, year) "
        "select p.parcel_code, y.year, p.district_code, p.site_area_m2, coalesce(s.enterprises, 0) as enterprises, "
        f"{', '.join(f's.{name}' for name in SUMS)}, {_indicators()} "
        f"from parcels as p cross join (values {listed}) as y (year) "
        "left join sums as s on p.parcel_code = s.parcel_code and y.year = s.year"
    )


def _indicators() -> str:
    columns = []
    for name, (numerator, denominator, _) in INDICATORS.items():
        over = "(site_area_m2 / 10000)" if denominator == "ha" else f"nullif({denominator}, 0)"
        columns.append(f"{numerator} / {over} as {name}")
    return ", ".join(columns)


def ends() -> str:
    """Return SQL for the least and greatest value of each year, from the table `parcel_year`."""
    both = ", ".join(f"min({name}) as lo_{j}, max({name}) as hi_{j}" for j, name in _NUMBERED)
    return f"select year, {both} from parcel_year group by year"


def weight() -> str:
    """Return SQL for the entropy weights of each year, from the tables `parcel_year` and `ends`."""
    diversity = ", ".join(
        f"case when max(hi_{j}) > max(lo_{j}) then greatest(0, 1 - (ln(sum({d})) - "
        f"sum(case when {d} > 0 then {d} * ln({d}) else 0 end) / sum({d})) / ln(count({name}))) else 0 end as d_{j}"
        for (j, name), d in zip(_NUMBERED, _DISTANCE, strict=True)
    )
    total = " + ".join(f"d_{j}" for j, _ in _NUMBERED)
    return (
        f"with diversity as (select p.year as year, {diversity} from parcel_year as p join ends on p.year = ends.year "
        f"group by p.year) select year, {', '.join(f'd_{j} / ({total}) as w_{j}' for j, _ in _NUMBERED)} from diversity"
    )


def score() -> str:
    """Return SQL for the scored and graded parcels, from `parcel_year`, `ends` and `weight`."""
    earned = " + ".join(
        f"coalesce(w_{j} * case when hi_{j} > lo_{j} then {d} / (hi_{j} - lo_{j}) "
        f"when {name} is not null then 1 end, 0)"
        for (j, name), d in zip(_NUMBERED, _DISTANCE, strict=True)
    )
    present = " + ".join(f"case when {name} is not null then w_{j} else 0 end" for j, name in _NUMBERED)
    cases = " ".join(f"when score >= {bound} then '{grade}'" for grade, bound in GRADES.items())
    return (
        f"with points as (select {', '.join(f'p.{name}' for name in _KEPT)}, {earned} as earned, {present} as present "
        "from parcel_year as p join ends on p.year = ends.year join weight on p.year = weight.year), "
        f"scores as (select {', '.join(_KEPT)}, case when present >= {MINIMUM_PRESENT} - 1e-9 "
        f"then {FULL_MARKS} * earned / present end as score from points) "
        f"select {', '.join(_KEPT)}, score, case {cases} end as grade from scores"
    )


def roll_up(source: str, total: Callable[[str], str] = plain_sum) -> str:
    """Return SQL for the districts' rows of the scored parcels; `total` makes the sum of an expression."""
    grades = ", ".join(f"count(*) filter (where grade = '{grade}') as grade_{grade.lower()}" for grade in GRADES)
    return (
        f"select year, district_code, count(*) as parcels, {total('site_area_m2')} as site_area_m2, "
        f"sum(enterprises) as enterprises, {total('output_cny10k')} as output_cny10k, "
        f"{total('output_cny10k')} / ({total('site_area_m2')} / 10000) as land_output_cny10k_per_ha, "
        f"count(score) as rated, {total('score')} / count(score) as score, {grades} "
        f"from {source} group by year, district_code"
    )
