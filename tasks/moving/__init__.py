"""Move in: take accounts, people, words, settings and tasks of another server."""
