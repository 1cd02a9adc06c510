"""Services that check a request and write its task or errand."""
