"""What the error of measured and declared figures makes of standardised values, draw by draw."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from scoring.judging.scored import Scored
from scoring.judging.stability import Columns
from scoring.scheme import IndicatorRule, Scheme
from scoring.standardise import MIN_MAX, POSITIVE, bounded, min_max, standardise

Floats = NDArray[np.float64]

UNSPECIFIED = "unspecified"  # the quantity whose error an indicator has that names none
_PLACES = 65_536  # of the sample that every figure walks through: as many as a place of 16 bits can name
_RATIO = "target_ratio"


@dataclass(frozen=True)
class Accuracy:
    """Relative standard error of each quantity, and of which quantities each indicator is made.

    `parts` has numerator and denominator, an empty text for one without error.
    """

    errors: Mapping[str, float]
    parts: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, quantities: Iterable[Mapping[str, str]], indicators: Iterable[Mapping[str, str]]) -> Accuracy:
        """Read the seeds value_accuracy and indicator_quantity.

        Raises ValueError for an error below 0 or not finite, and KeyError for a quantity that is not there.
        """
        errors = {r["quantity_code"]: float(r["relative_standard_error"]) for r in quantities}
        for code, error in errors.items():
            if not 0 <= error < math.inf:
                raise ValueError(f"value_accuracy: relative_standard_error of {code} must be 0 or more, found {error}")
        parts = {r["indicator_code"]: (r["numerator_code"], r["denominator_code"]) for r in indicators}
        for code in {UNSPECIFIED, *(part for pair in parts.values() for part in pair if part)}:
            if code not in errors:
                raise KeyError(f"value_accuracy has no quantity {code}")
        return cls(errors, parts)

    def streams(self, indicator: str) -> tuple[tuple[str, float], ...]:
        """Return name and error of what the indicator is divided of; the same name is the same figure."""
        pair = self.parts.get(indicator)
        if pair is None:
            return ((indicator, self.errors[UNSPECIFIED]), ("", 0.0))
        return tuple((part, self.errors.get(part, 0.0)) for part in pair)


class DataDraws:
    """Standardised values of n units as they would be with other errors of their figures.

    A figure times exp(σ z), z normal, σ² = ln(1 + e²): as often too high as too low, with the relative standard error
    e, and never of another sign. A quantity of a unit has one error, in whichever indicators it stands. Which errors a
    unit gets hangs on its code, the quantity and the seed alone, so that other units do not change them. Ideal values,
    group means and the ends of min_max stay as published, and so does what is filled in for a missing value.
    """

    def __init__(self, scheme: Scheme, scored: Scored, worsts: Floats | None, accuracy: Accuracy, seed: int) -> None:
        """Take the scored units, the worst ends (n, k) of min_max if there are any, and how sure their figures are."""
        self._rules = scheme.indicators
        self._streams = [accuracy.streams(i.code) for i in scheme.indicators]
        named = dict(s for pair in self._streams for s in pair if s[1] > 0)
        own = np.array([_number(code) for code in scored.codes.to_pylist()], dtype=np.uint64)
        self._walks = {name: _walk(own, name, seed) for name in named}
        sample = _sample(seed)
        self._pools = {name: np.exp(math.sqrt(math.log1p(e * e)) * sample) for name, e in named.items()}
        held = np.isnan(scored.standardised) | scored.imputed | np.isnan(scored.score)[:, None]
        self._free = np.ascontiguousarray(~held.T)
        self._standardised = np.ascontiguousarray(np.nan_to_num(scored.standardised).T)
        self._ratios, self._others = {}, {}
        for j, rule in enumerate(scheme.indicators):
            value, ideal = (np.ascontiguousarray(m[:, j]) for m in (scored.values, scored.ideals))
            if rule.standardisation == _RATIO:
                self._ratios[j] = standardise(value, ideal, _RATIO, rule.direction)
            else:
                worst = np.full(len(value), np.nan) if worsts is None else np.ascontiguousarray(worsts[:, j])
                self._others[j] = value, ideal, worst

    def columns(self, number: int) -> Columns:
        """Return what gives the standardised values (k, rows) of a draw, 0 where one is missing."""

        def block(rows: slice) -> Floats:
            factors = {
                name: np.take(self._pools[name], start[rows] + np.uint16(number % _PLACES) * step[rows])
                for name, (start, step) in self._walks.items()
            }
            result = self._standardised[:, rows].copy()
            for j, out in enumerate(result):
                self._draw(j, rows, factors, out)
            return result

        return block

    def _draw(self, j: int, rows: slice, factors: Mapping[str, Floats], out: Floats) -> None:
        """Write the drawn values of an indicator into `out`, which has the published ones."""
        rule, ((above, _), (below, _)) = self._rules[j], self._streams[j]
        if above not in factors and below not in factors:
            return
        if j in self._ratios and rule.direction != POSITIVE:
            above, below = below, above  # standardised as t / a
        drawn = (self._ratios[j] if j in self._ratios else self._others[j][0])[rows]
        with np.errstate(over="ignore"):
            if above in factors:
                drawn = drawn * factors[above]
            if below in factors:
                drawn = drawn / factors[below]
        drawn = bounded(drawn, rule.cap, rule.floor) if j in self._ratios else self._other(rule, j, rows, drawn)
        out[:] = np.where(self._free[j, rows], drawn, out)  # np.copyto with a mask takes four times as long

    def _other(self, rule: IndicatorRule, j: int, rows: slice, value: Floats) -> Floats:
        _, ideal, worst = self._others[j]
        if rule.standardisation != MIN_MAX:
            return standardise(value, ideal[rows], rule.standardisation, rule.direction, rule.cap, rule.floor)
        return bounded(min_max(value, ideal[rows], worst[rows], rule.floor_share), rule.cap, rule.floor)


def _sample(seed: int) -> Floats:
    """The normal quantiles in the middles of equal shares, in an order that the seed gives."""
    normal = NormalDist()
    quantiles = np.array([normal.inv_cdf((i + 0.5) / _PLACES) for i in range(_PLACES)])
    return np.random.default_rng(seed).permutation(quantiles)


def _walk(units: NDArray[np.uint64], quantity: str, seed: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Where each unit (n) begins in the sample and how far it steps (odd, so that it meets every place once)."""
    mixed = _mixed(units ^ np.uint64(_number(f"{seed}:{quantity}")))
    return mixed.astype(np.uint16), (mixed >> np.uint64(16)).astype(np.uint16) | np.uint16(1)


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of a number into every other (the finishing step of SplitMix64, Steele et al. 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
