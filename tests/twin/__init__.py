"""SQL models and the reference implementation in `scoring.indicators` on the same random cities."""
