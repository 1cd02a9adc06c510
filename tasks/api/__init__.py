"""Views of the /mj API."""
