"""Django's MySQL backend with case-sensitive text, as on the other databases."""
