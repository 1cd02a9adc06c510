"""HTTP: middleware, error answers, schema, static files."""
