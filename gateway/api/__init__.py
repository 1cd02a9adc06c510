"""Views for operators: query an account's bots."""
