"""Second factors: how they are stored, what a new one ends, and who lost one."""

from __future__ import annotations

import base64
import logging
import secrets
from typing import Any

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.forms import ManageUserSessionsForm
from cryptography.fernet import InvalidToken
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from accounts.people.passes import send_access_changed
from mjproxy.lib.audit.records import in_record, note
from mjproxy.lib.db.encrypted_field import fernet
from mjproxy.lib.db.key_rotation import Report, is_current

logger = logging.getLogger(__name__)

_SECRETS = ("secret", "seed")  # of an authenticator app, of recovery codes


class SecondFactorAdapter(DefaultMFAAdapter):
    """Encrypts the secrets of authenticator apps and recovery codes at rest."""

    def encrypt(self, text: str) -> str:
        return fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a secret; a random one, which no code fits, if its key is lost."""
        try:
            return fernet().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            logger.error("a second factor fits no encryption key: remove it")
            return base64.b32encode(secrets.token_bytes(20)).decode()

    def _get_site_name(self) -> str:
        return "mjproxy"


def end_other_sessions(request: HttpRequest, **_: Any) -> None:
    """End the sessions that were opened without the second factor just added."""
    ManageUserSessionsForm(request=request).save(request)


@in_record
@transaction.atomic
def remove_all(user: User) -> int:
    """Remove the second factors of a user who has lost them; return their number."""
    rows: Any = Authenticator.objects.filter(user=user)
    removed, _ = rows.delete()
    if removed:
        note("second factors removed", user, number=removed)
    send_access_changed(user.pk)
    return int(removed)


def rotate(report: Report) -> None:
    """Encrypt the secrets of second factors with the first key; add to the report."""
    rows: Any = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)
    for pk in list(rows.order_by("pk").values_list("pk", flat=True)):
        _rotate(pk, report)


@transaction.atomic
def _rotate(pk: int, report: Report) -> None:
    rows: Any = Authenticator.objects.select_for_update()
    row = rows.filter(pk=pk).first()
    for name in _SECRETS if row else ():
        value = row.data.get(name, "")
        if not value:
            continue
        if is_current(value):
            report.current += 1
            continue
        try:
            row.data[name] = fernet().rotate(value).decode()
        except InvalidToken:
            report.unreadable.append(f"second factor {pk} of user {row.user_id}")
            continue
        row.save(update_fields=["data"])
        report.rotated += 1
