"""State of the simulator: users, jobs, interactions, files."""
