"""Request and response forms of the API."""
