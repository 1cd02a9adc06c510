"""Pictures of moved tasks: copied from the old server, so that it can go."""
