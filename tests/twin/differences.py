"""What differs between the marts of one city and the reference implementation, as sentences."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scoring.indicators import Evaluation
from scoring.indicators.inputs import records

from .engine import Row, shipped
from .project import WIDE

RELATIVE = 1e-9
SHARE = 1e-11
HELD = 1e-14  # sums are held to 16 decimals
ADDS_UP = 1e-11  # of Σ|amounts|
# An amount that is what is left of a whole carries the rounding of the whole.
REST = 4e-15
UNIT = {"parcel": "parcel_code", "enterprise": "uscc", "block": "block_code", "zone": "zone_code"}
UNIT |= {"district": "district_code", "city": "city_code"}
Marts = Mapping[str, list[Row]]


def differences(marts: Marts, reference: Evaluation) -> list[str]:
    """Return every difference; an empty list says that the two agree."""
    return [
        *_pairs(marts, reference),
        *_values(marts, reference),
        *_amounts(marts, reference),
        *_zone_types(marts, reference),
        *long_against_wide(marts),
        *not_a_number(marts),
        *not_adding_up(marts),
    ]


def unit_code(scale: str, row: Row) -> str:
    """Return the unit of a row of fct_<scale>_year."""
    return f"{row['industry_edition']}:{row['industry_code']}" if scale == "industry" else row[UNIT[scale]]


def long_against_wide(marts: Marts) -> Iterator[str]:
    """Yield what the long table and the wide ones do not have in common."""
    long = {(r["scale"], r["unit_code"], r["indicator_code"]): r["value"] for r in marts["fct_indicator_value"]}
    if len(long) != len(marts["fct_indicator_value"]):
        yield "long: a key twice"
    codes: dict[str, set[str]] = defaultdict(set)
    for scale, _, code in long:
        codes[scale].add(code)
    wide = {
        (scale, unit_code(scale, row), code): row.get(code)
        for scale in WIDE
        for row in marts[f"fct_{scale}_year"]
        for code in codes[scale]
    }
    yield from (f"long and wide: {key}" for key in long.keys() ^ wide.keys())
    yield from (f"long and wide: {key}" for key in long.keys() & wide.keys() if long[key] != wide[key])


def not_a_number(marts: Marts) -> Iterator[str]:
    """Yield infinite and NaN figures, zeros that stand for nothing, values with a reason, and NULLs without one."""
    for mart, rows in marts.items():
        for row in rows:
            odd = [k for k, v in row.items() if isinstance(v, float) and not math.isfinite(v)]
            yield from (f"{mart}: {name} is not finite" for name in odd)
    known = {None, *(row["null_reason"] for row in shipped("null_reason"))}
    for row in marts["fct_indicator_value"]:
        key = f"{row['scale']} {row['unit_code']} {row['indicator_code']}"
        if row["null_reason"] not in known:
            yield f"{key}: {row['null_reason']} is no reason of the seed null_reason"
        if (row["value"] is None) == (row["null_reason"] is None):
            yield f"{key}: value {row['value']} with reason {row['null_reason']}"
        if row["value"] is not None and (row["numerator"] is None or not row["denominator"]):
            yield f"{key}: value {row['value']} without parts"


def not_adding_up(marts: Marts) -> Iterator[str]:
    """Yield each measure for which Σ parcels = Σ districts = city, and + unmatched = Σ enterprises, does not hold."""
    measures = [name.removeprefix("unmatched_") for name in marts["fct_city_year"][0] if name.startswith("unmatched_")]
    for measure in measures:
        parcels, districts, city = (_column(marts, scale, measure) for scale in ("parcel", "district", "city"))
        enterprises = _column(marts, "enterprise", measure)
        if not enterprises:
            continue
        of_districts, of_city = (_column(marts, scale, f"unmatched_{measure}") for scale in ("district", "city"))
        size = math.fsum(abs(amount) for amount in enterprises)
        whole = math.fsum(enterprises)
        sums = {
            "parcels": [*parcels, *of_city],
            "districts": [*districts, *of_districts],
            "city": [*city, *of_city],
        }
        for name, amounts in sums.items():
            if abs(math.fsum([*amounts, -whole])) > ADDS_UP * size + HELD:
                yield f"{measure}: {name} and unmatched {math.fsum(amounts)}, enterprises {whole}"


def _column(marts: Marts, scale: str, name: str) -> list[float]:
    return [row[name] for row in marts[f"fct_{scale}_year"] if row[name] is not None]


def _values(marts: Marts, reference: Evaluation) -> Iterator[str]:
    expected = {(r["scale"], r["unit_code"], r["indicator_code"]): r for r in records(reference.values)}
    found = {(r["scale"], r["unit_code"], r["indicator_code"]): r for r in marts["fct_indicator_value"]}
    yield from (f"only in SQL: {key}" for key in sorted(found.keys() - expected.keys()))
    yield from (f"only in Python: {key}" for key in sorted(expected.keys() - found.keys()))
    noise = _noise(reference)
    for key in sorted(expected.keys() & found.keys()):
        told = _row_differs(found[key], expected[key], *noise[key[2]])
        if told:
            yield f"{' '.join(key)}: {told}"


def _row_differs(sql: Row, python: Row, upper: float, lower: float) -> str | None:
    for part, noise in (("numerator", upper), ("denominator", lower)):
        if not _close(sql[part], python[part], RELATIVE, noise):
            return f"{part} {sql[part]} in SQL, {python[part]} in Python"
    if _is_rounding((sql["denominator"], python["denominator"]), lower):
        return None
    if sql["null_reason"] != python["null_reason"]:
        return f"{sql['null_reason']} in SQL, {python['null_reason']} in Python"
    if sql["value"] is None or python["value"] is None:
        return None if sql["value"] is python["value"] else "value"
    quotient = sql["numerator"] / sql["denominator"]
    loss = abs(python["value"]) * lower / abs(python["denominator"]) + upper / abs(python["denominator"])
    if _close(sql["value"], quotient, 1e-12, 0) and _close(sql["value"], python["value"], RELATIVE, 2 * loss):
        return None
    return f"value {sql['value']} in SQL, {python['value']} in Python"


def _is_rounding(denominators: tuple[float | None, float | None], noise: float) -> bool:
    """Tell whether denominators, not both 0, would be 0 but for the rounding of the whole that they are the rest of."""
    return denominators != (0, 0) and all(part is not None and abs(part) <= noise for part in denominators)


def _noise(reference: Evaluation) -> dict[str, tuple[float, float]]:
    """Return for each indicator how much of its numerators and denominators rounding alone can make."""
    largest: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for row in records(reference.values):
        for place, part in enumerate(("numerator", "denominator")):
            largest[row["indicator_code"]][place] = max(largest[row["indicator_code"]][place], abs(row[part] or 0))
    invested = [r["amount"] or 0 for r in records(reference.amounts) if r["amount_code"] == "fixed_investment_cny10k"]
    investment = largest["investment_intensity_cny10k_per_ha"]
    investment[0] = max([investment[0], *invested])
    return {code: (HELD + REST * upper, HELD + REST * lower) for code, (upper, lower) in largest.items()}


def _amounts(marts: Marts, reference: Evaluation) -> Iterator[str]:
    wide = {(scale, unit_code(scale, row)): row for scale in WIDE for row in marts[f"fct_{scale}_year"]}
    largest: dict[str, float] = defaultdict(float)
    rows = records(reference.amounts)
    for row in rows:
        measure = row["amount_code"].removeprefix("unmatched_")
        largest[measure] = max(largest[measure], abs(row["amount"] or 0))
    for row in rows:
        code = row["amount_code"]
        found = wide.get((row["scale"], row["unit_code"]), {}).get(code)
        if not _close(found, row["amount"], RELATIVE, HELD + REST * largest[code.removeprefix("unmatched_")]):
            yield f"{row['scale']} {row['unit_code']} {code}: {found} in SQL, {row['amount']} in Python"


def _pairs(marts: Marts, reference: Evaluation) -> Iterator[str]:
    names = ("tenure", "matched_by", "share_basis")
    expected = {(r["uscc"], r["parcel_code"]): r for r in records(reference.pairs)}
    found = {(r["uscc"], r["parcel_code"]): r for r in marts["bridge_parcel_enterprise"]}
    yield from (f"pair in one only: {key}" for key in sorted(found.keys() ^ expected.keys()))
    for key in sorted(found.keys() & expected.keys()):
        sql, python = found[key], expected[key]
        same = [sql[name] for name in names] == [python[name] for name in names]
        if not same or not _close(sql["share"], python["share"], SHARE, 0):
            yield f"pair {key}: {sql} in SQL, {python} in Python"


def _zone_types(marts: Marts, reference: Evaluation) -> Iterable[str]:
    expected = {r["zone_code"]: r["zone_type_evaluated"] for r in records(reference.zone_types)}
    found = {r["zone_code"]: r["zone_type_evaluated"] for r in marts["fct_zone_year"]}
    return [f"zone type: {found} in SQL, {expected} in Python"] if found != expected else []


def _close(one: Any, other: Any, relative: float, absolute: float) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= relative * max(abs(one), abs(other)) + absolute
