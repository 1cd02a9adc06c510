"""The drawing page: an ordinary client of the public API."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from accounts.selectors import access_settings
from mjproxy.lib.web.page import render_page
from tasks.pictures.inputs import MAX_BYTES
from tasks.prompts.text import MAX_PROMPT_LENGTH
from tasks.snapshots import drawing_settings, swap_settings
from tasks.swaps.kinds import PICTURE, VIDEO
from tasks.swaps.usable import usable_kinds

ASPECTS = ("1:1", "3:2", "16:9", "4:5", "2:3", "9:16")
SAMPLES = (
    "a lighthouse at dawn, long exposure, mist over the rocks",
    "isometric cutaway of a tiny bookshop, warm evening light",
    "botanical plate of an imaginary orchid, ink and watercolour",
)
# All imports of draw.js, so that a browser fetches them in parallel.
SCRIPTS = sorted(
    f"tasks/{file.name}" for file in (settings.BASE_DIR / "static/tasks").glob("*.js")
)


@require_safe
@ensure_csrf_cookie
def draw(request: HttpRequest) -> HttpResponse:
    """Show the page; to visitors of a demo too, who look at everybody's drawings."""
    is_visitor = not request.user.is_authenticated
    if is_visitor and not access_settings().demo_mode:
        return redirect_to_login(request.get_full_path())
    user_id = request.user.pk
    context = {
        "is_visitor": is_visitor,
        "max_prompt": MAX_PROMPT_LENGTH,
        "max_body": settings.MAX_BODY_BYTES,
        "aspects": ASPECTS,
        "samples": SAMPLES,
        "uploads": drawing_settings().uploads,
        "skeletons": range(3),
        "scripts": SCRIPTS,
        "swaps": _swaps(user_id) if user_id else None,
    }
    return render_page(request, "tasks/draw.html", context)


def _swaps(user_id: int) -> dict[str, int] | None:
    """Return the limits of the face swaps that a user can submit, or None.

    Bytes of a file, and minutes for each kind; 0 minutes: not this kind.
    """
    kinds, settings = usable_kinds(user_id), swap_settings()
    if not kinds:
        return None
    minutes = {kind: kind.of(settings, "timeout_minutes") for kind in kinds}
    return {
        "picture_bytes": min(settings.max_bytes, MAX_BYTES),
        "video_bytes": settings.max_bytes,
        "picture_minutes": minutes.get(PICTURE, 0),
        "video_minutes": minutes.get(VIDEO, 0),
    }
