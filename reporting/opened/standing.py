"""Where a unit stands: each indicator beside city and district, its percentile rank, and all published years."""

from __future__ import annotations

from dataclasses import dataclass

from reporting.marts import Marts, Row
from reporting.opened.unit import Unit, fetch

_OF = "scale = ? and unit_code = ?"


@dataclass(frozen=True)
class Standing:
    """An indicator of a unit: `here` is its row of fct_indicator_value, `indicator` that of dim_indicator.

    `city` and `district` are the published values there (ratios of sums; None with `city_reason` and
    `district_reason` where there is none); `better_than` is the share (0 to 1) of the other units of the scale with a
    value that is worse, equal ones counted half (None where fewer than two units have a value); `years` holds (year,
    value, reason) of every published year.
    """

    indicator: Row
    here: Row
    city: float | None
    city_reason: str | None
    district: float | None
    district_reason: str | None
    better_than: float | None
    counted: int
    years: list[tuple[int, float | None, str | None]]


@dataclass(frozen=True)
class Scored:
    """A scheme's scores of a unit: (year, row of fct_score, or None with the reason) of every published year."""

    scheme_code: str
    name: str
    illustrative: bool
    years: list[tuple[int, Row | None, str | None]]

    @property
    def scores(self) -> list[float | None]:
        """The scores of the years, None where there is none."""
        return [row["score"] if row else None for _, row, _ in self.years]


def years_of(marts: Marts) -> list[int]:
    """Return the published years."""
    return [r["year"] for r in marts.rows("select distinct year from marts.dim_unit order by 1")]


def standings(marts: Marts, unit: Unit) -> list[Standing]:
    """Return each indicator that the unit has a row of in the year, in the order of the catalogue."""
    columns = ["year", "indicator_code", "value", "null_reason", "numerator", "denominator"]
    rows = fetch(marts, "fct_indicator_value", columns, f"{_OF} order by indicator_code, year", [unit.scale, unit.code])
    here = {r["indicator_code"]: r for r in rows if r["year"] == marts.year}
    known = {r["indicator_code"]: r for r in marts.rows("select * from dim_indicator order by indicator_code")}
    places = _places(marts, unit)
    below = _below(marts, unit, here)
    years = years_of(marts)
    return [
        _standing(known.get(code, {"indicator_code": code}), row, places, below.get(code), _history(rows, code, years))
        for code, row in here.items()
    ]


def scored(marts: Marts, unit: Unit) -> list[Scored]:
    """Return the scores of every published year by each scheme that scored the unit once."""
    columns = ["year", "scheme_code", "scheme_version", "score", "grade", "rank_in_city", "rated", "not_rated_reason"]
    rows = fetch(
        marts, "fct_score", columns, f"{_OF} order by scheme_code, year, scheme_version", [unit.scale, unit.code]
    )
    named = {r["scheme_code"]: r for r in marts.rows("select * from dim_scheme order by scheme_code, scheme_version")}
    years = years_of(marts)
    result = []
    for code in dict.fromkeys(row["scheme_code"] for row in rows):
        by_year = {r["year"]: r for r in rows if r["scheme_code"] == code}
        told = [(y, by_year.get(y), _why(by_year.get(y))) for y in years]
        scheme = named.get(code, {})
        result.append(Scored(code, scheme.get("name_zh") or code, bool(scheme.get("illustrative")), told))
    return result


def _why(row: Row | None) -> str | None:
    if row is None:
        return "unit_not_in_year"
    return None if row["rated"] else row["not_rated_reason"]


def _history(rows: list[Row], code: str, years: list[int]) -> list[tuple[int, float | None, str | None]]:
    found = {r["year"]: r for r in rows if r["indicator_code"] == code}
    return [
        (y, found[y]["value"], found[y]["null_reason"]) if y in found else (y, None, "unit_not_in_year") for y in years
    ]


def _places(marts: Marts, unit: Unit) -> dict[tuple[str, str], Row]:
    """Rows of the city and of the unit's district, by scale and indicator; nothing of the unit itself."""
    rows = marts.rows(
        "select scale, indicator_code, value, null_reason from fct_indicator_value "
        "where (scale = 'city' or (scale = 'district' and unit_code = ?)) and scale <> ?",
        [unit.row.get("district_code") or "", unit.scale],
    )
    return {(r["scale"], r["indicator_code"]): r for r in rows}


def _below(marts: Marts, unit: Unit, here: dict[str, Row]) -> dict[str, tuple[int, float]]:
    """Return, by indicator, how many units of the scale have a value, and how many of the others one that is lower.

    One pass over the wide table, which holds the same values; equal ones count half.
    """
    table = f"fct_{unit.scale}_year"
    codes = [c for c in here if here[c]["value"] is not None and c in marts.have.get(table, set())]
    if not codes:
        return {}
    picked = ", ".join(
        f'count("{c}") as n{i}, count_if("{c}" < ?) + (count_if("{c}" = ?) - 1) / 2 as b{i}'
        for i, c in enumerate(codes)
    )
    values = [here[code]["value"] for code in codes for _ in "<="]
    row = marts.one(f"select {picked} from marts.{table} where year = ?", [*values, marts.year])
    return {code: (row[f"n{i}"], row[f"b{i}"]) for i, code in enumerate(codes)}


def _standing(
    indicator: Row,
    here: Row,
    places: dict[tuple[str, str], Row],
    below: tuple[int, float] | None,
    years: list[tuple[int, float | None, str | None]],
) -> Standing:
    code = here["indicator_code"]
    share = None
    if below and below[0] > 1:
        share = below[1] / (below[0] - 1)
        share = 1 - share if indicator.get("direction") == "negative" else share
    none: Row = {"value": None, "null_reason": None}
    city, district = (places.get((scale, code), none) for scale in ("city", "district"))
    return Standing(
        indicator,
        here,
        city["value"],
        city["null_reason"],
        district["value"],
        district["null_reason"],
        share,
        below[0] if below else 0,
        years,
    )
