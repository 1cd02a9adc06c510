"""The language of a page: the person's choice, or what the browser asks for."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

# The admin, and the one page of its kind elsewhere: the verification of an account.
_IN_ENGLISH: Final = ("/admin/", "/accounts/")


class LanguageOfPages(LocaleMiddleware):
    """Serves the admin in English: its own texts have no other language.

    Otherwise the texts of Django and the theme would stand among them in the language
    of the browser.
    """

    def process_request(self, request: HttpRequest) -> None:
        if request.path_info.startswith(_IN_ENGLISH):
            translation.activate("en")
            request.LANGUAGE_CODE = "en"
        else:
            super().process_request(request)
