"""Texts of the pages, as the templates and the code have them in English."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT: Final = Path(__file__).resolve().parents[2]
LOCALE: Final = "zh_Hans"
PO: Final = ROOT / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
MO: Final = PO.with_suffix(".mo")
# The admin is in English as a whole (mjproxy/web/language.py): its templates, the parts
# that they include, and its code.
FRAME: Final = '{% extends "admin/'
ADMIN: Final = re.compile(
    r"templates/(?:admin|drf_spectacular)/"
    r"|templates/accounts/(?:audit_export|bots)\.html|templates/tasks/(?:looked_at|move_now)\.html"
    r"|(?:accounts|gateway|mjproxy|tasks)/(?:.*/)?(?:admin|management)/"
    r"|accounts/pages/verification\.py"
)
CALLS: Final[dict[str, Any]] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop"), None),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
# The dates would change the file at each run, and say nothing.
DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)
HEADER: Final[dict[str, Any]] = {
    "locale": LOCALE,
    "domain": "django",
    "project": "mjproxy",
    "version": "pages",
    "msgid_bugs_address": "none",
    "last_translator": "mjproxy",
    "language_team": "mjproxy",
    "creation_date": DAY,
    "revision_date": DAY,
    "header_comment": "# The pages in Simplified Chinese. `make texts` renews it.",
    "fuzzy": False,
}
# Modules of Django whose texts stand on our pages; its Chinese lacks the newest ones.
DJANGOS: Final = (
    "contrib/auth/password_validation.py",
    "contrib/humanize/templatetags/humanize.py",
    "core/validators.py",
    "forms/fields.py",
    "forms/forms.py",
    "forms/models.py",
    "utils/timesince.py",
)
PACKAGES: Final = ("accounts", "gateway", "mjproxy", "tasks")


def wanted() -> Catalog:
    """Return all texts of the pages, each with the files that have it."""
    catalog = Catalog(**HEADER)
    for path in sorted([*_templates(), *_modules()]):
        name = path.relative_to(ROOT).as_posix()
        if ADMIN.match(name) or FRAME in path.read_text():
            continue
        for text, context in texts_in(path):
            catalog.add(text, locations=[(name, 0)], context=context)
    for text, context in djangos_untold():
        catalog.add(text, locations=[("django", 0)], context=context)
    return catalog


def djangos_untold() -> Iterator[tuple[Any, str | None]]:
    """Yield texts of Django's forms that its own catalogue does not have in Chinese."""
    root = Path(django.__file__).parent
    with (root / f"conf/locale/{LOCALE}/LC_MESSAGES/django.po").open("rb") as file:
        told = [read_po(file, locale=LOCALE)]
    for name in DJANGOS:
        part = root.joinpath(*Path(name).parts[:2]) / f"locale/{LOCALE}/LC_MESSAGES"
        if (po := part / "django.po").exists():
            with po.open("rb") as file:
                told.append(read_po(file, locale=LOCALE))
        for text, context in texts_in(root / name):
            found = [each.get(text, context) for each in told]
            if not any(each and all(strings_of(each)) for each in found):
                yield text, context


def texts_in(path: Path) -> Iterator[tuple[Any, str | None]]:
    """Yield the texts of a file, pairs where they have a plural, and their contexts."""
    source = path.read_text()
    if path.suffix != ".py":
        # Django makes calls of the tags; the indentation around them has no sense.
        lines = templatize(source, origin=str(path)).splitlines()
        source = "\n".join(line.strip() for line in lines)
    for _line, text, _notes, context in extract(
        "python", BytesIO(source.encode()), CALLS
    ):
        yield text, context


def _templates() -> Iterator[Path]:
    folder = ROOT / "templates"
    return (path for path in folder.rglob("*") if path.suffix in {".html", ".txt"})


def _modules() -> Iterator[Path]:
    return (path for name in PACKAGES for path in (ROOT / name).rglob("*.py"))


def written() -> Catalog:
    """Return our catalogue."""
    with PO.open("rb") as file:
        return read_po(file, locale=LOCALE, domain="django")


def compiled(catalog: Catalog) -> bytes:
    """Return the bytes of the file that Django reads."""
    file = BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def strings_of(message: Message) -> tuple[str, ...]:
    """Return the Chinese of a text: one string, or one for each form of the plural."""
    found: Any = message.string
    return (found,) if isinstance(found, str) else tuple(found)


def renew() -> list[str]:
    """Put new texts into the catalogue, take old ones out, and compile it.

    Returns those that have no Chinese yet.
    """
    fresh, old = wanted(), written()
    for message in fresh:
        known = old.get(message.id, message.context) if message.id else None
        if known:
            message.string = known.string
    with PO.open("wb") as file:
        write_po(file, fresh, width=88, include_lineno=False, sort_output=True)
    MO.write_bytes(compiled(written()))
    return [str(each.id) for each in written() if each.id and not all(strings_of(each))]
