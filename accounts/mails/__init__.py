"""Mails: the mail server, and the mails to people that wait for it."""
