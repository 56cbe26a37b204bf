"""Units as a scheme scored them: what every further judgement begins with."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
COMPONENTS = ("values", "ideals", "standardised", "weights", "contributions", "imputed")  # as a block names them, too


@dataclass(frozen=True)
class Named:
    """A scheme at one scale, in the version that scored a year."""

    scale: str
    code: str
    version: str


@dataclass(frozen=True)
class Scored:
    """n units scored by a scheme, in the order of their codes, with k indicators in the scheme's order.

    `grade` indexes the scheme's grades, -1 without one; `group` is where grades by shares are ranked, -1 outside;
    `vetoed`: the grade is set whatever the score. The matrices (n, k) are those of the score's components.
    """

    codes: pa.Array
    score: Floats
    grade: Ints
    group: Ints
    vetoed: Bools
    values: Floats
    ideals: Floats
    standardised: Floats
    weights: Floats
    contributions: Floats
    imputed: Bools

    @property
    def beside(self) -> Floats:
        """Points (n) of the score that no indicator gave: bonuses and deductions."""
        return self.score - np.where(np.isnan(self.contributions), 0.0, self.contributions).sum(axis=1)

    @property
    def rated(self) -> Ints:
        """The places of the units that have a score."""
        return np.flatnonzero(~np.isnan(self.score))

    def part(self, rows: slice | Ints) -> Scored:
        """Return some of the units: those of a slice, or at these places."""
        picked = {f.name: getattr(self, f.name) for f in fields(self)}
        codes = picked.pop("codes")
        codes = codes[rows] if isinstance(rows, slice) else codes.take(pa.array(rows))
        return Scored(codes=codes, **{name: values[rows] for name, values in picked.items()})
