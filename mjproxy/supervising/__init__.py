"""What the supervisor is made of; plain Python, without Django."""
