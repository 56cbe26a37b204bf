"""Landgauge: the yearly post-evaluation of a city's industrial land (产业用地后评估)."""

__version__ = "0.1.0"
