"""The web server: Daphne with limits of our own, whose end cuts nobody off."""
