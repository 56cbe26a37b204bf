"""Profile frames: what the suites of figures are held against, one row for each column, district or rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pandas as pd

from expectations.contract import Contract
from expectations.limits import Limits
from expectations.profiles import LAST, QUANTILES, THIS, Figure, Profile, is_yearly, merged, ratio
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
    con: duckdb.DuckDBPyConnection,
    year: int,
    shares: tuple[Share, ...],
    contracts: Mapping[str, Contract],
    limits: Limits,
) -> pd.DataFrame:
    """Return for every rule that rows of a loaded file break: their number and share, errors and warnings apart.

    The shares are left out for datasets of fewer than `min_rows` rows. Of datasets with years of their own the errors
    stand beside last year's; a rule that struck nothing last year had a share of 0.
    """
    running = [name for name, contract in contracts.items() if not is_yearly(contract, limits)]
    least = limits.quarantine.min_rows
    rows_in = {share.dataset: share.stop_rows for share in shares} | _rows_in(con, year, running)
    rows_in = {name: rows for name, rows in rows_in.items() if rows >= least}
    before = {name: rows for name, rows in _rows_in(con, year - 1, running).items() if rows >= least}
    found = _struck(con, year, running)
    last = {(row[0], row[1]): row[3] for row in _struck(con, year - 1, ()) if row[2] == "error"}
    rows = [_rule_row(row, rows_in, before, last, limits.quarantine.min_broken) for row in found]
    columns = ["dataset", "rule_code", "broken", "error_share", "error_share_last", "error_share_rise", "warning_share"]
    return pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[2:], "float64"))


def _rows_in(con: duckdb.DuckDBPyConnection, year: int, running: Sequence[str]) -> dict[str, int]:
    """Rows of the loaded files of one year, of datasets with years of their own."""
    rows = con.execute(
        "select dataset, sum(accepted + quarantined) from ledger.load where state = 'loaded' and data_year = ? "
        "group by dataset",
        [year],
    ).fetchall()
    return {name: int(count) for name, count in rows if name not in running}


def _struck(con: duckdb.DuckDBPyConnection, year: int, running: Sequence[str]) -> list[tuple[str, str, str, int]]:
    """Dataset, rule code, severity and rows struck: of the year, and of every year up to it of running datasets."""
    return con.execute(
        """
        select f.dataset, f.rule_code, f.severity, count(distinct (f.load_id, f.row_no)) as broken
        from quarantine.finding as f join ledger.load as l using (load_id)
        where l.state = 'loaded' and f.row_no > 0
            and (l.data_year = $year or (l.data_year < $year and list_contains($running, l.dataset)))
        group by all order by all
        """,
        {"year": year, "running": list(running)},
    ).fetchall()


def _rule_row(
    struck: tuple[str, str, str, int],
    rows_in: Mapping[str, int],
    before: Mapping[str, int],
    last: Mapping[tuple[str, str], int],
    least: int,
) -> dict[str, Any]:
    dataset, rule, severity, broken = struck
    share = ratio(broken, rows_in.get(dataset))
    row = {"dataset": dataset, "rule_code": rule, "broken": broken, f"{severity}_share": share}
    if severity == "error" and share is not None and dataset in before:
        earlier = last.get((dataset, rule), 0) / float(before[dataset])
        rise = round(share - earlier, 12) if broken >= least else None
        row |= {"error_share_last": earlier, "error_share_rise": rise}
    return row


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
