"""Potentials of industrial land: a second, independent statement of the models int_potential__*, on arrays.

Everything missing is NaN (numbers), None (texts) or NaT (dates); what cannot be computed is NaN, never 0.
Source of the zone formulas: TD/T 1029 (potentials), as public zone-evaluation programs compute them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]
Days = NDArray[np.datetime64]

SITE, SHORTFALL = "site", "shortfall"


@dataclass(frozen=True)
class Rule:
    """A row of the seed `low_efficiency_rule`: a fact of the parcel, or an indicator that has a lower limit."""

    reason: str
    indicator: str | None = None
    use_states: frozenset[str] = frozenset()
    except_use_states: frozenset[str] = frozenset()
    releases: str = SITE


@dataclass(frozen=True)
class Parcels:
    """n industrial parcels: m2, counts, states, dates; `values` and `limits` (n) of each indicator with a limit."""

    codes: Texts
    site_area_m2: Floats
    enterprise_count: Floats
    building_count: Floats
    use_state: Texts
    term_end: Days
    values: Mapping[str, Floats]
    limits: Mapping[str, Floats]


@dataclass(frozen=True)
class Finding:
    """The list of n parcels: reasons in rule order, the one that counts, the released part and area."""

    reasons: list[list[str]]
    main_reason: list[str | None]
    release_share: Floats
    shared_area_m2: Floats
    releasable_area_m2: Floats


def sum_ha(*lands_ha: Floats) -> Floats:
    """Return 扩展潜力 or 管理潜力: the sum of land classes in hectares; NaN where one is missing or negative."""
    return np.sum([_area(land) for land in lands_ha], axis=0)


def structure_ha(land_ha: Floats, actual: Floats, ideal: Floats) -> Floats:
    """Return 结构潜力: built-up land x (ideal - actual industrial land ratio) in hectares, not below 0."""
    return _area(land_ha) * np.maximum(ideal - _area(actual), 0.0)


def intensity_ha(land_ha: Floats, actual: Floats, ideal: Floats) -> Floats:
    """Return 强度潜力: industrial land x (ideal - actual) / ideal in hectares, not below 0; NaN for an ideal of 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(ideal == 0, np.nan, structure_ha(land_ha, actual, ideal) / ideal)


def supply_years(land_ha: Floats, yearly_supply_ha: Floats) -> Floats:
    """Return 尚可供地年数: suppliable land over mean yearly supply; NaN where nothing was supplied."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(yearly_supply_ha == 0, np.nan, _area(land_ha) / yearly_supply_ha)


def met(rule: Rule, parcels: Parcels, as_of: np.datetime64) -> Bools:
    """Return which parcels (n) meet a rule; what is missing does not. Raises ValueError for an unknown rule."""
    with np.errstate(invalid="ignore"):
        if rule.indicator is not None:
            below = parcels.values[rule.indicator] < parcels.limits[rule.indicator]
        elif rule.reason == "vacant":
            below = (parcels.enterprise_count == 0) & (parcels.building_count == 0)
        elif rule.reason == "idle":
            below = _is_in(parcels.use_state, rule.use_states)
        elif rule.reason == "expired":
            below = parcels.term_end < as_of
        else:
            raise ValueError(f"rule {rule.reason!r} names no indicator, and is not vacant, idle or expired")
    return below & ~_is_in(parcels.use_state, rule.except_use_states)


def release_share(rule: Rule, parcels: Parcels, is_met: Bools) -> Floats:
    """Return the part of the site (n, 0 to 1) that a rule releases: all of it, or what the value lacks of the limit."""
    if rule.releases == SITE or rule.indicator is None:
        return is_met.astype(np.float64)
    value, limit = parcels.values[rule.indicator], parcels.limits[rule.indicator]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(is_met, np.clip(1.0 - value / limit, 0.0, 1.0), 0.0)


def low_efficiency(
    parcels: Parcels, rules: Sequence[Rule], as_of: np.datetime64, overlaps: Sequence[tuple[str, str, float]] = ()
) -> Finding:
    """Return the low-efficiency list of n parcels; `overlaps` are pairs of codes with the m2 that they share.

    Of several reasons the one that releases most counts, of equal ones the first rule. What two listed parcels share
    belongs to the smaller code.
    """
    judged = [met(rule, parcels, as_of) for rule in rules]
    shares = np.array([release_share(r, parcels, m) for r, m in zip(rules, judged, strict=True)])
    listed = np.any(judged, axis=0)
    best = np.argmax(np.where(judged, shares, -1.0), axis=0)
    shared = _shared_area(parcels, listed, overlaps)
    share = shares[best, np.arange(len(listed))]
    return Finding(
        reasons=[[r.reason for r, m in zip(rules, judged, strict=True) if m[i]] for i in range(len(listed))],
        main_reason=[rules[b].reason if on else None for b, on in zip(best, listed, strict=True)],
        release_share=share,
        shared_area_m2=shared,
        releasable_area_m2=(parcels.site_area_m2 - shared) * share,
    )


def lowest_known_limit(limits: Sequence[float]) -> float:
    """Return the limit of an industry made of several older ones: the lowest, NaN unless every one has a limit."""
    return float(np.min(limits)) if len(limits) and not np.isnan(limits).any() else float("nan")


def _area(declared: Floats) -> Floats:
    """Return what was declared, NaN where it is negative: that is no area and no ratio."""
    return np.where(declared >= 0, declared, np.nan)


def _is_in(states: Texts, wanted: frozenset[str]) -> Bools:
    return np.array([state in wanted for state in states], dtype=bool)


def _shared_area(parcels: Parcels, listed: Bools, overlaps: Sequence[tuple[str, str, float]]) -> Floats:
    """Return for each parcel (n) the m2 that count for listed parcels of smaller code, at most its site."""
    place = {code: i for i, code in enumerate(parcels.codes) if listed[i]}
    shared = np.zeros(len(listed))
    for one, other, area in overlaps:
        if one in place and other in place:
            shared[place[max(one, other)]] += area
    return np.minimum(shared, parcels.site_area_m2)
