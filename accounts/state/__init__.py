"""The state of an account: moves, mails and facts that rows of one user share."""
