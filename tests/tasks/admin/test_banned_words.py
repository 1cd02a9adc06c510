from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import AuditEntry, User
from tasks.models import BannedWordGroup
from tasks.prompts.banned.default_group import ensure_default_group
from tests.factories import ban

GROUPS = "/admin/tasks/bannedwordgroup/"
IMPORT, TRY = f"{GROUPS}import-words/", f"{GROUPS}try-words/"


def save(admin: Client, at: str, keywords: str, **fields: str) -> Any:
    body = {"name": "law", "enabled": "on", "sort": "0", "keywords": keywords}
    return admin.post(f"{GROUPS}{at}/", body | {"allowed": ""} | fields)


def errors(response: Any) -> set[str]:
    return set(response.context["adminform"].form.errors)


@pytest.mark.parametrize(
    "text", ["nude\r\nblood bath\r\n\r\n裸体\r\nNUDE", "nude；blood bath、裸体"]
)
def test_a_pasted_list_becomes_terms(admin: Client, text: str) -> None:
    save(admin, "add", text, allowed="nude beach")

    group = BannedWordGroup.objects.get()
    assert group.keywords == ["nude", "blood bath", "裸体"]
    assert group.allowed == ["nude beach"]


def test_the_form_shows_one_term_a_line(admin: Client) -> None:
    group = ban("nude", "blood bath")

    page = admin.get(f"{GROUPS}{group.pk}/change/").content.decode()

    assert "nude\nblood bath</textarea>" in page.replace("\r", "")


def test_too_long_a_term_is_an_error_of_its_field(admin: Client) -> None:
    assert errors(save(admin, "add", "gore\n" + "x" * 101)) == {"keywords"}
    assert not BannedWordGroup.objects.exists()


def test_the_list_switches_groups(admin: Client) -> None:
    group = ban("gore")
    form = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "1", "_save": "Save"}

    admin.post(GROUPS, form | {"form-0-id": group.pk})

    group.refresh_from_db()
    assert not group.enabled


def test_all_groups_but_the_default_one_can_be_deleted(admin: Client) -> None:
    ensure_default_group()
    group = ban("gore")

    assert admin.get(f"{GROUPS}default/delete/").status_code == 403
    chosen = {"action": "delete_selected", "post": "yes"}
    admin.post(GROUPS, chosen | {"_selected_action": ["default", group.pk]})
    assert BannedWordGroup.objects.count() == 2

    admin.post(GROUPS, chosen | {"_selected_action": [group.pk]})
    assert [g.pk for g in BannedWordGroup.objects.all()] == ["default"]


@pytest.mark.parametrize(
    ("action", "lines"),
    [
        ("export_csv", ["group,kind,text", "banned,term,gore", "banned,term,裸体"]),
        ("export_text", ["gore", "裸体"]),
    ],
)
def test_groups_are_exported(admin: Client, action: str, lines: list[str]) -> None:
    group = ban("gore", "裸体")

    answer = admin.post(GROUPS, {"action": action, "_selected_action": group.pk})

    assert answer.content.decode("utf-8-sig").split() == lines
    assert "attachment" in answer["Content-Disposition"]


def test_a_file_is_imported(admin: Client) -> None:
    group = ban("gore")
    file = SimpleUploadedFile("words.txt", b"nude\nfox\n")

    answer = admin.post(IMPORT, {"file": file, "group": group.pk})

    assert answer.status_code == 302
    group.refresh_from_db()
    assert group.keywords == ["gore", "nude", "fox"]
    entry = AuditEntry.objects.get(action="change")
    assert list(entry.changes) == ["keywords"]


@pytest.mark.parametrize("data", [b"\0\0\xff", b"x" * 101, b"x" * 3_000_001])
def test_a_bad_file_is_an_error_of_the_form(admin: Client, data: bytes) -> None:
    group = ban("gore")
    file = SimpleUploadedFile("words.txt", data)

    answer = admin.post(IMPORT, {"file": file, "group": group.pk})

    assert set(answer.context["form"].errors) == {"file"}
    group.refresh_from_db()
    assert group.keywords == ["gore"]


def test_a_prompt_is_tried(admin: Client) -> None:
    ban("gore")

    page = admin.post(TRY, {"prompt": "a G\u00d6RE <b>fox</b>"}).content.decode()

    assert "<td>gore</td><td>banned</td><td>GÖRE</td><td>2</td><td>6</td>" in page
    assert "<b>fox" not in page
    assert "not refused" in admin.post(TRY, {"prompt": "a fox"}).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("path", [IMPORT, TRY])
def test_pages_need_a_permission(path: str) -> None:
    helper = User.objects.create(username="helper", is_staff=True)
    client = Client()
    client.force_login(helper)

    assert client.get(path).status_code in (302, 403)


def test_a_field_in_the_list_has_a_name_for_screen_readers(admin: Client) -> None:
    BannedWordGroup.objects.create(name="cars")

    page = admin.get(GROUPS).content.decode()

    box = re.search(r'<input[^>]*name="form-0-enabled"[^>]*>', page)
    assert box
    assert 'aria-label="Enabled"' in box[0]
