"""The web server: Daphne with our own limits; it finishes requests at its end."""
