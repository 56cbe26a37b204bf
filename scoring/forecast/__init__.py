"""Forecasts of short yearly series: demand for land, its back-test, and the balance with supply."""
