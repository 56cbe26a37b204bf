"""The annual report: reads the published marts and nothing else."""
