"""People who may sign up, and one who has."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.people_of_pages import confirm, sign_up
from tests.accounts.post import open_sign_up, set_up
from tests.mail_server import Mailbox


@pytest.fixture
def post(db: None, box: Mailbox) -> Mailbox:
    """Return the mail server of a product in which people may sign up."""
    set_up(box)
    open_sign_up()
    return box


@pytest.fixture
def anna(post: Mailbox) -> User:
    page = Client()
    sign_up(page)
    confirm(page, post)
    return User.objects.get()
