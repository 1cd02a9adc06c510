"""Questions for the bots: the rows, and what follows from fast time."""
