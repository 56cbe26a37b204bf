"""How sure a scored scheme's ranks, grades and consequences are, and a second opinion, as tables beside the scores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from landgauge.errors import ConfigurationError
from scoring.judging import sure_tables, topsis, uncertainty
from scoring.judging.measuring import Accuracy, DataDraws
from scoring.judging.scored import Scored
from scoring.judging.uncertainty import StabilitySettings
from scoring.scheme import Scheme, Seeds
from scoring.tables import CHUNK
from scoring.weighting import Weighting

Floats = NDArray[np.float64]

SEEDS = ("scoring_setting", "value_accuracy", "indicator_quantity", "scheme_measure")
OUTPUTS = {
    "scored.stability": sure_tables.STABILITY,
    "scored.left_out": sure_tables.LEFT_OUT,
    "scored.opinion": sure_tables.OPINION,
    "scored.agreement": sure_tables.AGREEMENT,
}
COMPARED_SCALES = ("zone", "district", "city")  # few units with whole data: what a second opinion is asked for
_ADVICE = "Correct seeds/policy/scoring_setting.csv, value_accuracy.csv or indicator_quantity.csv."


def judge(
    weighting: Weighting, year: int, now: Scored, seeds: Seeds, worsts: Floats | None = None, threads: int = 1
) -> Iterator[tuple[str, pa.Table]]:
    """Yield stability, scores without each indicator and, at the scales compared, the second opinion, each with a name.

    `worsts` (n, k) are the ends of min_max that earn the floor share, if the scheme has any. Raises
    ConfigurationError for a setting or a figure's error that the seeds lack.
    """
    scheme, nominal = weighting.scheme, weighting.weights()
    chosen, accuracy, illustrative = settings(seeds)
    consequence = consequences(scheme, seeds["scheme_measure"])
    sets = np.array([[i.weight for i in s.indicators] for s in weighting.schemes])
    there = now.rated
    rated = now.part(there)  # what is drawn again and again is drawn for those whom it may concern
    data = DataDraws(scheme, rated, None if worsts is None else worsts[there], accuracy, chosen.seed)
    found = uncertainty.sureness(scheme, rated, sets, weighting.index[there], chosen, data, consequence, threads)
    bounds = uncertainty.bounds(scheme, now, nominal).part(there)
    yield "scored.stability", sure_tables.stability_table(scheme, year, rated, found, bounds, chosen, illustrative)
    without = uncertainty.left_out(scheme, rated, nominal[there])
    for start in range(0, len(rated.codes), CHUNK):
        rows = slice(start, start + CHUNK)
        table = sure_tables.left_out_table(scheme, year, rated.part(rows), without.part(rows), consequence)
        yield "scored.left_out", table
    if scheme.scale in COMPARED_SCALES:
        opinion = topsis.opinion(scheme, now)
        yield "scored.opinion", sure_tables.opinion_table(scheme, year, now, opinion)
        yield "scored.agreement", sure_tables.agreement_table(scheme, year, opinion)


def settings(seeds: Seeds) -> tuple[StabilitySettings, Accuracy, bool]:
    """Return how weights and data are drawn, and whether any of it is illustrative."""
    rows, quantities = seeds["scoring_setting"], seeds["value_accuracy"]
    try:
        chosen = StabilitySettings.of({r["setting"]: float(r["value"]) for r in rows})
        accuracy = Accuracy.of(quantities, seeds["indicator_quantity"])
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
