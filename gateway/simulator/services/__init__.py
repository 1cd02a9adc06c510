"""Services besides Discord: a translator, and a bucket for pictures."""
