"""The drawing page: an ordinary client of the public API."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from mjproxy.lib.web.page import render_page
from tasks.prompts.text import MAX_PROMPT_LENGTH

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
@login_required
@ensure_csrf_cookie
def draw(request: HttpRequest) -> HttpResponse:
    context = {
        "max_prompt": MAX_PROMPT_LENGTH,
        "max_body": settings.MAX_BODY_BYTES,
        "aspects": ASPECTS,
        "samples": SAMPLES,
        "skeletons": range(3),
        "scripts": SCRIPTS,
    }
    return render_page(request, "tasks/draw.html", context)
