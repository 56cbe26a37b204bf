"""What follows from a scored scheme: next grade, stability and change, read from the scores and written beside them."""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from landgauge.settings import Settings
from landgauge.sql import literal
from landgauge.stages import change, places, sureness
from landgauge.stages.weights import Weighting
from scoring.judging import next_grade, tables
from scoring.judging.scored import Scored

Floats = NDArray[np.float64]

_OUTPUTS = {
    "scored.next_grade": tables.NEXT_GRADE,
    "scored.change": tables.CHANGE,
    **sureness.OUTPUTS,
}


def prepare(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Empty the tables that `judge` writes, and attach the published snapshot, if there is one, as `published`."""
    con.execute("create schema if not exists scored")
    for name, schema in _OUTPUTS.items():
        con.register("incoming", schema.empty_table())
        con.execute(f"create or replace table {name} as select * from incoming")
        con.unregister("incoming")
    if settings.snapshot.is_file():
        con.execute(f"attach {literal(str(settings.snapshot))} as published (read_only)")


def judge(
    con: duckdb.DuckDBPyConnection, year: int, weighting: Weighting, now: Scored, worsts: Floats | None = None
) -> None:
    """Write next grades, stability and changes of a scheme whose scores stand in the working file, and are `now`.

    `worsts` (n, k) are the worst ends of min_max. Raises ConfigurationError for a setting that the seeds lack.
    """
    scheme, nominal = weighting.scheme, weighting.weights()
    sureness.write(con, year, weighting, now, worsts)
    better, target = next_grade.next_score(scheme, now)
    for start in range(0, len(now.codes), places.CHUNK):
        rows = slice(start, start + places.CHUNK)
        part = now.part(rows)
        reached = next_grade.next_grade(scheme, part, nominal[rows], better[rows], target[rows])
        places.append(con, "scored.next_grade", tables.next_grade_table(scheme, year, part, reached))
    change.of_this_year(con, year, weighting, now)
