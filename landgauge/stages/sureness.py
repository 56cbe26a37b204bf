"""How sure a scored scheme's ranks, grades and consequences are, and a second opinion, written beside the scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
from numpy.typing import NDArray

from landgauge import policy
from landgauge.errors import ConfigurationError
from landgauge.stages import places
from landgauge.stages.weights import Weighting
from scoring.judging import sure_tables, topsis, uncertainty
from scoring.judging.measuring import Accuracy, DataDraws
from scoring.judging.scored import Scored
from scoring.judging.uncertainty import StabilitySettings
from scoring.scheme import Scheme

Floats = NDArray[np.float64]

OUTPUTS = {
    "scored.stability": sure_tables.STABILITY,
    "scored.left_out": sure_tables.LEFT_OUT,
    "scored.opinion": sure_tables.OPINION,
    "scored.agreement": sure_tables.AGREEMENT,
}
COMPARED_SCALES = ("zone", "district", "city")  # few units with whole data: what a second opinion is asked for
_ADVICE = "Correct seeds/policy/scoring_setting.csv, value_accuracy.csv or indicator_quantity.csv."


def write(
    con: duckdb.DuckDBPyConnection, year: int, weighting: Weighting, now: Scored, worsts: Floats | None = None
) -> None:
    """Write stability, scores without each indicator and, at the scales compared, the second opinion.

    `worsts` (n, k) are the ends of min_max that earn the floor share, if the scheme has any. Raises
    ConfigurationError for a setting or a figure's error that the seeds lack.
    """
    scheme, nominal = weighting.scheme, weighting.weights()
    chosen, accuracy, illustrative = settings()
    consequence = consequences(scheme, policy.rows("scheme_measure"))
    sets = np.array([[i.weight for i in s.indicators] for s in weighting.schemes])
    there = now.rated
    rated = now.part(there)  # what is drawn again and again is drawn for those whom it may concern
    data = DataDraws(scheme, rated, None if worsts is None else worsts[there], accuracy, chosen.seed)
    threads = int(con.execute("select current_setting('threads')").fetchall()[0][0])
    found = uncertainty.sureness(scheme, rated, sets, weighting.index[there], chosen, data, consequence, threads)
    bounds = uncertainty.bounds(scheme, now, nominal).part(there)
    known = sure_tables.stability_table(scheme, year, rated, found, bounds, chosen, illustrative)
    places.append(con, "scored.stability", known)
    without = uncertainty.left_out(scheme, rated, nominal[there])
    for start in range(0, len(rated.codes), places.CHUNK):
        rows = slice(start, start + places.CHUNK)
        table = sure_tables.left_out_table(scheme, year, rated.part(rows), without.part(rows), consequence)
        places.append(con, "scored.left_out", table)
    if scheme.scale in COMPARED_SCALES:
        opinion = topsis.opinion(scheme, now)
        places.append(con, "scored.opinion", sure_tables.opinion_table(scheme, year, now, opinion))
        places.append(con, "scored.agreement", sure_tables.agreement_table(scheme, year, opinion))


def settings() -> tuple[StabilitySettings, Accuracy, bool]:
    """Return how weights and data are drawn, and whether any of it is illustrative."""
    rows, quantities = policy.rows("scoring_setting"), policy.rows("value_accuracy")
    try:
        chosen = StabilitySettings.of({r["setting"]: float(r["value"]) for r in rows})
        accuracy = Accuracy.of(quantities, policy.rows("indicator_quantity"))
    except (KeyError, ValueError) as error:
        raise ConfigurationError(f"scoring_setting or value_accuracy: {error}", _ADVICE) from error
    return chosen, accuracy, any(r["illustrative"] == "true" for r in [*rows, *quantities])


def consequences(scheme: Scheme, measures: Sequence[Mapping[str, str]]) -> NDArray[np.int64]:
    """Return a class for each grade of the scheme and last one for no grade: equal measures, equal classes."""
    own = [
        r
        for r in measures
        if (r["scheme_code"], r["scheme_version"], r["scale"]) == (scheme.code, scheme.version, scheme.scale)
    ]
    sets = [
        frozenset((r["measure_code"], r["name_zh"], r["department"]) for r in own if r["grade"] == grade)
        for grade in (*(g.code for g in scheme.grades), None)
    ]
    return np.array([sets.index(s) for s in sets], dtype=np.int64)
