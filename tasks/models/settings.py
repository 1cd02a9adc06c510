"""DrawingSettings: one row with the settings of all drawings."""

from __future__ import annotations

from typing import Final

from django.db import models
from solo.models import SingletonModel

from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.validators.addresses import MAX_LENGTH, service_address, web_address
from mjproxy.lib.validators.header_values import one_word
from mjproxy.lib.validators.number_limits import between
from tasks.enums import TranslateWay

SETTINGS_SECRETS: Final = ("hook_secret", "baidu_secret", "gpt_key")


class SettingsManager(models.Manager["DrawingSettings"]):
    """Defers the secrets until they are read.

    The row is read for every task, and a secret that cannot be decrypted should only
    stop the translator.
    """

    def get_queryset(self) -> models.QuerySet[DrawingSettings]:
        return super().get_queryset().defer(*SETTINGS_SECRETS)


class DrawingSettings(SingletonModel):
    """Settings of all drawings."""

    notify_hook = models.CharField(
        max_length=MAX_LENGTH,
        blank=True,
        validators=[web_address],
        help_text="Called for tasks without a hook. Users do not see it; its calls are "
        "signed with its own secret.",
    )
    hook_secret = EncryptedTextField(blank=True, editable=False)
    keep_pictures = models.BooleanField(
        default=True,
        help_text="Store finished pictures; Discord's links expire after a day.",
    )
    keep_tasks_days = models.PositiveIntegerField(
        default=0,
        validators=between(0, 3650),
        help_text="Delete finished tasks after this many days; 0 keeps them.",
    )
    window_minutes = models.PositiveIntegerField(
        default=30,
        validators=between(1, 7 * 24 * 60),
        help_text="A task fails if its window is not answered within this time.",
    )

    brought_pictures = models.PositiveIntegerField(
        "brought pictures of one user",
        default=300,
        validators=between(0, 1_000_000),
        help_text="Limit for all unfinished tasks of a user; 0: no limit.",
    )
    brought_megabytes = models.PositiveIntegerField(
        "megabytes of them",
        default=500,
        validators=between(0, 1_000_000),
        help_text="Limit of their size on the disk; 0: no limit.",
    )

    translator = models.CharField(
        max_length=8,
        choices=TranslateWay,
        default=TranslateWay.NONE,
        help_text="Translates the Chinese words of a prompt into English.",
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
    baidu_app_id = models.CharField("Baidu app id", max_length=100, blank=True)
    baidu_secret = EncryptedTextField(blank=True)
    gpt_key = EncryptedTextField(blank=True, validators=[one_word])
    gpt_model = models.CharField("GPT model", max_length=100, default="gpt-4o-mini")
    gpt_max_tokens = models.PositiveIntegerField(
        "GPT tokens at most", default=2048, validators=between(1, 1_000_000)
    )
    gpt_temperature = models.FloatField(
        "GPT temperature",
        default=0.0,
        validators=between(0, 2),
    )

    objects = SettingsManager()

    class Meta:
        verbose_name = "drawing settings"

    def __str__(self) -> str:
        return "Drawing settings"
