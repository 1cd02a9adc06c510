"""Fields and answers of the `/mj` dialect."""
