"""The database: threads, time limits, repeated transactions, encrypted columns."""
