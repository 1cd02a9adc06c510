"""People before the pages of their account, as browsers would be."""

from __future__ import annotations

from typing import Any

from django.test import Client

from tests.accounts.post import deliver, link_in
from tests.mail_server import Mailbox

ANNA = {"email": "Anna@Example.com", "password1": "correct horse battery"}


def signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def sign_up(client: Client, **fields: str) -> Any:
    return client.post("/account/sign-up", ANNA | fields)


def confirm(client: Client, box: Mailbox) -> Any:
    """Open the link of the last mail and press its button."""
    deliver()
    path = link_in(box.text())
    assert client.get(path).status_code == 200
    return client.post(path)


def sign_in(client: Client, name: str, password: str) -> Any:
    return client.post("/sign-in", {"username": name, "password": password})
