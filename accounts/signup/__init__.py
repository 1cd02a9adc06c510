"""Sign-up of people: who may, invitations, second factors, and links in mails."""
