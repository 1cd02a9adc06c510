"""Django's SQLite backend with commits that wait for the disk without the lock."""
