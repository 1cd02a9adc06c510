"""Pictures: those that a request brings, and those that are drawn."""
