"""City, districts, industries and cells made to add up, by weighted least squares on what adds up in the base year.

A total and its parts differ by what the figures themselves do not allocate; that remainder keeps its share of the total
and stays an item of its own. What follows from the districts (the city's industries) has the sum of their remainders.
In matrix form: y = ŷ - W Aᵀ (A W Aᵀ)⁺ A ŷ, where a row of A says (1 - remainder's share) total - Σ parts = 0 and W
holds the variances of the forecasts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RIDGE = 1e-10  # totals that are said twice make the system singular; solved again for its own residual
ROUNDS = 30
LEAST_TOTAL = 0.1  # of the sum of its parts: less is an error of the figures, not a total
ROUNDING = 1e-13
WHOLE = "00"  # the industry code of all industries


@dataclass(frozen=True)
class Link:
    """A total and its parts, as places of series; `by` says along what they divide: district or industry.

    `implied`: total and parts are all sums of districts, so that the districts' own links say it already; their
    remainders need not have one share, and a second link would bind them to it.
    """

    total: int
    parts: tuple[int, ...]
    by: str
    remainder_share: float
    implied: bool = False


def links(
    district: Sequence[str], industry: Sequence[str], base: Floats, city: str, parents: Mapping[str, str]
) -> list[Link]:
    """Return the links among series of one measure that have a value in the base year.

    `parents`: the industry above each industry, `00` above the highest. An industry is part of the nearest one above
    it that the district has a series of. A total below LEAST_TOTAL of its parts, or without parts above 0, has no link.
    """
    place = {key: i for i, key in enumerate(zip(district, industry, strict=True)) if np.isfinite(base[i])}
    families: dict[tuple[int, str], list[int]] = {}
    for (d, i), part in place.items():
        if d != city and (city, i) in place:
            families.setdefault((place[city, i], "district"), []).append(part)
        above = _nearest(d, i, place, parents)
        if above is not None:
            families.setdefault((above, "industry"), []).append(part)
    known = {key: float(np.sum(base[parts])) for key, parts in families.items()}
    bound = [key for key in families if known[key] > 0 and base[key[0]] > LEAST_TOTAL * known[key]]
    summed = {total for total, by in bound if by == "district"}
    return [
        Link(
            total,
            tuple(families[total, by]),
            by,
            float(1 - known[total, by] / base[total]),
            by == "industry" and summed.issuperset([total, *families[total, by]]),
        )
        for total, by in bound
    ]


def _nearest(
    district: str, industry: str, place: Mapping[tuple[str, str], int], parents: Mapping[str, str]
) -> int | None:
    """The place of the nearest industry above that the district has a series of."""
    seen = {industry}
    above = parents.get(industry, WHOLE)
    while above not in seen:
        if (district, above) in place:
            return place[district, above]
        seen.add(above)
        above = parents.get(above, WHOLE)
    return None


def reconcile(values: Floats, variance: Floats, chain: Sequence[Link], free_sign: NDArray[np.bool_]) -> Floats:
    """Return values (n, H) that keep every link, none below 0 but where `free_sign` (n,).

    `variance` (n,) says how much each series gives way. Series without a link stay as they are.
    """
    result = values.copy()
    if not chain:
        return result
    matrix = _matrix([link for link in chain if not link.implied], len(values))
    used = np.flatnonzero(np.any(matrix != 0, axis=0))
    matrix, held = matrix[:, used], ~free_sign[used]
    size = np.maximum(np.abs(values[used]).max(axis=0), 1e-300)
    wanted, weight = values[used] / size, variance[used] / variance[used].max()
    found = _project(matrix, wanted, weight)
    for step in np.flatnonzero((held[:, None] & (found < 0)).any(axis=0)):
        found[:, step] = _above_zero(matrix, wanted[:, step], found[:, step], weight, held)
    result[used] = found * size
    return result


def _matrix(chain: Sequence[Link], series: int) -> Floats:
    matrix = np.zeros((len(chain), series))
    for row, link in enumerate(chain):
        matrix[row, link.total] = 1 - link.remainder_share
        matrix[row, list(link.parts)] = -1.0
    return matrix


def _above_zero(matrix: Floats, wanted: Floats, found: Floats, weight: Floats, held: NDArray[np.bool_]) -> Floats:
    """Hold what is below 0 at 0 and project the rest again, until nothing is below 0."""
    start, weight = wanted.copy(), weight.copy()
    for _ in range(ROUNDS):
        below = held & (found < 0)
        if not below.any():
            break
        start[below], weight[below] = 0.0, 0.0
        found = _project(matrix, start[:, None], weight)[:, 0]
        found[held & (np.abs(found) < ROUNDING)] = 0.0
    return np.where(held, np.maximum(found, 0.0), found)


def _project(matrix: Floats, start: Floats, weight: Floats) -> Floats:
    """The nearest values (k, H) that keep the links, by weights (k,); refined until rounding is all that is left."""
    spread = matrix * weight
    square = spread @ matrix.T
    diagonal = np.diag(square)
    scale = np.where(diagonal > 0, 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0)), 0.0)
    ridged = square * np.outer(scale, scale) + np.diag(np.where(diagonal > 0, RIDGE, 1.0))
    inverse = np.linalg.inv(ridged)
    found = start
    for _ in range(ROUNDS):
        left = matrix @ found
        if (np.abs(left) <= ROUNDING * (np.abs(matrix) @ np.abs(found))).all():
            break
        found = found - spread.T @ (scale[:, None] * (inverse @ (scale[:, None] * left)))
    return found


def remainders(values: Floats, chain: Sequence[Link]) -> list[tuple[Link, Floats]]:
    """Return what each total (H,) of values (n, H) does not allocate to its parts."""
    return [(link, values[link.total] - values[list(link.parts)].sum(axis=0)) for link in chain]
