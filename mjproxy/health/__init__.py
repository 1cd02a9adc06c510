"""Health: `/healthz`, `/readyz` and the check of one process."""
