"""Forms of the drawing settings and of banned words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget

from mjproxy.lib.admin.secret_forms import SecretForm, removal_field, secret_field
from mjproxy.lib.validators.text_lists import parted
from tasks.models import SETTINGS_SECRETS, BannedWord, DrawingSettings

# Fields of the drawing settings about translation.
TRANSLATION: Final = (
    "translator",
    "translator_url",
    "translator_timeout",
    "baidu_app_id",
    "new_baidu_secret",
    "remove_baidu_secret",
    "new_gpt_key",
    "remove_gpt_key",
    "gpt_model",
    "gpt_max_tokens",
    "gpt_temperature",
)


class DrawingSettingsForm(SecretForm[DrawingSettings]):
    """The drawing settings. The admin adds the fields that are not secret."""

    secrets = SETTINGS_SECRETS

    renew_hook_secret = removal_field("Make a new secret for the hook")
    new_baidu_secret = secret_field("Baidu secret")
    remove_baidu_secret = removal_field("Remove the Baidu secret")
    new_gpt_key = secret_field("GPT key")
    remove_gpt_key = removal_field("Remove the GPT key")


class BannedWordForm(forms.ModelForm[BannedWord]):
    """One banned word."""

    class Meta:
        model = BannedWord
        fields: ClassVar = ["word", "enabled", "note"]

    def clean_word(self) -> str:
        """Refuse a list: as one word it would match nothing."""
        words = parted(self.cleaned_data["word"])
        if len(words) != 1:
            raise ValidationError("One word here; add others as new ones.")
        return words[0]


class NewBannedWordsForm(forms.ModelForm[BannedWord]):
    """One word, or a pasted list of words that each become a row."""

    word = forms.CharField(
        label="Words",
        max_length=100_000,
        widget=UnfoldAdminTextareaWidget,
        help_text="One or many, separated by commas, semicolons or line ends.",
    )
    further: Sequence[str] = ()  # besides the first one

    class Meta:
        model = BannedWord
        fields: ClassVar = ["word", "enabled", "note"]

    def clean_word(self) -> str:
        """Return the first new word; keep the others for `further`."""
        words = parted(self.cleaned_data["word"])
        longest = BannedWord._meta.get_field("word").max_length or 0
        if long := [word for word in words if len(word) > longest]:
            raise ValidationError(f"Longer than {longest}: “{long[0][:40]}...”")
        known = set(_known(words))
        fresh = [word for word in words if word not in known]
        if not fresh:
            raise ValidationError("Nothing here that is not banned already.")
        self.further = fresh[1:]
        return fresh[0]


def _known(words: list[str]) -> Any:
    return BannedWord.objects.filter(word__in=words).values_list("word", flat=True)
