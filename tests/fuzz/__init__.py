"""Bad input: a mutation corpus (`make fuzz`), properties, and the known bad files by name."""
