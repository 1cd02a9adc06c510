"""Views for operators: reading an account at Discord."""
