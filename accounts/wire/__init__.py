"""An account as the API shows it, and the forms that clients send."""
