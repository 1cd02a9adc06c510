"""Run all processes on one machine: start, supervisor, demo."""
