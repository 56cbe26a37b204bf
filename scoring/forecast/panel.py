"""Yearly series of measures by district and industry as one matrix, and what changes their course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]

KEY = ["measure", "district_code", "industry_code"]
MOST_YEARS = 60  # a stray year long ago must not make the matrix wide


@dataclass(frozen=True)
class Panel:
    """n series over T consecutive years; keys are unique and in order, missing values are NaN.

    `measure`, `district_code`, `industry_code`: (n,) text; `years`: (T,); `values`: (n, T) in the measure's own unit.
    """

    measure: Texts
    district_code: Texts
    industry_code: Texts
    years: Ints
    values: Floats

    def __len__(self) -> int:
        """Return the number of series."""
        return len(self.measure)

    def until(self, year: int) -> Panel:
        """Return what was known up to and including a year."""
        keep = self.years <= year
        return Panel(*self.keys, self.years[keep], self.values[:, keep])

    def where(self, rows: Bools | Ints) -> Panel:
        """Return some of the series, in the order given."""
        return Panel(*(key[rows] for key in self.keys), self.years, self.values[rows])

    @property
    def keys(self) -> tuple[Texts, Texts, Texts]:
        """The three key columns."""
        return self.measure, self.district_code, self.industry_code

    @property
    def names(self) -> list[str]:
        """`measure:district:industry` of each series."""
        return [":".join(key) for key in zip(*self.keys, strict=True)]

    def aligned(self, measure: str) -> Floats:
        """Return another measure's values (n, T) of the same district and industry; NaN where there is none."""
        there = {key: place for place, key in enumerate(zip(*self.keys, strict=True))}
        cells = zip(self.district_code, self.industry_code, strict=True)
        place = np.array([there.get((measure, d, i), -1) for d, i in cells], dtype=int)
        padded = np.vstack([self.values, np.full(len(self.years), np.nan)])
        return padded[place]


def panel(rows: pd.DataFrame, base_year: int) -> Panel:
    """Return the series of rows (KEY, year, value; a key and year once) up to the base year on an unbroken grid.

    Years more than MOST_YEARS before the base year are left out; values that are not finite are missing.
    """
    kept = rows[rows["year"].between(base_year - MOST_YEARS + 1, base_year)]
    kept = kept[np.isfinite(kept["value"].astype(float))]
    keys = kept[KEY].drop_duplicates().sort_values(KEY).reset_index(drop=True)
    first = int(kept["year"].min()) if len(kept) else base_year
    years = np.arange(first, base_year + 1)
    values = np.full((len(keys), len(years)), np.nan)
    place = kept[KEY].merge(keys.reset_index(), on=KEY, how="left")["index"].to_numpy()
    values[place, kept["year"].to_numpy(dtype=int) - first] = kept["value"].to_numpy(dtype=float)
    return Panel(*(keys[name].to_numpy(dtype=object) for name in KEY), years, values)


def after_breaks(series: Panel, breaks: Sequence[Mapping[str, str]]) -> Panel:
    """Return the panel without the years before each declared break (first_year: the first on the new basis).

    An empty district or industry stands for all; an empty measure too.
    """
    values = series.values.copy()
    for row in breaks:
        hit = np.ones(len(series), dtype=bool)
        for key, column in zip(KEY, series.keys, strict=True):
            if row[key]:
                hit &= column == row[key]
        values[np.ix_(hit, series.years < int(row["first_year"]))] = np.nan
    return Panel(*series.keys, series.years, values)


def suspected_break(series: Panel, spread: float) -> Ints:
    """Return the last year (n,) whose ratio to the year before lies far outside the others of its series; 0: none.

    Far: the log ratio differs from the series' median by more than `spread` times the usual difference (median
    absolute, at least 1 %); at least five ratios are needed.
    """
    positive = np.where(series.values > 0, series.values, np.nan)
    ratio = np.diff(np.log(positive), axis=1)
    enough = np.isfinite(ratio).sum(axis=1) >= 5
    result = np.zeros(len(series), dtype=np.int64)
    if not enough.any():
        return result
    some = ratio[enough]
    apart = np.abs(some - np.nanmedian(some, axis=1)[:, None])
    far = apart > spread * np.maximum(np.nanmedian(apart, axis=1), 0.01)[:, None]
    result[enough] = np.where(far, series.years[1:], 0).max(axis=1)
    return result
