"""Views for operators: accounts, users, subjects, export and import."""
