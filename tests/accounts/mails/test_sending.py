"""The job that sends people's mails."""

from __future__ import annotations

import pytest

from accounts.mails import people, sending
from accounts.models import PersonMail, User
from mjproxy.lib.db.threads import in_thread
from tests.accounts.post import set_up
from tests.factories import make_user
from tests.mail_server import Mailbox

pytestmark = pytest.mark.django_db(transaction=True)


def write(count: int, box: Mailbox) -> list[int]:
    set_up(box)
    user: User = make_user()
    for number in range(count):
        people.write(user, f"p{number}@example.com", "hello", "text")
    return list(PersonMail.objects.values_list("pk", flat=True))


async def test_it_sends_all_that_wait(box: Mailbox) -> None:
    await in_thread(write, 7, box)

    await sending.send_due()
    await sending.send_due()

    assert len(box.mails) == 7


async def test_a_nudge_sends_its_mail_at_once(box: Mailbox) -> None:
    first, _ = await in_thread(write, 2, box)

    await sending.send_one(first)

    assert [mail["To"] for mail in box.mails] == ["p0@example.com"]


async def test_a_failure_leaves_the_mail_waiting(box: Mailbox) -> None:
    box.refuses = "451 try later"
    await in_thread(write, 1, box)

    await sending.send_due()
    assert await in_thread(people.is_delayed)
    box.refuses = ""
    await in_thread(PersonMail.objects.update, next_attempt_at="2020-01-01T00:00Z")
    await sending.send_due()

    assert len(box.mails) == 1
