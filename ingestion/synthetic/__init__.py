"""The generated city: a landing area with every dataset of the input contract, and the list of its seeded defects."""
