"""Export and import of accounts."""
