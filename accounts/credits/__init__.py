"""Credits of users: the ledger, codes to redeem, payments."""
