"""Protection: limits of requests for addresses, blocks, and lockouts of users."""
