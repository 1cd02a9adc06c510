"""Why a task waits, and for how long about."""
