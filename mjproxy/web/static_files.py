"""Static files: named after their content, compressed, cached by browsers for ever.

They are collected at the start, and checked again when the web process is imported, so
there is no need for `collectstatic`. Without changes that takes some milliseconds.
"""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.handlers import ASGIStaticFilesHandler
from django.core.management import call_command
from servestatic import ServeStaticASGI
from servestatic.storage import CompressedManifestStaticFilesStorage

# Files that our pages do not load, or that only developers' tools need.
IGNORED: Final = ["*.map", "rest_framework", "redoc", "xregexp.js", "jquery.slim*"]


class HashedFiles(CompressedManifestStaticFilesStorage):
    """Names with a hash; style sheets and our own scripts refer to each other by them.

    Source maps are not collected: the comments that name them stay as they are.
    """

    patterns = (
        ("*.css", CompressedManifestStaticFilesStorage.patterns[0][1][:2]),
        (
            "tasks/*.js",
            CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[
                1
            ],
        ),
    )


def collect() -> None:
    """Bring the collected files up to date; one process at a time, in one place."""
    if settings.DEBUG or _is_current():
        return
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    with (settings.STATIC_ROOT / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_current():
            wanted = _fingerprint()
            call_command(
                "collectstatic",
                ignore_patterns=IGNORED,
                interactive=False,
                verbosity=0,
            )
            _stamp().write_text(wanted)


def with_static_files(app: Any) -> Any:
    """Answer requests for static files before `app` is called."""
    if settings.DEBUG:  # from their source folders, under their own names
        return ASGIStaticFilesHandler(app)
    collect()
    return ServeStaticASGI(
        app,
        root=settings.STATIC_ROOT,
        prefix=settings.STATIC_URL,
        add_headers_function=_no_guessing,
    )


def _no_guessing(headers: Any, path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def _stamp() -> Path:
    return Path(settings.STATIC_ROOT, ".collected")


def _is_current() -> bool:
    try:
        return _stamp().read_text() == _fingerprint()
    except FileNotFoundError:
        return False


def _fingerprint() -> str:
    """Return a value that changes when a file is added, removed or rewritten."""
    lines = "\n".join(sorted(_sources()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _sources() -> Iterator[str]:
    for finder in get_finders():
        for name, storage in finder.list(IGNORED):
            path = Path(storage.path(name))
            status = path.stat()
            yield f"{path} {status.st_size} {status.st_mtime_ns}"
