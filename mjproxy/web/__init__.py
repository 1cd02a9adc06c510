"""The web server: Daphne, which ends without cutting anybody off."""
