"""The gate: Great Expectations suites built from the source contracts, on what one year's evaluation reads."""
