"""Questions to the bots: their rows, and the consequences of fast time."""
