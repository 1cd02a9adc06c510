"""Translation in the admin: its settings, the last answer, a page to try a text."""

from __future__ import annotations

from typing import ClassVar, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from solo.admin import SingletonModelAdmin
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
)

from mjproxy.lib.admin.secret_forms import SecretForm, removal_field, secret_field
from mjproxy.lib.admin.theme import ModelAdmin
from mjproxy.lib.last_answers import Service, last_answers
from mjproxy.lib.process.bulkhead import NoPlace
from mjproxy.lib.web.outside_hosts import AnswerNeeded, PendingResponse
from tasks.admin.services import in_words
from tasks.enums import Script, TranslateWay
from tasks.models import TRANSLATION_SECRETS, TranslationSettings
from tasks.prompts.asking import failure_of
from tasks.prompts.text import MAX_PROMPT_LENGTH
from tasks.prompts.translation import translated

_TRY: Final = "tasks_translation_try"


class TranslationForm(SecretForm[TranslationSettings]):
    """The settings. The admin adds the fields that are not secret."""

    secrets = TRANSLATION_SECRETS

    scripts = forms.MultipleChoiceField(
        label="What is translated",
        choices=Script.choices,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Words in these scripts. All other words stay.",
    )
    new_baidu_secret = secret_field("Baidu secret")
    remove_baidu_secret = removal_field("Remove the Baidu secret")
    new_deepl_key = secret_field("DeepL key")
    remove_deepl_key = removal_field("Remove the DeepL key")
    new_gpt_key = secret_field("GPT key")
    remove_gpt_key = removal_field("Remove the GPT key")


class TryForm(forms.Form):
    """A prompt to translate."""

    prompt = forms.CharField(
        max_length=MAX_PROMPT_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )


@admin.register(TranslationSettings)
class TranslationSettingsAdmin(SingletonModelAdmin, ModelAdmin[TranslationSettings]):
    form = TranslationForm
    exclude = TRANSLATION_SECRETS
    change_form_template = ""  # the theme's
    readonly_fields = ("last_answer",)
    fieldsets: ClassVar = [
        (
            None,
            {
                "fields": (
                    *("last_answer", "translator", "translator_url"),
                    *("translator_timeout", "scripts", "for_midjourney", "for_niji"),
                    "back_to_chinese",
                )
            },
        ),
        (
            "DeepL",
            {
                "fields": ("new_deepl_key", "remove_deepl_key"),
                "description": "A key that ends in :fx belongs to the free plan and "
                "goes to its address; other keys go to the address of DeepL Pro.",
            },
        ),
        (
            "Baidu",
            {"fields": ("baidu_app_id", "new_baidu_secret", "remove_baidu_secret")},
        ),
        (
            "Chat model",
            {
                "fields": (
                    *("new_gpt_key", "remove_gpt_key", "gpt_model"),
                    *("gpt_max_tokens", "gpt_temperature"),
                )
            },
        ),
    ]

    @admin.display(description="Last answer")
    def last_answer(self, row: TranslationSettings) -> SafeString:
        """Show how the translator has answered last, and a link to try it."""
        address = reverse(f"admin:{_TRY}")
        return format_html('{} <a href="{}">Try it</a>', _last_words(), address)

    def get_urls(self) -> list[URLPattern]:
        page = path("try/", self.admin_site.admin_view(self.try_it), name=_TRY)
        return [page, *super().get_urls()]

    def try_it(self, request: HttpRequest) -> HttpResponseBase:
        """Translate a text with the saved settings, and show what comes back."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        form = TryForm(request.POST if request.method == "POST" else None)
        found: dict[str, object] = {}
        if form.is_valid():
            try:
                found = _tried(form.cleaned_data["prompt"])
            except AnswerNeeded as exc:
                return PendingResponse(exc, request.user.pk)
        return self._page(request, form, found)

    def _page(
        self, request: HttpRequest, form: TryForm, found: dict[str, object]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Try the translation",
            "form": form,
            "opts": self.opts,
            "last": _last_words(),
            "media": self.media + form.media,
            **found,
        }
        return TemplateResponse(request, "tasks/translation.html", context)


def _tried(prompt: str) -> dict[str, object]:
    """Return the translation of a prompt, or why there is none."""
    row = TranslationSettings.get_solo()
    if row.translator == TranslateWay.NONE:
        return {"failure": "no translator is chosen"}
    try:
        english = translated(row, prompt, anew=True)
    except AnswerNeeded:
        raise
    except NoPlace:
        return {"failure": "too many prompts are being translated"}
    except Exception as exc:
        return {"failure": failure_of(exc)}
    if english == prompt:
        return {"failure": "it has no words in the chosen scripts"}
    return {"english": english}


def _last_words() -> str:
    return in_words(last_answers().get(Service.TRANSLATOR))
