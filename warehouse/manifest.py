"""What is known of the runs in the working file: the manifest of each year and the cost of each stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from landgauge.settings import Settings
from warehouse import db

_STAGE_TABLE = """
create schema if not exists run;
create table if not exists run.stage (
    year integer, stage varchar, started_at timestamp, seconds double, peak_mb double, rows map(varchar, bigint)
)"""


def record_stage(
    settings: Settings, stage: str, started_at: datetime, seconds: float, peak_mb: float, rows: Mapping[str, int]
) -> None:
    """Replace the record of this year's stage: start (UTC), seconds, peak resident memory in MB, row counts."""
    with db.connect(settings) as con:
        con.execute(_STAGE_TABLE)
        con.execute("delete from run.stage where year = ? and stage = ?", [settings.year, stage])
        values = [settings.year, stage, started_at.replace(tzinfo=None), seconds, peak_mb, dict(rows)]
        con.execute("insert into run.stage values (?, ?, ?, ?, ?, ?)", values)


def stage_table(settings: Settings, years: Sequence[int]) -> str:
    """Return the time and peak memory of each stage of these years as text."""
    with db.connect(settings) as con:
        con.execute(_STAGE_TABLE)
        found = con.execute(
            "select year, stage, seconds, peak_mb from run.stage "
            f"where year in ({', '.join(str(int(year)) for year in years)}) order by started_at"
        ).fetchall()
    lines = [f"{'year':>4}  {'stage':<10}{'seconds':>9}{'peak MB':>9}"]
    lines += [f"{year:>4}  {stage:<10}{seconds:>9.1f}{peak:>9.0f}" for year, stage, seconds, peak in found]
    total, peak = sum(row[2] for row in found), max((row[3] for row in found), default=0)
    return "\n".join([*lines, f"      {'together':<10}{total:>9.1f}{peak:>9.0f}"])
