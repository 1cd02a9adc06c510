"""Register a person by mail address alone: their key is mailed to them."""

from __future__ import annotations

import ipaddress
import logging
import re
import secrets
from typing import Final

from allauth.account.internal.userkit import filter_users_by_email
from allauth.account.models import EmailAddress
from allauth.utils import generate_unique_username
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext

from accounts.exceptions import InvalidField
from accounts.mails import people
from accounts.models import User
from accounts.people.keys import create_key
from accounts.signup import rules
from mjproxy.lib.db.deadlocks import again_after_deadlock
from mjproxy.lib.db.unique_races import checked_again
from mjproxy.lib.web import throttle

logger = logging.getLogger(__name__)

DAY: Final = 24 * 3600  # seconds
_SHORTEST, _LONGEST = 5, 50  # characters of an address, as the dialect has them
_ADDRESS: Final = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", re.ASCII)
# An IPv6 customer has a whole network, of which each address would count anew.
_NETWORK: Final = {4: 32, 6: 64}


class RegisteredTooOften(InvalidField):
    """Somebody at this address has registered today."""

    def __init__(self) -> None:
        super().__init__("注册太频繁", "One registration a day from an address")


def register(email: str, *, address: str | None, invitation: str = "") -> None:
    """Create a user for a mail address and mail them a key.

    Raises InvalidField if the address may not register, or is known.
    """
    email = _checked(email.strip())
    if not rules.is_open():
        raise InvalidField("注册已关闭", "Registration is closed")
    rules.check_invitation(invitation)
    # Before the address is looked up: so only one address a day can be tried.
    if throttle.count(f"register:{_network(address)}", DAY) > 1:
        raise RegisteredTooOften
    _create(email, address=address, invitation=invitation)


def _checked(email: str) -> str:
    """Return an address in lower case. Raises InvalidField for what is none."""
    if not email:
        raise InvalidField("参数错误", "A mail address is needed")
    if not _SHORTEST <= len(email) <= _LONGEST:
        text = f"A mail address has {_SHORTEST} to {_LONGEST} characters"
        raise InvalidField("邮箱长度错误", text)
    if not _ADDRESS.fullmatch(email):
        raise InvalidField("邮箱格式错误", "This is no mail address")
    if not rules.is_allowed(email):
        raise InvalidField("邮箱域名不允许", "This domain may not register")
    return email.lower()


def _network(address: str | None) -> str:
    if address is None:
        return ""
    length = _NETWORK[ipaddress.ip_address(address).version]
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))


@checked_again
@again_after_deadlock
@transaction.atomic
def _create(email: str, *, address: str | None, invitation: str) -> None:
    if filter_users_by_email(email):
        raise InvalidField("用户已存在", "A user has this address")
    user = User(username=generate_unique_username([email, "user"]))
    rules.prepare(user, email=email, address=address, code=invitation)
    user.set_unusable_password()
    user.save()
    EmailAddress.objects.create(user=user, email=email, primary=True)
    key = create_key(user, name="registration", key=secrets.token_hex(32))
    page = settings.PUBLIC_URL and settings.PUBLIC_URL + reverse("sign-in")
    context = {"user": user, "key": key, "page": page}
    body = render_to_string("account/email/registered_message.txt", context)
    subject = "Midjourney Proxy 注册通知 / " + gettext("your key")
    people.write(user, email, subject, body)
    logger.info("user %s has registered", user.pk)
