"""Credits: bookings, codes to redeem, packages and their payments."""
