"""The job in polars: lazy, streamed where the library can."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from benchmarks import measure
from benchmarks.job import data
from benchmarks.job.indicators import FULL_MARKS, GRADES, INDICATORS, MINIMUM_PRESENT, NAMES, SUMS
from benchmarks.sizes import Size

_TYPES = {"VARCHAR": pl.String, "INTEGER": pl.Int32, "DOUBLE": pl.Float64}
_COLUMNS = {"ha": pl.col("site_area_m2") / 10_000}
_INVESTMENT = pl.col("fixed_investment_cny10k") + pl.col("land_price_cny10k")


def run(size: Size, source: Path, folder: Path, threads: int) -> measure.Figures:
    """Do the job; polars takes as many threads as the machine has."""
    figures: measure.Figures = {}
    with measure.timed(figures):
        scored, weight = _scored(source, size)
        scored.write_parquet(folder / "parcel_year.parquet")
        weight.write_parquet(folder / "weight.parquet")
        _roll_up(scored).write_parquet(folder / "district_year.parquet")
    return figures


def _scan(path: Path | list[Path], columns: dict[str, str]) -> pl.LazyFrame:
    return pl.scan_csv(path, schema={name: _TYPES[kind] for name, kind in columns.items()})


def _parcel_years(source: Path, size: Size) -> pl.DataFrame:
    rows = _scan(list(data.enterprise_files(source, size).values()), data.ENTERPRISE_YEARS)
    good = rows.filter((pl.col("output_cny10k") >= 0) & pl.col("employees").is_not_null())
    sums = (
        good.unique(["uscc", "year"], keep="any")
        .group_by("parcel_code", "year")
        .agg(pl.len().alias("enterprises").cast(pl.Float64), *(pl.col(name).sum() for name in SUMS))
    )
    years = pl.LazyFrame({"year": size.list_years()}, schema={"year": pl.Int32})
    parcels = _scan(data.parcel_file(source), data.PARCELS).join(years, how="cross")
    joined = parcels.join(sums, on=["parcel_code", "year"], how="left")
    ratios = joined.with_columns(pl.col("enterprises").fill_null(0.0), **{n: _indicator(n) for n in NAMES})
    return ratios.collect(engine="streaming")


def _indicator(name: str) -> pl.Expr:
    numerator, denominator, _ = INDICATORS[name]
    above = _INVESTMENT if numerator.startswith("(") else pl.col(numerator)
    below = _COLUMNS.get(denominator, pl.col(denominator))
    return above / pl.when(below != 0).then(below)


def _distance(name: str) -> pl.Expr:
    value = pl.col(name)
    ends = (value.max() - value) if INDICATORS[name][2] else (value - value.min())
    return ends.over("year")


def _scored(source: Path, size: Size) -> tuple[pl.DataFrame, pl.DataFrame]:
    frame = _parcel_years(source, size)
    far = frame.select("year", **{name: _distance(name) for name in NAMES})
    weight = far.group_by("year").agg(**{f"w_{j}": _diversity(name) for j, name in enumerate(NAMES)})
    total = pl.sum_horizontal(f"w_{j}" for j in range(len(NAMES)))
    weight = weight.select("year", *(pl.col(f"w_{j}") / total for j in range(len(NAMES))))
    wide = far.join(weight, on="year", how="left", maintain_order="left")
    earned = [(pl.col(f"w_{j}") * pl.col(n) / pl.col(n).max().over("year")).fill_null(0.0) for j, n in enumerate(NAMES)]
    present = [pl.when(pl.col(n).is_not_null()).then(pl.col(f"w_{j}")).otherwise(0.0) for j, n in enumerate(NAMES)]
    marks = wide.select(earned=pl.sum_horizontal(earned), present=pl.sum_horizontal(present))
    rated = pl.col("present") >= MINIMUM_PRESENT - 1e-9
    score = marks.select(score=pl.when(rated).then(FULL_MARKS * pl.col("earned") / pl.col("present")))
    return frame.with_columns(score["score"]).with_columns(grade=_grade()), weight


def _diversity(name: str) -> pl.Expr:
    far = pl.col(name)
    logs = pl.when(far > 0).then(far * far.log()).otherwise(0.0).sum()
    total = far.sum()
    return (1 - (total.log() - logs / total) / far.count().cast(pl.Float64).log()).clip(lower_bound=0.0)


def _grade() -> pl.Expr:
    result = pl.lit(None, dtype=pl.String)
    for grade, bound in reversed(GRADES.items()):
        result = pl.when(pl.col("score") >= bound).then(pl.lit(grade)).otherwise(result)
    return result


def _roll_up(scored: pl.DataFrame) -> pl.DataFrame:
    sums = [pl.col(name).sum() for name in ("site_area_m2", "enterprises", "output_cny10k")]
    output = pl.col("output_cny10k").sum() / (pl.col("site_area_m2").sum() / 10_000)
    grades = {f"grade_{grade.lower()}": (pl.col("grade") == grade).sum() for grade in GRADES}
    return scored.group_by("year", "district_code").agg(
        pl.len().alias("parcels"), *sums, output.alias("land_output_cny10k_per_ha"),
        pl.col("score").count().alias("rated"), pl.col("score").mean(), **grades,
    )  # fmt: skip
