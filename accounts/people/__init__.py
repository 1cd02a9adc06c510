"""People and programs that send requests: users, keys, sessions."""
