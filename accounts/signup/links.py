"""Addresses in mails: they lead to this server, whatever a request says."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from accounts.people.callers import link_base


def mailed_base(request: HttpRequest) -> str:
    """Return the origin for links in mails, or "" if none is certain.

    Where any Host header is believed, a stranger could have the link of another person
    lead to a server of their own.
    """
    if settings.PUBLIC_URL:
        return settings.PUBLIC_URL
    return "" if "*" in settings.ALLOWED_HOSTS else link_base(request)
