"""Pages: sign-in and the verification of an account."""
