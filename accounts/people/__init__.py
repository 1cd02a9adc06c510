"""People and programs that ask: users, keys, sessions."""
