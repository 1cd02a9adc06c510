from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEntry, DiscordAccount
from tests.factories import make_user

LOG = "/admin/accounts/auditentry/"


def entry(**fields: Any) -> AuditEntry:
    values = {"actor": "olga", "origin": "192.0.2.1", "action": "change"}
    return AuditEntry.objects.create(**{**values, "kind": "user", **fields})


def lines_of(response: Any) -> list[list[str]]:
    text = b"".join(response.streaming_content).decode()
    return list(csv.reader(io.StringIO(text)))


@pytest.mark.parametrize("verb", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["", "add/", "{}/change/", "{}/delete/", "export/"])
def test_nobody_writes_in_the_log(admin: Client, verb: str, path: str) -> None:
    row = entry(name="alice")
    before = set(AuditEntry.objects.values_list("pk", "name"))
    body = {"post": "yes", "action": "delete_selected", "_selected_action": row.pk}

    response = getattr(admin, verb)(f"{LOG}{path.format(row.pk)}", body | {"name": "x"})

    assert response.status_code < 500
    assert set(AuditEntry.objects.values_list("pk", "name")) == before


def test_the_page_offers_no_change(admin: Client) -> None:
    row = entry()

    page = admin.get(f"{LOG}{row.pk}/change/").content.decode()

    assert admin.get(f"{LOG}add/").status_code == 403
    assert admin.get(f"{LOG}{row.pk}/delete/").status_code == 403
    assert 'name="_save"' not in page


def test_others_do_not_see_it(db: None) -> None:
    page = Client()
    page.force_login(make_user("alice"))

    for path in (LOG, f"{LOG}export/"):
        assert page.get(path).status_code == 302


def test_hostile_names_are_shown_as_text(admin: Client) -> None:
    row = entry(name="<b>bold</b>", changes={"x": ["<i>", "<script>alert(1)</script>"]})

    for path in (LOG, f"{LOG}{row.pk}/change/"):
        page = admin.get(path).content.decode()
        assert "<script>alert(1)" not in page
        assert "<b>bold" not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "query",
    ["actor=olga", "action=change", "kind=user", "q=alice", "q=192.0.2.1", "q=17"],
)
def test_the_list_and_the_file_have_what_the_filters_find(
    admin: Client, query: str
) -> None:
    AuditEntry.objects.all().delete()
    entry(name="alice", object_id="17")
    entry(actor="other", action="add", kind="tag", name="foxes", origin="::1")

    page = admin.get(f"{LOG}?{query}")
    lines = lines_of(admin.get(f"{LOG}export/?{query}"))

    assert [row.name for row in page.context["cl"].result_list] == ["alice"]
    assert [line[7] for line in lines[1:]] == ["alice"]
    assert f"export/?{query}" in page.content.decode()


def test_the_file_has_a_line_for_each_change_and_no_formulas(admin: Client) -> None:
    AuditEntry.objects.all().delete()
    changes = {"remark": ["@a", "=HYPERLINK(1)"], "user_token": "changed"}
    entry(name="-1+1", changes=changes)

    header, first, second = lines_of(admin.get(f"{LOG}export/"))

    assert header[-3:] == ["field", "old", "new"]
    assert first[7:] == ["'-1+1", "remark", "'@a", "'=HYPERLINK(1)"]
    assert second[7:] == ["'-1+1", "user_token", "", "changed"]


def test_an_object_leads_to_its_entries(admin: Client, account: DiscordAccount) -> None:
    kind, pk = "Discord account", str(account.pk)
    entry(kind=kind, object_id=pk, name="this one")
    entry(kind=kind, object_id="99999", name="another")

    path = f"/admin/accounts/discordaccount/{account.pk}/history/"
    page = admin.get(path, follow=True)

    assert [row.name for row in page.context["cl"].result_list] == ["this one"]


@pytest.mark.parametrize("pk", ["0", "-1", "x", "9" * 400])
def test_no_object_leads_to_an_empty_list(admin: Client, pk: str) -> None:
    path = f"/admin/accounts/discordaccount/{pk}/history/"

    assert admin.get(path, follow=True).status_code == 200
