"""What follows from a scored scheme: next grade, stability and change, read from the scores and written beside them."""

from __future__ import annotations

import duckdb
import numpy as np
from numpy.typing import NDArray

from landgauge import policy
from landgauge.errors import ConfigurationError
from landgauge.settings import Settings
from landgauge.stages import change, places
from landgauge.stages.weights import Weighting
from scoring.judging import next_grade, tables, uncertainty
from scoring.judging.scored import Named
from scoring.judging.uncertainty import StabilitySettings

Floats = NDArray[np.float64]

CHUNK = 100_000  # units judged at a time: bounds the memory of the tables
_OUTPUTS = {
    "scored.next_grade": tables.NEXT_GRADE,
    "scored.stability": tables.STABILITY,
    "scored.change": tables.CHANGE,
}


def prepare(con: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    """Empty the tables that `judge` writes, and attach the published snapshot, if there is one, as `published`."""
    con.execute("create schema if not exists scored")
    for name, schema in _OUTPUTS.items():
        con.register("incoming", schema.empty_table())
        con.execute(f"create or replace table {name} as select * from incoming")
        con.unregister("incoming")
    if settings.snapshot.is_file():
        con.execute(f"attach '{settings.snapshot}' as published (read_only)")


def judge(con: duckdb.DuckDBPyConnection, year: int, weighting: Weighting) -> None:
    """Write next grades, stability and changes of a scheme whose scores stand in the working file.

    Raises ConfigurationError for a setting that the seed scoring_setting lacks.
    """
    scheme, nominal = weighting.scheme, weighting.weights()
    codes, place = [i.code for i in scheme.indicators], places.working(year)
    named = Named(scheme.scale, scheme.code, scheme.version)
    now = places.scored(con, named, place, place, codes, scheme)
    chosen, illustrative = _settings()
    found, draws = uncertainty.under_weights(scheme, now, _sets(weighting), weighting.index, chosen)
    low, high = uncertainty.bounds_by_missing(scheme, now, nominal)
    known = tables.stability_table(scheme, year, now, found, (low, high), draws, chosen, illustrative)
    places.append(con, "scored.stability", known)
    better, target = next_grade.next_score(scheme, now)
    for start in range(0, len(now.codes), CHUNK):
        rows = slice(start, start + CHUNK)
        part = now.part(rows)
        reached = next_grade.next_grade(scheme, part, nominal[rows], better[rows], target[rows])
        places.append(con, "scored.next_grade", tables.next_grade_table(scheme, year, part, reached))
    change.of_this_year(con, year, weighting, now)


def _sets(weighting: Weighting) -> Floats:
    return np.array([[i.weight for i in s.indicators] for s in weighting.schemes])


def _settings() -> tuple[StabilitySettings, bool]:
    rows = policy.rows("scoring_setting")
    try:
        chosen = StabilitySettings.of({r["setting"]: float(r["value"]) for r in rows})
    except (KeyError, ValueError) as error:
        raise ConfigurationError(f"scoring_setting: {error}", "Correct seeds/policy/scoring_setting.csv.") from error
    return chosen, any(r["illustrative"] == "true" for r in rows)
