"""What follows from scores: the way to the next grade, how sure they are, why they changed."""
