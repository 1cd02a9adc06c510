"""Commands: key rotation, export and import of accounts."""
