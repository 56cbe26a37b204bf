"""An indicator's value as numerator and denominator, or the reason why it has none; sums of amounts."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

REGISTER_NOT_LOADED = "register_not_loaded"
NO_ENTERPRISE = "no_enterprise"
VALUE_MISSING = "value_missing"
ZERO_DENOMINATOR = "zero_denominator"
NO_GROWTH = "no_growth"

DECIMALS = 16  # amounts are held to so many places (docs/architecture.md, Determinism): what is smaller is 0
M2_PER_HA = 10_000

Amount = float | None


@dataclass(frozen=True)
class Quotient:
    """One indicator of one unit; `reason` is None where it has a value."""

    code: str
    numerator: Amount
    denominator: Amount
    reason: str | None

    @property
    def value(self) -> Amount:
        """Numerator by denominator, never infinite."""
        if self.reason or self.numerator is None or not self.denominator:
            return None
        return self.numerator / self.denominator

    @property
    def has_both(self) -> bool:
        """Tell whether both parts are known; a denominator of 0 is."""
        return self.numerator is not None and self.denominator is not None


def quotient(
    code: str,
    numerator: Amount,
    denominator: Amount,
    *,
    absent: bool = False,
    empty: bool = False,
    deserted: bool = False,
    missing: str = VALUE_MISSING,
    grows: bool = False,
) -> Quotient:
    """Return an indicator with its reason.

    `absent`: a dataset that it needs was not loaded. `empty`: the unit has no land at all. `deserted`: it needs
    enterprises and none counts. `missing`: what a part without a value is called. `grows`: the denominator is a growth,
    and the indicator has no meaning where it is a decline.
    """
    reason = None
    if absent:
        reason = REGISTER_NOT_LOADED
    elif empty:
        reason = ZERO_DENOMINATOR
    elif deserted:
        reason = NO_ENTERPRISE
    elif numerator is None or denominator is None:
        reason = missing
    elif denominator == 0:
        reason = ZERO_DENOMINATOR
    elif grows and denominator < 0:
        reason = NO_GROWTH
    elif not math.isfinite(numerator / denominator):
        reason = ZERO_DENOMINATOR  # too small to divide by
    return Quotient(code, numerator, denominator, reason)


def total(amounts: Iterable[Amount]) -> Amount:
    """Return the sum of what is known, correctly rounded; None where nothing is."""
    known = [round(amount, DECIMALS) for amount in amounts if amount is not None]
    return math.fsum(known) if known else None


def times(amount: Amount, factor: Amount) -> Amount:
    """Return the product, None where a factor is missing."""
    return None if amount is None or factor is None else amount * factor


def plus(*amounts: Amount) -> Amount:
    """Return the sum, None where a part is missing."""
    return None if any(amount is None for amount in amounts) else sum(a for a in amounts if a is not None)


def or_zero(amount: Amount) -> float:
    """Return the amount, 0 where the contract says that empty means none."""
    return 0.0 if amount is None else amount


def ha(area_m2: Amount) -> Amount:
    """Return an area in hectares."""
    return None if area_m2 is None else area_m2 / M2_PER_HA


def m2(area_ha: Amount) -> Amount:
    """Return an area in square metres."""
    return times(area_ha, M2_PER_HA)
