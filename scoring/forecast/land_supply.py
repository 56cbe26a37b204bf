"""Supply of industrial land: every row of it, which of them count, and what each gives by year, district and industry.

A square metre counts once: a parcel in the first source of the order, also where it was split, merged or renumbered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from scoring.forecast.land_policy import ALL, LandCap, Scenario, SupplySource

COLUMNS = [  # of a row of supply; zone_code and zone_base_ha serve potentials, which have no parcel
    "item_id",
    "data_year",
    "source",
    "district_code",
    "industry_code",
    "area_ha",
    "available_year",
    "industrial_share",
    "realisation_rate",
    "parcel_code",
    "from_marts",
    "zone_code",
    "zone_base_ha",
]
LEFT, SAME, RELATED, DECLARED = "left_industry", "same_parcel", "changed_parcel", "declared_for_district"
UNKNOWN, NO_AREA, OUTSIDE = "unknown_source", "no_area", "outside_years"
CUT, OVERLAP, CLIPPED = "cut_by_cap", "less_counted_parcels", "rate_outside_0_1"


def judged(
    items: pd.DataFrame,
    changes: pd.DataFrame,
    sources: Sequence[SupplySource],
    first_year: int,
    last_year: int,
) -> pd.DataFrame:
    """Return the rows in the order in which they count, with sign, counted, duplicate_of, reason and overlap_ha.

    items: COLUMNS, an item_id once; changes: old_parcel_code, new_parcel_code. Not counted: an unknown source, no area
    above 0, a year outside first_year … last_year, and a parcel that an earlier row has already given, itself or under
    a code before or after it. What leaves industry takes its parcel from all others, in whatever year it left.
    """
    order = {s.source: place for place, s in enumerate(sources)}
    rows = items.assign(place=items["source"].map(order).fillna(len(order)).astype(int))
    rows["sign"] = rows["source"].map({s.source: s.sign for s in sources}).fillna(1).astype(int)
    rows = rows.sort_values(
        ["place", "from_marts", "data_year", "item_id"], ascending=[True, True, False, True]
    ).reset_index(drop=True)
    rows["reason"] = _unfit(rows, len(order), first_year, last_year)
    rows = _once(rows, changes, first_year)
    rows["counted"] = rows["reason"].isna()
    return _less_parcels(_undeclared(rows))


def _unfit(rows: pd.DataFrame, unknown: int, first_year: int, last_year: int) -> pd.Series:
    area = rows["area_ha"].astype(float).abs().where(rows["sign"] < 0, rows["area_ha"].astype(float))
    year = rows["available_year"].astype(float)
    reasons = np.select(
        [rows["place"] == unknown, ~(area > 0), ~year.between(first_year, last_year)],
        [UNKNOWN, NO_AREA, OUTSIDE],
        default="",
    )
    return pd.Series(reasons, index=rows.index, dtype=object).replace("", None)


def _once(rows: pd.DataFrame, changes: pd.DataFrame, first_year: int) -> pd.DataFrame:
    """Mark what an earlier row of the same parcel, or of one before or after it in the changes, already gives."""
    gone = (rows["sign"] < 0) & (rows["reason"] == OUTSIDE) & (rows["available_year"] < first_year)
    takes = (rows["reason"].isna() | gone) & rows["parcel_code"].notna()
    kin = _Kin(changes)
    taken: dict[str, int] = {}
    duplicate, reason = np.full(len(rows), None, dtype=object), rows["reason"].to_numpy(dtype=object, copy=True)
    parcels, ids, signs = (rows[c].to_numpy(dtype=object) for c in ("parcel_code", "item_id", "sign"))
    for place in np.flatnonzero(takes.to_numpy()):
        parcel = parcels[place]
        first = taken.get(parcel)
        if first is None:
            taken.update(dict.fromkeys(kin.of(parcel), int(place)))
        elif reason[place] is None:
            duplicate[place] = ids[first]
            reason[place] = LEFT if signs[first] < 0 else SAME if parcels[first] == parcel else RELATED
    return rows.assign(duplicate_of=duplicate, reason=reason)


class _Kin:
    """Parcels that stand before or after a parcel in the chain of changes, itself included."""

    def __init__(self, changes: pd.DataFrame) -> None:
        self._after: dict[str, list[str]] = {}
        self._before: dict[str, list[str]] = {}
        for old, new in zip(changes["old_parcel_code"], changes["new_parcel_code"], strict=True):
            self._after.setdefault(old, []).append(new)
            self._before.setdefault(new, []).append(old)

    def of(self, parcel: str) -> set[str]:
        return _reached(parcel, self._after) | _reached(parcel, self._before)


def _reached(start: str, steps: Mapping[str, list[str]]) -> set[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for code in steps.get(waiting.pop(), ()):
            if code not in seen:
                seen.add(code)
                waiting.append(code)
    return seen


def _undeclared(rows: pd.DataFrame) -> pd.DataFrame:
    """A potential that the warehouse knows gives way to what its district declares under the same source."""
    declared = rows[rows["counted"] & ~rows["from_marts"]].drop_duplicates(["source", "district_code"])
    first = dict(zip(zip(declared["source"], declared["district_code"], strict=True), declared["item_id"], strict=True))
    keys = zip(rows["source"], rows["district_code"], strict=True)
    given = pd.Series([first.get(key) for key in keys], index=rows.index, dtype=object)
    hit = rows["counted"] & rows["from_marts"] & rows["zone_base_ha"].notna() & given.notna()
    return rows.assign(
        counted=rows["counted"] & ~hit,
        duplicate_of=rows["duplicate_of"].where(~hit, given),
        reason=rows["reason"].where(~hit, DECLARED),
    )


def _less_parcels(rows: pd.DataFrame) -> pd.DataFrame:
    """Of a zone's potential the share that lies on parcels counted themselves is taken off."""
    parcels = rows[rows["counted"] & rows["parcel_code"].notna() & rows["zone_code"].notna()]
    inside = parcels.groupby("zone_code", sort=True)["area_ha"].agg(lambda a: math.fsum(abs(x) for x in a))
    potential = rows["counted"] & rows["zone_base_ha"].notna()
    base = rows["zone_base_ha"].astype(float)
    share = (rows["zone_code"].map(inside).astype(float).fillna(0.0) / base.where(base > 0)).clip(0, 1).fillna(0.0)
    overlap = (rows["area_ha"].astype(float) * share).where(potential, 0.0)
    return rows.assign(overlap_ha=overlap, reason=rows["reason"].mask(potential & (overlap > 0), OVERLAP))


def effective(
    rows: pd.DataFrame,
    sources: Sequence[SupplySource],
    scenario: Scenario,
    caps: Sequence[LandCap],
    used_ha: Mapping[str, float],
    city_code: str,
) -> pd.DataFrame:
    """Return the rows of `judged` with rate, share, cut_ha and effective_ha of a scenario; 0 where not counted.

    (area − overlap) x rate, less what the caps cut, x share kept for industry; rate and share are the row's own, else
    the source's, between 0 and 1. The scenario's factor holds for what comes in. `used_ha`: by cap, the new land of
    its years up to the base year.
    """
    policy = pd.DataFrame(
        {"realisation_rate": {s.source: s.realisation_rate for s in sources}}
        | {"industrial_share": {s.source: s.industrial_share for s in sources}}
        | {"new_land": {s.source: s.new_land for s in sources}}
    )
    default = policy.reindex(rows["source"]).set_index(rows.index)
    given_rate = rows["realisation_rate"].astype(float).fillna(default["realisation_rate"].astype(float))
    given_share = rows["industrial_share"].astype(float).fillna(default["industrial_share"].astype(float))
    rate, share = given_rate.clip(0, 1), given_share.clip(0, 1)
    rate = (rate * scenario.supply_rate_factor).clip(0, 1).where(rows["sign"] > 0, rate)
    area = (rows["area_ha"].astype(float).abs() - rows["overlap_ha"]).clip(lower=0)
    realised = (area * rate).where(rows["counted"], 0.0).fillna(0.0)
    held = (rows["counted"] & (default["new_land"] == True)).to_numpy()  # noqa: E712 - NaN of an unknown source
    left = _capped(rows, realised.to_numpy(copy=True), held, caps, used_ha, city_code)
    clipped = rows["counted"] & ((given_rate != given_rate.clip(0, 1)) | (given_share != share))
    reason = rows["reason"].mask(clipped, CLIPPED).mask(rows["counted"] & (left < realised), CUT)
    return rows.assign(
        realisation_rate=rate,
        industrial_share=share,
        reason=reason,
        cut_ha=realised - left,
        effective_ha=rows["sign"] * left * share.fillna(0.0),
    )


def _capped(
    rows: pd.DataFrame,
    realised: np.ndarray,
    held: np.ndarray,
    caps: Sequence[LandCap],
    used_ha: Mapping[str, float],
    city_code: str,
) -> np.ndarray:
    """Cut new land beyond each cap in order of year, source and row; a district's caps go before the city's."""
    year = rows["available_year"].astype(float).to_numpy()
    in_order = np.lexsort((np.arange(len(rows)), year))
    for cap in sorted(caps, key=lambda c: (c.district_code == city_code, c.until_year, c.code)):
        inside = held & (year >= cap.from_year) & (year <= cap.until_year)
        if cap.district_code != city_code:
            inside &= (rows["district_code"] == cap.district_code).to_numpy()
        some = in_order[inside[in_order]]
        before = np.concatenate([[0.0], np.cumsum(realised[some])[:-1]])[: len(some)]
        room = max(cap.cap_ha - used_ha.get(cap.code, 0.0), 0.0)
        realised[some] = np.clip(room - before, 0.0, realised[some])
    return realised


def flows(rows: pd.DataFrame, sections: Mapping[str, str], districts: Sequence[str], city_code: str) -> pd.DataFrame:
    """Return year, district_code, industry_code, source, area_ha: each counted row in every whole that it is part of.

    Wholes: its district and the city; all industries, and the division and the section of its industry. `sections`: the
    section of each division. A row of an unknown district counts for the city alone.
    """
    counted = rows[rows["counted"]]
    parts = []
    for industry in _wholes(counted["industry_code"], sections):
        for district in (counted["district_code"].where(counted["district_code"].isin(districts)), city_code):
            parts.append(counted[["available_year", "source", "effective_ha"]].assign(d=district, i=industry))
    every = pd.concat(parts).dropna(subset=["d", "i"])
    keys = ["available_year", "d", "i", "source"]
    summed = every.groupby(keys, sort=True)["effective_ha"].agg(math.fsum).reset_index()
    summed.columns = ["year", "district_code", "industry_code", "source", "area_ha"]
    return summed.astype({"year": int, "area_ha": float})


def _wholes(codes: pd.Series, sections: Mapping[str, str]) -> list[pd.Series | str]:
    """All industries, the section, and the division of each row; None where a row has none."""
    digits = codes.astype("string").str.extract(r"^[A-Z]?(\d{2})", expand=False)
    digits = digits.where(digits.ne(ALL)).astype(object)
    letter = codes.astype("string").str.extract(r"^([A-Z])", expand=False).astype(object)
    return [ALL, letter.where(letter.notna(), digits.map(sections)), digits]
