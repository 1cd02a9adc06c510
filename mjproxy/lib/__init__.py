"""Code that knows no app: each package has one subject."""
