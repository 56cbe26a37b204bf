"""The published marts in PostgreSQL, where each role sees the rows of its districts and streets."""
