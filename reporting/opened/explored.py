"""Everything that is published of one unit, brought together: for the text of `landgauge explain` and for its page."""

from __future__ import annotations

from dataclasses import dataclass

from landgauge.errors import ConfigurationError
from landgauge.settings import Settings
from reporting.marts import Marts, Row
from reporting.opened.near import Surroundings, around, occupants
from reporting.opened.obligations import Changes, Contract, Low, changes, contracts, low_efficiency, potentials
from reporting.opened.read import SCALES, Key, Opened, keys, pick, read, shares
from reporting.opened.sources import Sources, sources
from reporting.opened.standing import Scored, Standing, scored, standings
from reporting.opened.unit import Unit, find, full_code, why_not

_OF_INDUSTRY = "行业的数值由其全部企业汇总；申报行请逐个企业打开"
Ideals = dict[str, list[tuple[str, float, bool]]]  # by indicator: scheme, ideal value, whether it is illustrative


@dataclass(frozen=True)
class Explored:
    """A unit in a year: scores opened by scheme (none where no scheme rates the scale), standing, surroundings, duties.

    `shares` are the first pairs of parcel and enterprise, of `share_count`.
    """

    unit: Unit
    year: int
    run: Row
    opened: list[Opened]
    standings: list[Standing]
    scored: list[Scored]
    ideals: Ideals
    surroundings: Surroundings | None
    occupants: list[Row]
    contracts: list[Contract]
    low: Low | None
    potentials: list[Row]
    changes: Changes
    shares: list[Row]
    share_count: int
    declared: Sources


def explore(settings: Settings, marts: Marts, scale: str, code: str | None, scheme: str | None = None) -> Explored:
    """Return all that is published of a unit in the settings' year, by all schemes or the one named.

    Raises ConfigurationError where there is no such unit or it has no score by the scheme; it says what there is.
    """
    code = full_code(marts, scale, code)
    scoring = [_key(row) for row in keys(marts, scale, code)]
    wanted = [key for key in scoring if scheme in (None, key[1])]
    found = find(marts, scale, code)
    if not wanted and (scheme is not None or found is None):
        raise ConfigurationError(*_why_not(marts, scale, code, scheme, scoring))
    unit = found or Unit(scale, code, None, {}, (), ())
    opened = [read(marts, key, code) for key in wanted]
    declared, shared = _behind(settings, marts, unit, opened)
    return Explored(
        unit=unit,
        year=marts.year,
        run=marts.run,
        opened=opened,
        standings=standings(marts, unit),
        scored=scored(marts, unit),
        ideals=_ideals(opened),
        surroundings=around(settings, marts, unit) if scale == "parcel" else None,
        occupants=occupants(marts, unit) if scale == "enterprise" else [],
        contracts=contracts(settings, unit, marts.run["as_of_date"]),
        low=low_efficiency(marts, unit),
        potentials=potentials(marts, unit),
        changes=changes(settings, unit),
        shares=shared,
        share_count=shared[0]["of"] if shared else 0,
        declared=declared,
    )


def _key(row: Row) -> Key:
    return row["scale"], row["scheme_code"], row["scheme_version"]


def _behind(settings: Settings, marts: Marts, unit: Unit, opened: list[Opened]) -> tuple[Sources, list[Row]]:
    """The declared rows, and the pairs of parcel and enterprise."""
    if unit.scale not in SCALES:
        return Sources({}, _OF_INDUSTRY), []
    if not opened:
        pick(marts, unit.code)
    shared = opened[0].units[0]["shares"] if opened else shares(marts, unit.scale)
    return sources(settings, marts, unit.scale), shared


def _ideals(opened: list[Opened]) -> Ideals:
    result: Ideals = {}
    for one in opened:
        marked = {(r["indicator_code"], r["ideal_value"]): bool(r["illustrative"]) for r in one.ideals}
        for row in one.units[0]["components"]:
            held = row["indicator_code"], row["ideal_value"]
            if row["ideal_value"] is not None:
                result.setdefault(held[0], []).append((one.key[1], held[1], marked.get(held, False)))
    return result


def _why_not(marts: Marts, scale: str, code: str, scheme: str | None, scoring: list[Key]) -> tuple[str, str]:
    if scoring:
        others = ", ".join(key[1] for key in scoring)
        return f"{scale} {code} has no score by scheme {scheme!r} in {marts.year}", f"Schemes: {others}."
    scales = list(dict.fromkeys(row["scale"] for row in keys(marts)))
    if scheme is not None and scale not in scales:
        return f"no {scale} is scored in {marts.year}", f"Scored scales: {', '.join(scales)}."
    said, advice = why_not(marts, scale, code)
    return said, advice if scale in scales or not scales else f"{advice} Scored scales: {', '.join(scales)}."
