from __future__ import annotations

import builtins
import importlib.util
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from accounts.models.events import AuditEntry
from tasks.enums import BucketLinks, Place, StorageKind
from tasks.models import KeptFile, StorageSettings
from tasks.pictures.kept import places
from tasks.pictures.kept.failures import NotUsable
from tasks.snapshots import storage_settings

PAGE = "/admin/tasks/storagesettings/"
NOW = "/admin/tasks/storagesettings/now/"
BUCKET = {
    "kind": "bucket",
    "endpoint": "https://s3.example.com",
    "region": "eu-1",
    "bucket": "pictures",
    "bucket_names": "auto",
    "prefix": "mj",
    "access_key": "key",
    "new_secret_key": "the-secret-of-the-bucket",
    "links": "through",
    "link_minutes": "60",
    "public_base": "",
    "full_style": "",
    "thumbnail_style": "",
    "thumbnails": "on",
}


def save(admin: Client, **values: str) -> Any:
    return admin.post(PAGE, BUCKET | values)


def errors(response: Any) -> dict[str, Any]:
    assert response.status_code == 200
    return dict(response.context["adminform"].form.errors)


def test_the_bucket_is_saved_and_its_secret_is_sealed(admin: Client) -> None:
    assert save(admin).status_code == 302

    row = StorageSettings.get_solo()
    assert (row.kind, row.bucket) == (StorageKind.BUCKET, "pictures")
    assert row.secret_key == BUCKET["new_secret_key"]
    column = StorageSettings.objects.extra(select={"raw": "secret_key"})
    assert BUCKET["new_secret_key"] not in column.values_list("raw", flat=True)[0]
    assert BUCKET["new_secret_key"] not in admin.get(PAGE).content.decode()
    assert storage_settings().bucket == "pictures"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("endpoint", "s3.example.com"),
        ("endpoint", "ftp://s3.example.com"),
        ("endpoint", "file:///etc/passwd"),
        ("endpoint", "https://a:b@s3.example.com"),
        ("endpoint", "https://s3.example.com/?x=1"),
        ("endpoint", "http://169.254.169.254"),
        ("endpoint", "http://0xa9fea9fe/"),
        ("endpoint", "http://[fd00:ec2::254]"),
        ("endpoint", "https://s3.example.com\nHost: x"),
        ("bucket", ""),
        ("bucket", "../other"),
        ("bucket", "a/b"),
        ("access_key", ""),
        ("access_key", "two words"),
        ("new_secret_key", ""),
        ("new_secret_key", "clé"),
        ("region", "eu 1"),
        ("prefix", "../up"),
        ("prefix", "/absolute"),
        ("prefix", "a//b"),
        ("prefix", "a/./b"),
        ("prefix", "a/../b"),
        ("prefix", "a\\b"),
        ("link_minutes", "0"),
        ("link_minutes", "10081"),
        ("link_minutes", "x"),
        ("public_base", "https://cdn.example.com"),  # links go through this server
        ("full_style", "?x-oss-process=style/full"),
        ("thumbnail_style", "!small"),
        ("kind", "ftp"),
        ("links", "all"),
    ],
)
def test_what_cannot_work_is_refused(admin: Client, field: str, value: str) -> None:
    assert field in errors(save(admin, **{field: value}))
    assert StorageSettings.get_solo().kind == StorageKind.LOCAL


@pytest.mark.parametrize("style", ["style", "? a", "?a\nb", '?"><script>', "?a#b"])
def test_a_style_is_the_end_of_an_address(admin: Client, style: str) -> None:
    response = save(admin, links="public", full_style=style)

    assert "full_style" in errors(response)


def test_a_private_address_is_fine(admin: Client) -> None:
    assert save(admin, endpoint="http://10.0.0.5:9000").status_code == 302


@pytest.mark.parametrize("field", ["endpoint", "bucket", "prefix"])
def test_the_names_of_objects_stay_while_pictures_lie_there(
    admin: Client, field: str
) -> None:
    save(admin)
    KeptFile.objects.create(name="a", place=Place.BUCKET)
    other = {"endpoint": "https://other.example", "bucket": "other", "prefix": "o"}
    changed = {field: other[field]}

    assert field in errors(save(admin, **changed))
    assert save(admin, **changed, are_there="on").status_code == 302

    assert getattr(StorageSettings.get_solo(), field) == other[field]


def test_without_the_packages_the_page_says_so(
    admin: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "find_spec", lambda name: None)

    assert errors(save(admin))["kind"] == [places.NOT_INSTALLED]
    assert "make s3-packages" in admin.get(NOW).content.decode()


def test_a_bucket_without_the_packages_fails_in_words(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = StorageSettings(bucket="pictures", access_key="k", secret_key="s")
    real = builtins.__import__

    def missing(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith(("boto3", "storages")):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    places._bucket.cache_clear()

    with pytest.raises(NotUsable, match="not installed"):
        places.bucket(row)

    assert importlib.util.find_spec("boto3")


def test_the_move_is_begun_seen_and_stopped(admin: Client) -> None:
    save(admin)
    for name in "abc":
        KeptFile.objects.create(name=name, size=1000, is_settled=True)

    begun = admin.post(NOW, {"deed": "move"}, follow=True).content.decode()
    assert "3 file(s) move to a bucket" in begun
    assert '<b data-testid="moving">3</b>' in begun

    stopped = admin.post(NOW, {"deed": "stop"}, follow=True).content.decode()
    assert "3 file(s) stay" in stopped
    assert '<b data-testid="moving">0</b>' in stopped


def test_a_failure_is_shown_and_tried_again(admin: Client) -> None:
    KeptFile.objects.create(name="a", error="There is no <b>bucket</b>.", tries=3)

    page = admin.get(NOW).content.decode()
    admin.post(NOW, {"deed": "again"})

    assert "There is no &lt;b&gt;bucket&lt;/b&gt;." in page
    assert KeptFile.objects.get().tries == 0


def test_a_test_is_asked_for_and_its_outcome_shown(admin: Client) -> None:
    asked = admin.post(NOW, {"deed": "test"}, follow=True).content.decode()
    StorageSettings.objects.update(
        tested_at=StorageSettings.get_solo().test_asked_at,
        test_error="Writing: There is no such bucket.",
    )

    assert "A worker is about to run it." in asked
    assert "Writing: There is no such bucket." in admin.get(NOW).content.decode()


@pytest.mark.parametrize("deed", ["", "drop", "move all"])
def test_an_unknown_button_does_nothing(admin: Client, deed: str) -> None:
    KeptFile.objects.create(name="a", is_settled=True)

    assert (
        "Nothing was done"
        in admin.post(NOW, {"deed": deed}, follow=True).content.decode()
    )
    assert KeptFile.objects.get().is_settled


def test_nobody_else_sees_or_does_anything(operator: User, alice: User) -> None:
    for user, status in ((operator, 403), (alice, 302)):
        page = Client()
        page.force_login(user)
        assert page.get(NOW).status_code == status
        assert page.post(NOW, {"deed": "move"}).status_code == status


def test_settings_say_how_people_get_pictures(admin: Client) -> None:
    base = "https://cdn.example.com/p"
    response = save(admin, links="public", public_base=base, thumbnail_style="!small")

    assert response.status_code == 302
    row = StorageSettings.get_solo()
    assert (row.links, row.public_base) == (BucketLinks.PUBLIC, base)


def test_the_move_is_in_the_audit_log(admin: Client) -> None:
    KeptFile.objects.create(name="a", is_settled=True, wanted="bucket")

    admin.post(NOW, {"deed": "move"})
    admin.post(NOW, {"deed": "stop"})

    acts = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert acts[-2:] == ["move pictures", "stop moving pictures"]
