"""Users and keys that may send requests, and the Discord accounts that draw."""
