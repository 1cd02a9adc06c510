"""Human verification: the lock of an account, the operator's server."""
