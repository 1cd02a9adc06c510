"""Redis: its address, Celery's broker and the channel layer."""
