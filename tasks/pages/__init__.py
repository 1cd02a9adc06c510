"""Pages: drawing, and pictures under links that stay."""
