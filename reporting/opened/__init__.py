"""Scores opened: what stands behind each of them, as data, for the command line and for pages of the report."""
