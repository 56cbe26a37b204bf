"""Scores and forecasts as pure functions on arrays; numpy, pandas and pyarrow only, no I/O."""
