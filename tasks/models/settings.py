"""DrawingSettings: one row with the settings of all drawings."""

from __future__ import annotations

from typing import Final

from django.db import models
from solo.models import SingletonModel

from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.validators.addresses import MAX_LENGTH, web_address
from mjproxy.lib.validators.number_limits import between

SETTINGS_SECRETS: Final = ("hook_secret",)


class SettingsManager(models.Manager["DrawingSettings"]):
    """Defers the secrets until they are read: the row is read for every task."""

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
    window_minutes = models.PositiveIntegerField(
        default=30,
        validators=between(1, 7 * 24 * 60),
        help_text="A task fails if its window is not answered within this time.",
    )

    uploads = models.BooleanField(
        "pictures in requests",
        default=True,
        help_text="Off: nobody sends the bytes of pictures for Midjourney. Links are "
        "still taken, and so are masks and the files of face swaps.",
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

    objects = SettingsManager()

    class Meta:
        verbose_name = "drawing settings"

    def __str__(self) -> str:
        return "Drawing settings"
