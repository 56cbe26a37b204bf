"""The job in pandas: all in memory, numpy where a column is enough."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks import measure
from benchmarks.job import data
from benchmarks.job.indicators import FULL_MARKS, GRADES, INDICATORS, MINIMUM_PRESENT, NAMES, SUMS
from benchmarks.sizes import Size

_TYPES = {"VARCHAR": "str", "INTEGER": "int32", "DOUBLE": "float64"}


def run(size: Size, source: Path, folder: Path, threads: int) -> measure.Figures:
    """Do the job; pandas takes one thread."""
    figures: measure.Figures = {}
    with measure.timed(figures):
        frame = _parcel_years(source, size)
        weight = _score(frame)
        frame.to_parquet(folder / "parcel_year.parquet")
        weight.to_parquet(folder / "weight.parquet")
        _roll_up(frame).to_parquet(folder / "district_year.parquet")
    return figures


def _read(path: Path, columns: dict[str, str]) -> pd.DataFrame:
    return pd.read_csv(path, dtype={name: _TYPES[kind] for name, kind in columns.items()})


def _parcel_years(source: Path, size: Size) -> pd.DataFrame:
    files = data.enterprise_files(source, size).values()
    rows = pd.concat([_read(path, data.ENTERPRISE_YEARS) for path in files], ignore_index=True)
    rows = rows[(rows["output_cny10k"] >= 0) & rows["employees"].notna()].drop_duplicates(["uscc", "year"])
    grouped = rows.groupby(["parcel_code", "year"], sort=False)
    sums = grouped[list(SUMS)].sum()
    sums["enterprises"] = grouped.size().astype(float)
    years = pd.DataFrame({"year": np.array(size.list_years(), dtype=np.int32)})
    parcels = _read(data.parcel_file(source), data.PARCELS).merge(years, how="cross")
    frame = parcels.merge(sums.reset_index(), how="left", on=["parcel_code", "year"])
    frame["enterprises"] = frame["enterprises"].fillna(0.0)
    ratios = frame.assign(
        ha=frame["site_area_m2"] / 10_000, invested=frame["fixed_investment_cny10k"] + frame["land_price_cny10k"]
    )
    for name, (numerator, denominator, _) in INDICATORS.items():
        above = "invested" if numerator.startswith("(") else numerator
        frame[name] = ratios[above] / ratios[denominator].where(ratios[denominator] != 0)
    return frame


def _score(frame: pd.DataFrame) -> pd.DataFrame:
    """Add score and grade, year by year; returns the weights."""
    weights, score = {}, np.full(len(frame), np.nan)
    for year, rows in frame.groupby("year").indices.items():
        values = frame[list(NAMES)].to_numpy()[rows]
        low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
        negative = np.array([less for _, _, less in INDICATORS.values()])
        far = np.where(negative, high - values, values - low)
        weights[year] = own = _weights(far)
        present = ~np.isnan(values) @ own
        earned = np.nan_to_num(far / (high - low)) @ own
        score[rows] = np.where(present >= MINIMUM_PRESENT - 1e-9, FULL_MARKS * earned / present, np.nan)
    frame["score"] = score
    bounds = [score >= bound for bound in GRADES.values()]
    frame["grade"] = np.select(bounds, [np.array(grade, dtype=object) for grade in GRADES], default=None)
    named = pd.DataFrame.from_dict(weights, orient="index", columns=[f"w_{j}" for j in range(len(NAMES))])
    return named.rename_axis("year").reset_index()


def _weights(far: np.ndarray) -> np.ndarray:
    total = np.nansum(far, axis=0)
    logs = np.nansum(far * np.log(np.where(far > 0, far, 1.0)), axis=0)
    entropy = (np.log(total) - logs / total) / np.log((~np.isnan(far)).sum(axis=0))
    return np.maximum(1 - entropy, 0) / np.maximum(1 - entropy, 0).sum()


def _roll_up(frame: pd.DataFrame) -> pd.DataFrame:
    grouped = frame.groupby(["year", "district_code"], sort=False)
    result = grouped[["site_area_m2", "enterprises", "output_cny10k"]].sum()
    result["parcels"] = grouped.size()
    result["land_output_cny10k_per_ha"] = result["output_cny10k"] / (result["site_area_m2"] / 10_000)
    result["rated"], result["score"] = grouped["score"].count(), grouped["score"].mean()
    for grade in GRADES:
        result[f"grade_{grade.lower()}"] = (
            (frame["grade"] == grade).groupby([frame["year"], frame["district_code"]]).sum()
        )
    return result.reset_index()
