"""Django's PostgreSQL backend, whose waits all end."""
