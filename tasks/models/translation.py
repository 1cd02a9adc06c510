"""TranslationSettings: one row that says who translates prompts, and which."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from django.core.exceptions import ValidationError
from django.db import models
from solo.models import SingletonModel

from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.validators.addresses import service_address
from mjproxy.lib.validators.header_values import one_word
from mjproxy.lib.validators.number_limits import between
from tasks.enums import BotType, Script, TranslateWay

TRANSLATION_SECRETS: Final = ("baidu_secret", "gpt_key", "deepl_key")


def every_script() -> list[str]:
    return list(Script.values)


def known_scripts(value: object) -> None:
    """Raise ValidationError for a value that is not a list of scripts."""
    if not isinstance(value, Collection) or not set(value) <= set(Script.values):
        raise ValidationError("A list of scripts.")


class TranslationManager(models.Manager["TranslationSettings"]):
    """Defers the secrets: one that cannot be decrypted stops only its translator."""

    def get_queryset(self) -> models.QuerySet[TranslationSettings]:
        return super().get_queryset().defer(*TRANSLATION_SECRETS)


class TranslationSettings(SingletonModel):
    """Who translates prompts into English, and which prompts."""

    translator = models.CharField(
        max_length=8,
        choices=TranslateWay,
        default=TranslateWay.NONE,
        help_text="Translates words of other scripts than Latin into English.",
    )
    translator_url = models.CharField(
        "translator's address",
        max_length=300,
        blank=True,
        validators=[service_address],
        help_text="Empty: the default address. For a chat model the base of its API, "
        "such as https://api.openai.com/v1.",
    )
    translator_timeout = models.PositiveSmallIntegerField(
        "time for an answer",
        default=10,
        validators=between(1, 60),
        help_text="Seconds; then the prompt is sent untranslated.",
    )
    scripts = models.JSONField(
        "what is translated",
        default=every_script,
        blank=True,
        validators=[known_scripts],
        help_text="Words in these scripts. All other words stay.",
    )
    for_midjourney = models.BooleanField(
        "prompts for Midjourney",
        default=True,
        help_text="Midjourney itself understands little but English.",
    )
    for_niji = models.BooleanField(
        "prompts for niji",
        default=True,
        help_text="Niji understands Japanese, Chinese and Korean itself.",
    )
    back_to_chinese = models.BooleanField(
        "final prompts back into Chinese",
        default=False,
        help_text="For drawings whose prompt was written in Chinese. It is shown as "
        "finalZhPrompt, and costs a further question for each of them.",
    )
    baidu_app_id = models.CharField(
        "Baidu app id",
        max_length=100,
        blank=True,
        help_text="From the console of Baidu's translation service.",
    )
    baidu_secret = EncryptedTextField(blank=True)
    deepl_key = EncryptedTextField(blank=True, validators=[one_word])
    gpt_key = EncryptedTextField(blank=True, validators=[one_word])
    gpt_model = models.CharField(
        "GPT model",
        max_length=100,
        default="gpt-4o-mini",
        help_text="The model's name at the API.",
    )
    gpt_max_tokens = models.PositiveIntegerField(
        "GPT tokens at most",
        default=2048,
        validators=between(1, 1_000_000),
        help_text="The longest answer. A longer one is cut off and not used.",
    )
    gpt_temperature = models.FloatField(
        "GPT temperature",
        default=0.0,
        validators=between(0, 2),
        help_text="0 translates the same words alike; more varies them.",
    )

    objects = TranslationManager()

    class Meta:
        verbose_name = "translation settings"

    def __str__(self) -> str:
        return "Translation settings"

    def is_for(self, bot: str) -> bool:
        """Tell whether prompts for a bot are translated."""
        if self.translator == TranslateWay.NONE:
            return False
        is_niji = bot == BotType.NIJI_JOURNEY
        return self.for_niji if is_niji else self.for_midjourney

    def is_back_for(self, bot: str) -> bool:
        """Tell whether final prompts of a bot are translated back."""
        return self.back_to_chinese and self.is_for(bot)
