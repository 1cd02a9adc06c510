"""Drawing tasks, from the request to the stored picture."""
