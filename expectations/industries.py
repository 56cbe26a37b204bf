"""Medians of enterprises' figures by division of GB/T 4754, this year and last: one row a division and figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pandas as pd

from expectations.limits import IndustryFigure, Limits
from expectations.profiles import Profile, ratio

_KEYS = ("industry_edition", "division", "figure", "figure_zh")
_VALUES = ("count", "count_last", "median", "median_last", "median_ratio")


def industry_frame(
    con: duckdb.DuckDBPyConnection, year: int, found: Mapping[str, Profile], limits: Limits
) -> pd.DataFrame:
    """Return edition, division, figure, its median and last year's, of divisions with enough enterprises this year.

    `median_<n>` repeats the median of the n-th figure, so that each figure has a column of its own to be bounded.
    Large datasets are judged by about `quantile_rows` of their rows, the same each time.
    """
    own = [f"median_{n}" for n in range(len(limits.industries.figures))]
    rows: list[dict[str, Any]] = []
    if {"operations", "enterprises"} <= found.keys():
        medians = _medians(con, year, found["operations"], limits)
        for number, wanted in enumerate(limits.industries.figures):
            rows += _rows(wanted, number, year, medians, limits.industries.min_rows)
    frame = pd.DataFrame(rows, columns=[*_KEYS, *_VALUES, *own])
    return frame.astype(dict.fromkeys((*_VALUES, *own), "float64"))


def _medians(
    con: duckdb.DuckDBPyConnection, year: int, operations: Profile, limits: Limits
) -> dict[tuple[int, str, str], tuple[Any, ...]]:
    """Count and median of each figure by data year, edition and division."""
    every = max(1, (int(operations.sum("this", "rows")) - 1) // limits.quantile_rows + 1)
    values = ", ".join(
        f"count({sql}), quantile_disc({sql}, 0.5)"
        for sql in (f"o.{w.numerator} / nullif(o.{w.denominator}, 0)" for w in limits.industries.figures)
    )
    years = f"data_year in ({year - 1:d}, {year:d})"
    rows = con.execute(
        f"""select e.data_year, coalesce(e.industry_edition, '2017'), left(e.industry_code, 2) as division, {values}
        from (select * from accepted.operations where {years} and hash(row_no) % {every} = 0) as o
        join (select data_year, uscc, industry_edition, industry_code from accepted.enterprises where {years}) as e
            on o.data_year = e.data_year and o.uscc = e.uscc
        where e.industry_code is not null group by all order by all"""
    ).fetchall()
    return {tuple(row[:3]): row[3:] for row in rows}


def _rows(
    wanted: IndustryFigure, number: int, year: int, medians: Mapping[tuple[int, str, str], tuple[Any, ...]], least: int
) -> list[dict[str, Any]]:
    found = []
    for (when, edition, division), values in medians.items():
        count, median = values[2 * number : 2 * number + 2]
        if when != year or count < least:
            continue
        before, last = medians.get((year - 1, edition, division), (0, None) * (number + 1))[2 * number : 2 * number + 2]
        compared = ratio(median, last) if before >= least else None
        found.append(
            dict(zip(_KEYS, (edition, division, wanted.name, wanted.name_zh), strict=True))
            | dict(zip(_VALUES, (count, before, median, last, compared), strict=True))
            | {f"median_{number}": median}
        )
    return found
