"""Where an account stands: moves between states, mails, shared facts."""
