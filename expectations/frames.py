"""Profile frames: what the suites of figures are held against, one row for each column, district or rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb
import pandas as pd

from expectations.limits import Limits
from expectations.profiles import LAST, QUANTILES, THIS, Figure, Profile, merged, ratio
from expectations.shares import Share


def dataset_frame(profiles: Mapping[str, Profile]) -> pd.DataFrame:
    """Return dataset, rows, rows_last, rows_ratio; without last year the latter two are empty."""
    return pd.DataFrame(
        [_dataset_row(name, profile) for name, profile in profiles.items()],
        columns=["dataset", "rows", "rows_last", "rows_ratio"],
    )


def _dataset_row(name: str, profile: Profile) -> dict[str, Any]:
    rows, last = profile.sum(THIS, "rows"), profile.sum(LAST, "rows") if profile.has_last else None
    return {"dataset": name, "rows": float(rows), "rows_last": _number(last), "rows_ratio": ratio(rows, last)}


def column_frame(profiles: Mapping[str, Profile], limits: Limits) -> pd.DataFrame:
    """Return one row for each column: shares of empty and of zero cells, total, quantiles, and last year's beside them.

    `delivered_filled_share` is given for columns that stand in this year's files, `total_ratio` for columns without
    a bound of their own, and what compares years only from `min_rows` rows on in both.
    """
    own = {(bound.dataset, bound.column) for bound in limits.history.own_total_ratio}
    rows = [
        _column_row(profile, column.name, limits, (name, column.name) in own)
        for name, profile in profiles.items()
        for column in profile.columns
    ]
    return pd.DataFrame(rows).astype(dict.fromkeys(_FIGURES, "float64")) if rows else pd.DataFrame()


_FIGURES = (
    *("delivered_filled_share", "null_share", "null_share_last", "null_share_rise"),
    *("zero_share", "zero_share_last", "zero_share_rise", "total", "total_last", "total_ratio"),
    *(*QUANTILES, "median_last", "median_ratio"),
)


def _column_row(profile: Profile, column: str, limits: Limits, own: bool) -> dict[str, Any]:
    this, last = _shares(profile, THIS, column), _shares(profile, LAST, column)
    compared = _compared(profile, limits)
    quantiles = profile.quantiles.get(THIS, {}).get(column, (None,) * len(QUANTILES))
    before = profile.quantiles.get(LAST, {}).get(column, (None,) * len(QUANTILES))
    filled = 1 - this["null_share"]
    return {
        "dataset": profile.contract.dataset,
        "column": column,
        "delivered_filled_share": filled if column in profile.delivered else None,
        **this,
        **{f"{name}_last": value for name, value in last.items()},
        "null_share_rise": _rise(this, last, "null_share") if compared else None,
        "zero_share_rise": _rise(this, last, "zero_share") if compared else None,
        "total_ratio": ratio(this["total"], last["total"]) if compared and not own else None,
        **dict(zip(QUANTILES, quantiles, strict=True)),
        "median_last": before[1],
        "median_ratio": ratio(quantiles[1], before[1]) if compared else None,
    }


def _shares(profile: Profile, period: str, column: str) -> dict[str, float | None]:
    rows, filled = profile.sum(period, "rows"), profile.sum(period, f"filled:{column}")
    zeros = profile.sum(period, f"zero:{column}") if profile.counts(f"zero:{column}") else None
    total = profile.sum(period, f"total:{column}") if profile.counts(f"total:{column}") else None
    return {
        "null_share": 1 - float(filled) / float(rows) if rows else None,
        "zero_share": ratio(zeros, rows),
        "total": _number(total) if filled else None,
    }


def _compared(profile: Profile, limits: Limits) -> bool:
    return min(profile.sum(THIS, "rows"), profile.sum(LAST, "rows")) >= limits.history.min_rows


def _rise(this: Mapping[str, float | None], last: Mapping[str, float | None], name: str) -> float | None:
    now, before = this[name], last[name]
    return None if now is None or before is None else round(now - before, 12)


def district_frame(
    profiles: Mapping[str, Profile], limits: Limits, valid: list[str], following: Mapping[str, str]
) -> pd.DataFrame:
    """Return one row for each dataset, district and figure (rows and totals): this year, last year and their ratio.

    Ended districts of last year are counted with the district that follows them. `parcel_rows` is given for every
    district of the profile that is valid in the year.
    """
    rows = [row for profile in profiles.values() if profile.has_last for row in _districts(profile, limits, following)]
    parcels = profiles.get("parcels")
    for code in valid if parcels else ():
        count = parcels.figures.get((THIS, code), {}).get("rows", 0)
        rows.append({"dataset": "parcels", "district_code": code, "figure": "parcels", "parcel_rows": count})
    columns = ["dataset", "district_code", "figure", "this", "last", "ratio", "parcel_rows"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype(dict.fromkeys(columns[3:], "float64"))


def _districts(profile: Profile, limits: Limits, following: Mapping[str, str]) -> list[dict[str, Any]]:
    labels = ["rows", *(f"total:{column.name}" for column in profile.columns)]
    own = {f"total:{b.column}" for b in limits.history.own_total_ratio if b.dataset == profile.contract.dataset}
    periods = {period: _by_district(profile, period, following) for period in (THIS, LAST)}
    found = []
    for code in sorted({*periods[THIS], *periods[LAST]}):
        this, last = periods[THIS].get(code, {}), periods[LAST].get(code, {})
        if max(this.get("rows", 0), last.get("rows", 0)) < limits.history.min_district_rows:
            continue
        for label in labels:
            if label in {*this, *last} - own:
                found.append(_district_row(profile.contract.dataset, code, label, this, last))
    return found


def _by_district(profile: Profile, period: str, following: Mapping[str, str]) -> dict[str, dict[str, Figure]]:
    grouped: dict[str, list[Mapping[str, Figure]]] = {}
    for (when, code), figures in profile.figures.items():
        if when == period and code is not None:
            grouped.setdefault(following.get(code, code), []).append(figures)
    return {code: merged(parts) for code, parts in grouped.items()}


def _district_row(
    dataset: str, code: str, label: str, this: Mapping[str, Figure], last: Mapping[str, Figure]
) -> dict[str, Any]:
    now, before = this.get(label, 0), last.get(label, 0)
    return {
        "dataset": dataset,
        "district_code": code,
        "figure": label.removeprefix("total:"),
        "this": _number(now),
        "last": _number(before),
        "ratio": ratio(now, before),
    }


def rule_frame(profiles: Mapping[str, Profile]) -> pd.DataFrame:
    """Return, for large datasets, how many accepted rows break each rule of the contract, and surplus keys."""
    rows = [
        {"dataset": name, "rule": rule, "broken": float(broken)}
        for name, profile in profiles.items()
        if profile.large
        for rule, broken in _broken(profile)
    ]
    return pd.DataFrame(rows, columns=["dataset", "rule", "broken"])


def _broken(profile: Profile) -> list[tuple[str, Figure]]:
    rules = [label for label in profile.totals[THIS] if label.startswith("broken:")]
    found = [(label.removeprefix("broken:"), profile.sum(THIS, label)) for label in rules]
    return [*found, ("unique:" + "+".join(profile.contract.key), profile.duplicates or 0)]


def quarantine_frame(
    con: duckdb.DuckDBPyConnection, year: int, shares: tuple[Share, ...], running: list[str], limits: Limits
) -> pd.DataFrame:
    """Return for every rule that rows of a loaded file break: their number and share, errors and warnings apart.

    The share is left out for datasets of fewer than `min_rows` rows.
    """
    found = con.execute(
        """
        select f.dataset, f.rule_code, f.severity, count(distinct (f.load_id, f.row_no)) as broken
        from quarantine.finding as f join ledger.load as l using (load_id)
        where l.state = 'loaded' and f.row_no > 0
            and (l.data_year = $year or (l.data_year < $year and list_contains($running, l.dataset)))
        group by all order by all
        """,
        {"year": year, "running": running},
    ).fetchall()
    rows_in = {share.dataset: share.stop_rows for share in shares if share.stop_rows >= limits.quarantine.min_rows}
    rows = [
        {
            "dataset": row[0],
            "rule_code": row[1],
            "broken": row[3],
            f"{row[2]}_share": ratio(row[3], rows_in.get(row[0])),
        }
        for row in found
    ]
    columns = ["dataset", "rule_code", "broken", "error_share", "warning_share"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:], "float64"))


def metric_values(profiles: Mapping[str, Profile], limits: Limits) -> dict[str, float]:
    """Return the named figures of the distribution suite that this year's data give; what is missing is left out."""
    found = {r.name: ratio(_total(profiles, r.numerator), _total(profiles, r.denominator)) for r in limits.ratios}
    for bound in limits.quantiles:
        dataset, _, column = bound.column.partition(".")
        values = profiles[dataset].quantiles.get(THIS, {}).get(column) if dataset in profiles else None
        found[bound.name] = values[list(QUANTILES).index(bound.quantile)] if values else None
    for own in limits.history.own_total_ratio:
        profile = profiles.get(own.dataset)
        if profile is not None and _compared(profile, limits):
            label = f"total:{own.column}"
            found[f"total_ratio:{own.dataset}.{own.column}"] = ratio(profile.sum(THIS, label), profile.sum(LAST, label))
    return {name: value for name, value in found.items() if value is not None}


def _total(profiles: Mapping[str, Profile], name: str) -> Figure | None:
    dataset, _, column = name.partition(".")
    profile = profiles.get(dataset)
    return profile.sum(THIS, f"total:{column}") if profile and profile.sum(THIS, f"filled:{column}") else None


def _number(value: Figure | None) -> float | None:
    return None if value is None else float(value)
