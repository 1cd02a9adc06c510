"""Show a user the pictures that they have brought, and nobody else."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from pathlib import Path

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.pages.own import own_page
from accounts.people.callers import Asker
from mjproxy.lib.db.threads import in_thread
from mjproxy.lib.process.bulkhead import RETRY_AFTER, NoPlace
from mjproxy.lib.web.outside_hosts import DeferredResponse
from tasks.models import KeptFile
from tasks.pictures.kept import brought, places, through
from tasks.pictures.kept.failures import Missing, NotUsable
from tasks.pictures.kept.links import name_for
from tasks.pictures.types import type_of

SIZE = 320  # pixels of the longer side


@require_safe
@own_page
def brought_picture(
    request: HttpRequest, asker: Asker, picture_id: int
) -> HttpResponseBase:
    """Serve the thumbnail of a brought picture, or the picture until that is made."""
    file = brought.of_owner(asker.user.pk, picture_id) if picture_id < 1 << 63 else None
    if file is None:
        raise Http404
    for name in (name_for(file, SIZE), file.name):
        with suppress(FileNotFoundError):
            return _shown(places.local_path(name))
    return DeferredResponse(partial(_passed_on, file, asker.user.pk))


async def _passed_on(file: KeptFile, user_id: int) -> HttpResponseBase:
    """Fetch a picture from the bucket: a link to the bucket could be passed on."""
    try:
        _, path = await through.copy_of(file, SIZE, user_id, at_once=True)
        return await in_thread(_shown, path)
    except Missing:
        return HttpResponse(status=404)
    except (NoPlace, NotUsable, OSError):
        return HttpResponse(status=503, headers={"Retry-After": str(RETRY_AFTER)})


def _shown(path: Path) -> HttpResponse:
    response = HttpResponse(path.read_bytes(), content_type=type_of(path))
    response["X-Content-Type-Options"] = "nosniff"
    # The bytes come from outside, so they may not run as a page of ours.
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "private, no-store"
    return response
