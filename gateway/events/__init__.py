"""Handle events of Discord; each moves at most one task."""
