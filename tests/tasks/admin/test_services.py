"""The services outside on the first page of the admin."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.core.mail import EmailMessage
from django.test import Client

from accounts.mails import server as mail_server
from accounts.models import MailSettings
from gateway.simulator.swaps.provider import TOKEN
from mjproxy.lib.last_answers import Service, last_answers, note
from mjproxy.lib.process import event_loop
from tasks.models import StorageSettings, SwapSettings
from tasks.pictures.kept import trial
from tasks.prompts.translation import translate
from tasks.swaps.provider import Later, Provider, Refused
from tests import buckets
from tests.http_server import always, serving
from tests.tasks.translator_servers import FOX, KEY, gpt

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "http://127.0.0.1:1"


def rows(admin: Client) -> dict[str, str]:
    """Return the text of each row of the first page, by the service's name."""
    page = admin.get("/admin/").content.decode()
    (box,) = re.findall(r'data-testid="services">(.*?)</section>', page, re.DOTALL)
    found = {}
    for row in re.findall(r"<li>(.*?)</li>", box, re.DOTALL):
        words = " ".join(re.sub(r"<[^>]+>", " ", row).split())
        name = next(n for n in NAMES if words.startswith(n))
        found[name] = words.removeprefix(name).strip()
    return found


NAMES = ("Translator", "Storage", "Face swap", "Mail server")


def test_nothing_is_on_at_the_first_start(admin: Client) -> None:
    assert rows(admin) == dict.fromkeys(NAMES, "Off Last answer: None yet.")


def test_each_row_leads_to_the_settings(admin: Client) -> None:
    page = admin.get("/admin/")

    addresses = [row["address"] for row in page.context["services"]]
    assert len(addresses) == len(Service)
    assert [admin.get(address).status_code for address in addresses] == [200] * 4


def test_the_translator_is_shown(admin: Client) -> None:
    with gpt():
        assert rows(admin)["Translator"].startswith("Not asked yet")
        translate(FOX)
        assert re.match(r"Well .* A chat model .*: well\.$", rows(admin)["Translator"])

    translate("雪")
    said = rows(admin)["Translator"]
    assert said.startswith("Failed Last answer: 2")
    assert "failed: cannot connect" in said
    assert KEY not in said


def test_the_storage_is_shown(admin: Client) -> None:
    with buckets.serving() as service, buckets.made_bucket(service):
        buckets.use_bucket(service)
        tried()
    buckets.forget_clients()
    assert rows(admin)["Storage"].endswith(": well.")

    buckets.use_bucket(BASE)
    tried()
    assert "The service cannot be reached" in rows(admin)["Storage"]


def tried() -> None:
    trial.ask()
    event_loop.run(trial.run(StorageSettings.get_solo().pk))


def test_the_swap_provider_is_shown(admin: Client, private: None) -> None:
    SwapSettings.objects.update_or_create(pk=1, defaults={"enabled": True})
    with serving(always(402, body=b'{"detail": "<b>no money</b>"}')) as provider:
        with pytest.raises(Refused):
            event_loop.run(Provider(provider.origin, TOKEN).fetch("p1"))
        said = rows(admin)["Face swap"]
    assert "account has no credit left" in said
    assert re.search(r"[\u4e00-\u9fff]", said) is None

    with pytest.raises(Later):
        event_loop.run(Provider(BASE, TOKEN).fetch("p1"))
    assert "cannot connect" in rows(admin)["Face swap"]

    body = b'{"id": "p1", "status": "starting"}'
    with serving(always(body=body)) as provider:
        event_loop.run(Provider(provider.origin, TOKEN).fetch("p1"))
    assert rows(admin)["Face swap"].startswith("Well")
    assert TOKEN not in admin.get("/admin/").content.decode()


def test_the_mail_server_is_shown(admin: Client) -> None:
    defaults = {"is_on": True, "host": "127.0.0.1", "port": 1, "sender": "a@b.example"}
    row, _ = MailSettings.objects.update_or_create(pk=1, defaults=defaults)
    mail = mail_server.message(row, "s", "b", ["c@d.example"])

    assert mail_server.send(mail) is not None
    assert "ConnectionRefusedError" in rows(admin)["Mail server"]

    assert (
        mail_server.send(EmailMessage("s", "b", "a@b.example", ["c@d.example"])) is None
    )
    assert rows(admin)["Mail server"].startswith("Well")


def test_a_long_failure_with_markup_is_shown_as_text(admin: Client) -> None:
    MailSettings.objects.update_or_create(
        pk=1, defaults={"is_on": True, "host": "h", "sender": "a@b.example"}
    )
    note(Service.MAIL, "<script>alert(1)</script>" + "x" * 5000)

    page = admin.get("/admin/").content.decode()

    assert "<script>alert(1)" not in page
    assert "x" * 201 not in page


def test_without_a_cache_the_page_is_there(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **how: object) -> None:
        raise ConnectionError("no cache")

    monkeypatch.setattr(cache, "get_many", away)
    monkeypatch.setattr(cache, "set", away)

    note(Service.MAIL)

    assert last_answers() == {}
    assert set(rows(admin)) == set(NAMES)
