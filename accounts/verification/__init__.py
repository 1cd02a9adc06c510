"""Human verification: the lock of an account and the operator's server."""
