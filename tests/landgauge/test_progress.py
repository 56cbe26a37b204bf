"""What the Python parts of stages read is what they are remembered by."""

from __future__ import annotations

import re
from pathlib import Path

from landgauge.stages import forecast, score

STAGES = Path(score.__file__).parent
_TABLE = re.compile(r"(?<![}\w.])(marts|profile|staging|accepted)\.([a-z]\w*)")


def named(*modules: str) -> set[tuple[str, str]]:
    """Tables of the working file that the modules name; a staging view stands for its dataset."""
    texts = ((STAGES / f"{module}.py").read_text(encoding="utf-8") for module in modules)
    found = {pair for text in texts for pair in _TABLE.findall(text)}
    return {("accepted", t.removeprefix("stg_accepted__")) if s == "staging" else (s, t) for s, t in found}


def test_scoring_is_remembered_by_all_that_it_reads() -> None:
    found = named("score", "change", "places")  # beside those of units.SCALES
    assert {("marts", "dim_indicator"), ("profile", "setting")} <= found
    assert found - {("marts", t) for t in score.READS} - set(score.READS_PROFILE) == set()


def test_forecasting_is_remembered_by_all_that_it_reads() -> None:
    found = named("forecast", "land_items")
    assert ("marts", "fct_forecast_series") in found
    assert found - {("marts", t) for t in forecast.READS} - set(forecast.READS_TABLES) == set()
