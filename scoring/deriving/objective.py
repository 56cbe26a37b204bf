"""Weights from the data: entropy, coefficient of variation, CRITIC. Columns are indicators, rows are units.

Every method works on values brought to 0 to 1 by the range of each column (negative indicators reversed), so that units
of measure do not matter, and needs sums only, so that any number of rows passes in parts. What a method has no
result for is refused with the reason: in the libraries of this field one missing value turns all weights into NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scoring.deriving import entropy_sums
from scoring.deriving.entropy_sums import LARGEST
from scoring.deriving.refusal import Undefined

Floats = NDArray[np.float64]

COMPLETE_ROWS, AVAILABLE, REFUSE = "complete_rows", "available", "refuse"
MISSING = (COMPLETE_ROWS, AVAILABLE, REFUSE)


@dataclass(frozen=True)
class Derived:
    """Weights (k) that sum to 1, the diversity that they are in proportion to, and how many rows each column used."""

    weights: Floats
    diversity: Floats
    rows: NDArray[np.int64]
    method: str
    missing: str
    shift: float = 0.0


def normalise(values: Floats, negative: Sequence[bool] | None = None) -> Floats:
    """Return (x - min) / (max - min) of each column, reversed where less is better; a constant column is NaN."""
    lowest, highest = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    span = np.where(highest > lowest, highest - lowest, np.nan)
    result = (values - lowest) / span
    return result if negative is None else np.where(np.asarray(negative), 1.0 - result, result)


def entropy(
    values: Floats, negative: Sequence[bool] | None = None, missing: str = REFUSE, shift: float = 0.0
) -> Derived:
    """Return entropy weights (熵权法): p = z / Σz, e = -Σ p ln p / ln n with 0 ln 0 = 0, w = (1 - e) / Σ(1 - e).

    z are the values normalised by the range; `shift` is added to them (some publications add 0.0001 or 1 to be rid of
    zeros, which changes the weights: it is part of the result; 0 ln 0 = 0 needs none). Only the sums S = Σz and
    L = Σ z ln z are needed: e = (ln S - L / S) / ln n. A column without variation gets weight 0. Raises Undefined for
    fewer than 2 rows, infinities, missing values under `refuse`, and where no column varies.
    """
    found = _entropy_by_group(np.asarray(values, dtype=float), None, 1, negative, missing, shift)[0]
    if isinstance(found, Undefined):
        raise found
    return found


def _entropy_by_group(
    values: Floats,
    group: NDArray[np.int64] | None,
    groups: int,
    negative: Sequence[bool] | None,
    missing: str,
    shift: float,
) -> list[Derived | Undefined]:
    """Return the entropy weights of each group, or why it has none; memory for a few chunks beyond the values."""
    _known(missing)
    if not 0 <= shift < np.inf:
        raise Undefined(f"the shift of entropy weights must be a number from 0 on, found {shift}")
    if values.ndim != 2 or not values.shape[1]:
        raise Undefined(f"entropy needs rows and columns, found {values.shape}")
    complete = missing == COMPLETE_ROWS
    reverse = np.zeros(values.shape[1], dtype=bool) if negative is None else np.asarray(negative, dtype=bool)
    ends = entropy_sums.extent(values, group, groups, complete)
    found = entropy_sums.sums(values, group, ends, complete, reverse, shift)
    with np.errstate(invalid="ignore", divide="ignore"):
        information = (np.log(found.total) - found.logs / found.total) / np.log(ends.rows)
    diversity = np.where(ends.highest > ends.lowest, np.maximum(1.0 - information, 0.0), 0.0)
    return [_of_group(number, ends, diversity[number], missing, shift) for number in range(groups)]


def _of_group(
    number: int, ends: entropy_sums.Extent, diversity: Floats, missing: str, shift: float
) -> Derived | Undefined:
    rows = ends.rows[number]
    if (np.abs(np.where(rows > 0, [ends.lowest[number], ends.highest[number]], 0.0)) > LARGEST).any():
        return Undefined(_says_infinite("entropy"))
    if missing == REFUSE and ends.missing[number]:
        return Undefined(_says_missing("entropy", int(ends.missing[number])))
    if rows.min() < 2:
        return Undefined(_says_few("entropy", int(rows.min())))
    try:
        return _derived(diversity, rows, "entropy", missing, shift)
    except Undefined as refusal:
        return refusal


def variation(values: Floats, negative: Sequence[bool] | None = None, missing: str = REFUSE) -> Derived:
    """Return weights by the coefficient of variation (变异系数法): sample standard deviation over mean of each column.

    Taken of the values as they are, which must not be negative: a mean of 0 has no variation. Raises Undefined as
    `entropy` does, and for negative values.
    """
    kept, rows = _kept(values, missing, "the coefficient of variation")
    if (kept < 0).any():
        raise Undefined("the coefficient of variation needs values that are not negative")
    mean, spread = np.nanmean(kept, axis=0), _spread(kept)
    with np.errstate(invalid="ignore", divide="ignore"):
        diversity = np.where(mean > 0, spread / mean, 0.0)
    return _derived(diversity, rows, "variation", missing)


def critic(values: Floats, negative: Sequence[bool] | None = None, missing: str = REFUSE) -> Derived:
    """Return CRITIC weights (Diakoulaki et al. 1995): C_j = s_j Σ_i (1 - r_ij), of values normalised by the range.

    s is the sample standard deviation, r the linear correlation. A column without variation gets weight 0 and takes
    no part in the others' conflict. Raises Undefined as `entropy` does.
    """
    scaled, rows = _prepared(values, negative, missing, "CRITIC")
    varied = np.flatnonzero(~np.isnan(scaled).all(axis=0))
    diversity = np.zeros(scaled.shape[1])
    if len(varied):
        own = scaled[:, varied]
        diversity[varied] = _spread(own) * (1.0 - _correlation(own)).sum(axis=0)
    return _derived(np.maximum(diversity, 0.0), rows, "critic", missing)


METHODS: dict[str, Callable[..., Derived]] = {"entropy": entropy, "variation": variation, "critic": critic}


def grouped(
    values: Floats, group: NDArray[np.int64], groups: int, method: str, **options: object
) -> list[Derived | Undefined]:
    """Return the weights of each group, or why it has none; units outside every group have a number below 0."""
    if method == "entropy":
        given = {"negative": None, "missing": REFUSE, "shift": 0.0} | options
        return _entropy_by_group(np.asarray(values, dtype=float), np.asarray(group), groups, **given)
    order = np.argsort(group, kind="stable")
    bounds = np.searchsorted(group[order], np.arange(groups + 1))
    results: list[Derived | Undefined] = []
    for number in range(groups):
        members = order[bounds[number] : bounds[number + 1]]
        try:
            results.append(METHODS[method](values[members], **options))
        except Undefined as refusal:
            results.append(refusal)
    return results


def _prepared(
    values: Floats, negative: Sequence[bool] | None, missing: str, name: str
) -> tuple[Floats, NDArray[np.int64]]:
    kept, rows = _kept(values, missing, name)
    return normalise(kept, negative), rows


def _kept(values: Floats, missing: str, name: str) -> tuple[Floats, NDArray[np.int64]]:
    """Return the rows that take part and how many each column has; missing is NaN."""
    _known(missing)
    given = np.asarray(values, dtype=float)
    if given.ndim != 2 or not given.shape[1]:
        raise Undefined(f"{name} needs rows and columns, found {given.shape}")
    if (np.abs(given) > LARGEST).any():
        raise Undefined(_says_infinite(name))
    absent = np.isnan(given)
    if missing == REFUSE and absent.any():
        raise Undefined(_says_missing(name, int(absent.sum())))
    kept = given[~absent.any(axis=1)] if missing == COMPLETE_ROWS else given
    rows = (~np.isnan(kept)).sum(axis=0)
    if len(kept) < 2 or rows.min() < 2:
        raise Undefined(_says_few(name, int(rows.min())))
    return kept, rows


def _known(missing: str) -> None:
    if missing not in MISSING:
        raise ValueError(f"unknown policy for missing values {missing!r}; known: {', '.join(MISSING)}")


def _says_infinite(name: str) -> str:
    return f"{name} has no result where a value is infinite, or greater than {LARGEST:g}"


def _says_missing(name: str, values: int) -> str:
    return f"{name}: {values} values are missing; choose complete_rows or available"


def _says_few(name: str, rows: int) -> str:
    return f"{name} needs at least 2 units with a value of each indicator, found {rows}"


def _spread(values: Floats) -> Floats:
    return np.nanstd(values, axis=0, ddof=1)


def _correlation(values: Floats) -> Floats:
    """Linear correlation of each two columns over the rows that have both."""
    there = ~np.isnan(values)
    if there.all():
        return np.atleast_2d(np.corrcoef(values, rowvar=False))
    size = values.shape[1]
    result = np.eye(size)
    for i in range(size):
        for j in range(i):
            both = there[:, i] & there[:, j]
            result[i, j] = result[j, i] = _pair_correlation(values[both, i], values[both, j])
    return result


def _pair_correlation(one: Floats, other: Floats) -> float:
    if len(one) < 2 or one.min() == one.max() or other.min() == other.max():
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _derived(diversity: Floats, rows: NDArray[np.int64], method: str, missing: str, shift: float = 0.0) -> Derived:
    total = float(diversity.sum())
    if not total > 0:
        raise Undefined(f"{method}: the data give no weights: no indicator varies between the units, or all vary alike")
    return Derived(diversity / total, diversity, rows, method, missing, shift)
