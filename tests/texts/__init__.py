"""Texts of pages in both languages: collected, compiled, compared."""
