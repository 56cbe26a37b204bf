"""Units of measure, from the policy seed `unit.csv`: a header's or a row's unit against the contract's unit."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from landgauge import policy

_POWER = re.compile(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


@dataclass(frozen=True)
class Unit:
    """One spelling of a unit: what it measures and how many base units it is."""

    name: str
    dimension: str
    base: str
    factor_to_base: float


def fold(unit: str) -> str:
    """Return what spellings of one unit have in common: half-width, lower case, no white space, `10^4` for `10⁴`."""
    powers = _POWER.sub(lambda found: f"10^{unicodedata.normalize('NFKC', found[1])}", unit)
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", powers)).casefold()


@cache
def known() -> dict[str, Unit]:
    """Return the units of the policy seed by folded spelling; the first spelling of the seed names the unit."""
    found: dict[str, Unit] = {}
    for row in policy.rows("unit"):
        unit = Unit(row["unit"], row["dimension"], row["base_unit"], float(row["factor_to_base"]))
        found.setdefault(fold(unit.name), unit)
    return found


def find(unit: str) -> Unit | None:
    """Return the unit of that spelling, or None."""
    return known().get(fold(unit))


def alike(unit: str) -> tuple[str, ...]:
    """Return every spelling of the seed that converts to a unit, in its order; none for an unknown unit."""
    wanted = find(unit)
    return tuple(u.name for u in known().values() if wanted is not None and u.dimension == wanted.dimension)


def factor(given_unit: str, contract_unit: str | None) -> float | None:
    """Return what a value in `given_unit` is multiplied by to be in `contract_unit`.

    None where either unit is unknown or the two measure different things. A percentage becomes a fraction only
    where the contract's unit is `ratio`. Spelling is folded: width, case, white space, superscripts.
    """
    given, wanted = find(given_unit), find(contract_unit or "")
    if given is None or wanted is None or given.dimension != wanted.dimension:
        return None
    if given.factor_to_base == wanted.factor_to_base:
        return 1.0
    return given.factor_to_base / wanted.factor_to_base
