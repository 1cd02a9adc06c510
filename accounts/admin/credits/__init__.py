"""Pages of the admin: bookings, codes to redeem, packages, payments."""

from accounts.admin.credits import bookings, codes, payments

__all__ = ["bookings", "codes", "payments"]
