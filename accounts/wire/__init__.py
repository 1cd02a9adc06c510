"""The JSON form of an account, and the forms that clients send."""
