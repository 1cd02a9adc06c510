"""Windows that buttons open: kinds, texts, answers."""
