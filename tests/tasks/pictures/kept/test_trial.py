from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from mjproxy.lib.process import event_loop
from tasks.models import StorageSettings
from tasks.pictures.kept import places, trial
from tests.buckets import SECRET, names, use_bucket
from tests.http_server import always, never, serving

pytestmark = pytest.mark.django_db(transaction=True)


def tried() -> str:
    """Run the test as a worker does; return its error."""
    trial.ask()
    row = StorageSettings.get_solo()
    event_loop.run(trial.run(row.pk))
    row.refresh_from_db()
    assert row.tested_at
    return row.test_error


def test_an_object_is_written_read_and_removed(service: str, bucket: Any) -> None:
    use_bucket(service)

    assert tried() == ""
    assert names(bucket) == set()


def test_a_missing_bucket_is_said(service: str) -> None:
    use_bucket(service, bucket="nobodys")

    assert tried() == "Writing: There is no such bucket. (NoSuchBucket)"


def test_nobody_home_is_said() -> None:
    use_bucket("http://127.0.0.1:1")

    assert tried() == "Writing: The service cannot be reached."


def test_a_web_page_is_no_storage() -> None:
    with serving(always(body=b"<html>hello</html>", content_type="text/html")) as site:
        use_bucket(site.origin)

        assert tried().startswith("Reading: ")


def test_one_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "SILENCE", 0.2)
    with serving(never) as site:
        use_bucket(site.origin)

        assert tried() == "Writing: The service does not answer in time."


def test_a_key_that_may_write_only_is_told_so() -> None:
    async def writes_only(request: web.Request) -> web.Response:
        if request.method == "PUT":
            return web.Response(headers={"ETag": '"x"'})
        text = f"<Error><Code>AccessDenied</Code><Message>{SECRET}</Message></Error>"
        return web.Response(status=403, text=text, content_type="application/xml")

    with serving(writes_only) as site:
        use_bucket(site.origin)

        said = tried()

    assert said.startswith("Reading: The key may not do that in this bucket.")
    assert SECRET not in said


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (403, "AccessDenied", "The key may not do that in this bucket."),
        (403, "InvalidAccessKeyId", "The service does not know the access key."),
        (403, "SignatureDoesNotMatch", "The secret key is wrong, or the region."),
        (403, "RequestTimeTooSkewed", "The clock of this server is off."),
        (400, "AuthorizationHeaderMalformed", "The bucket is in another region."),
        (301, "PermanentRedirect", "The bucket is in another region, or at another"),
    ],
)
def test_what_the_service_refuses_is_said_in_words(
    status: int, code: str, said: str
) -> None:
    text = f"<Error><Code>{code}</Code><Message>{SECRET} key</Message></Error>"
    handler = always(status, body=text.encode(), content_type="application/xml")

    with serving(handler) as site:
        use_bucket(site.origin)
        error = tried()

    assert error.startswith(f"Writing: {said}")
    assert SECRET not in error


def test_settings_without_a_bucket_say_so() -> None:
    assert "name no bucket" in tried()


def test_a_test_that_nobody_asked_for_does_not_run(service: str) -> None:
    row = use_bucket(service)

    event_loop.run(trial.run(row.pk))

    row.refresh_from_db()
    assert row.tested_at is None
