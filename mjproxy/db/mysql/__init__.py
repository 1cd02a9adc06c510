"""Django's MySQL backend, so set that text compares as it does everywhere else."""
