"""Swap and SwapSettings: face swaps at a provider, and the settings of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from solo.models import SingletonModel

from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.validators.addresses import MAX_LENGTH, base_address, web_address
from mjproxy.lib.validators.header_values import one_word
from mjproxy.lib.validators.number_limits import between
from tasks.models.task import Task

SWAP_SECRETS: Final = ("token",)
EVENTS: Final = ("start", "output", "logs", "completed")
# Models of Replicate that many programs of this kind use.
_PICTURES: Final = "278a81e7ebb22db98bcba54de985d22cc1abeead2754eb1f2af717247be69b34"
_VIDEOS: Final = "104b4a39315349db50880757bc8c1c996c5309e3aa11286b0a3c84dab81fd440"


def usual_events() -> list[str]:
    return ["start", "completed"]


def known_events(value: object) -> None:
    """Raise ValidationError for a value that is not a list of the provider's events."""
    if not isinstance(value, Sequence) or not set(value) <= set(EVENTS):
        raise ValidationError(f"A list of some of: {', '.join(EVENTS)}.")


class SwapSettingsManager(models.Manager["SwapSettings"]):
    """Defers the token: one that cannot be decrypted stops only face swap."""

    def get_queryset(self) -> models.QuerySet[SwapSettings]:
        return super().get_queryset().defer(*SWAP_SECRETS)


class SwapSettings(SingletonModel):
    """Settings of face swap: its switches, the provider, and the limits."""

    enabled = models.BooleanField(
        "faces in pictures",
        default=False,
        help_text="Only users who may swap faces can use it.",
    )
    video_enabled = models.BooleanField(
        "faces in videos",
        default=False,
        help_text="For the same users.",
    )
    reason = models.CharField(
        max_length=500,
        blank=True,
        help_text="Why it is on: who needs it, and who has agreed. It is kept in the "
        "audit log.",
    )
    url = models.CharField(
        "address",
        max_length=MAX_LENGTH,
        blank=True,
        validators=[base_address],
        help_text="The base of the provider's API, as Replicate's. Empty: the address "
        "that the server was started with.",
    )
    token = EncryptedTextField(blank=True, validators=[one_word])

    version = models.CharField(
        "model for pictures",
        max_length=200,
        default=_PICTURES,
        validators=[one_word],
        help_text="The id of its version at the provider.",
    )
    core_size = models.PositiveIntegerField(
        "pictures at once",
        default=3,
        validators=between(1, 120),
        help_text="Of all users together; others wait.",
    )
    queue_size = models.PositiveIntegerField(
        "waiting pictures",
        default=10,
        validators=between(0, 10_000),
        help_text="At most; 0: no limit.",
    )
    timeout_minutes = models.PositiveIntegerField(
        "minutes for a picture",
        default=10,
        validators=between(1, 24 * 60),
        help_text="Then it is cancelled at the provider, and fails.",
    )

    video_version = models.CharField(
        "model for videos",
        max_length=200,
        default=_VIDEOS,
        validators=[one_word],
        help_text="The id of its version at the provider.",
    )
    video_core_size = models.PositiveIntegerField(
        "videos at once",
        default=3,
        validators=between(1, 120),
        help_text="Of all users together; others wait.",
    )
    video_queue_size = models.PositiveIntegerField(
        "waiting videos",
        default=10,
        validators=between(0, 10_000),
        help_text="At most; 0: no limit.",
    )
    video_timeout_minutes = models.PositiveIntegerField(
        "minutes for a video",
        default=30,
        validators=between(1, 24 * 60),
        help_text="Then it is cancelled at the provider, and fails.",
    )

    max_bytes = models.PositiveIntegerField(
        "bytes of a file",
        default=10 << 20,
        validators=between(1024, 100 << 20),
        help_text="Of a face, a picture or a video that a user brings, at most.",
    )
    webhook = models.CharField(
        max_length=MAX_LENGTH,
        blank=True,
        validators=[web_address],
        help_text="The provider calls it too. This server needs none: it asks.",
    )
    webhook_events = models.JSONField(
        default=usual_events,
        blank=True,
        validators=[known_events],
        help_text="Of which events it is told: start, output, logs, completed.",
    )

    objects = SwapSettingsManager()

    class Meta:
        verbose_name = "face swap settings"

    def __str__(self) -> str:
        return "Face swap settings"

    def clean(self) -> None:
        if (self.enabled or self.video_enabled) and not self.reason.strip():
            raise ValidationError({"reason": "Say why face swap is switched on."})

    @property
    def base(self) -> str:
        """The address before `/predictions`."""
        return (self.url or str(settings.REPLICATE_URL)).rstrip("/")


class Swap(models.Model):
    """Swap: a task's work at the provider.

    `asks` counts the requests that may cost money; each is committed before it leaves.
    """

    task = models.OneToOneField(Task, models.CASCADE, primary_key=True)
    # Addresses of the brought files at the provider. They are in the request, so a
    # prediction whose id was lost is found by them.
    face_at = models.TextField(blank=True)
    target_at = models.TextField(blank=True)
    asked_at = models.DateTimeField(null=True, help_text="The last request left then.")
    asks = models.PositiveSmallIntegerField(default=0)
    prediction = models.CharField(  # noqa: DJ001
        max_length=100, null=True, unique=True, help_text="The provider's id."
    )
    failures = models.PositiveSmallIntegerField(
        default=0, help_text="Failed steps in a row."
    )
    next_at = models.DateTimeField(
        null=True, help_text="Time of the next step; a step under way claims it."
    )

    def __str__(self) -> str:
        return f"swap of {self.task_id}"
