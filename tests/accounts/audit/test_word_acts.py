"""Acts on groups of banned words in the admin, and their entries."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tasks.models import BannedWordGroup
from tests.accounts.audit.told import told

GROUPS = "/admin/tasks/bannedwordgroup/"


def test_words_that_are_imported(admin: Client) -> None:
    group = BannedWordGroup.objects.create(name="one", keywords=["old"])
    file = SimpleUploadedFile("words.txt", b"new\n")

    admin.post(f"{GROUPS}import-words/", {"file": file, "group": group.pk})

    changes = {"keywords": ['["old"]', '["old","new"]']}
    assert told() == [("change", "group of banned words", "one", changes)]


def test_fields_edited_in_the_list(admin: Client) -> None:
    BannedWordGroup.objects.all().delete()
    group = BannedWordGroup.objects.create(name="one")
    rows = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": group.pk}

    admin.post(GROUPS, rows | {"_save": "Save"})

    changes = {"enabled": ["yes", "no"]}
    assert told() == [("change", "group of banned words", "one", changes)]
