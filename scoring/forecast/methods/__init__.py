"""Methods of forecasting a yearly series from itself or from a driver; each works on all series at once."""

from scoring.forecast.methods.base import REASONS, Forecast, Limits, Method, reason_code, run_lengths
from scoring.forecast.methods.registry import BASELINES, METHODS, forecast

__all__ = [
    "BASELINES",
    "METHODS",
    "REASONS",
    "Forecast",
    "Limits",
    "Method",
    "forecast",
    "reason_code",
    "run_lengths",
]
