"""DAGs: when, in which order, with what approval, and nothing else."""
