"""Redis: its address, Celery's broker, nudges to a worker and the channel layer."""
