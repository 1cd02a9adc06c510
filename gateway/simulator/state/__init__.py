"""What the simulator knows: users, jobs, interactions, files."""
