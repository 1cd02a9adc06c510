"""Drawing requests, their webhooks, the words that are refused."""

from __future__ import annotations

from typing import ClassVar, Final

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from solo.models import SingletonModel

from accounts.enums import SpeedMode
from accounts.models import DiscordAccount
from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.ids import new_picture_key, new_task_id
from mjproxy.lib.validators.addresses import MAX_LENGTH, service_address, web_address
from mjproxy.lib.validators.header_values import one_word
from mjproxy.lib.validators.number_limits import between
from tasks.enums import (
    LOADING,
    OPEN,
    TERMINAL,
    BotType,
    Delivery,
    ErrandKind,
    ErrandState,
    InputRole,
    TaskAction,
    TaskStatus,
    TranslateWay,
    WindowState,
)


class Task(models.Model):
    """One drawing request, from the client's call to its final picture."""

    id = models.BigIntegerField(primary_key=True, default=new_task_id)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    account = models.ForeignKey(DiscordAccount, models.SET_NULL, null=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
    action = models.CharField(max_length=16, choices=TaskAction)
    status = models.CharField(
        max_length=16, choices=TaskStatus, default=TaskStatus.NOT_START
    )
    bot_type = models.CharField(
        max_length=16, choices=BotType, default=BotType.MID_JOURNEY
    )
    # As asked for, until Midjourney says at which one it draws.
    mode = models.CharField("speed", max_length=8, choices=SpeedMode, blank=True)
    requested_mode = models.CharField(
        "wanted speed", max_length=8, choices=SpeedMode, blank=True
    )

    prompt = models.TextField(blank=True)
    prompt_en = models.TextField(blank=True)
    final_prompt = models.TextField(blank=True)
    description = models.TextField(blank=True)
    client_state = models.TextField("state", blank=True)
    notify_hook = models.TextField(blank=True)
    # Called where the caller names none. Their answers do not show it.
    operator_hook = models.TextField(blank=True)
    link_base = models.CharField(max_length=300, blank=True)
    client_ip = models.GenericIPAddressField(null=True)
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001
    account_filter = models.JSONField(null=True, help_text="As it was submitted.")

    submitted_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)

    progress = models.PositiveSmallIntegerField(null=True, help_text="Percent.")
    fail_reason = models.TextField(blank=True)
    buttons = models.JSONField(default=list)

    # What it is recognised by, strongest first (docs/protocol.md, matching).
    nonce = models.CharField(max_length=25, null=True, unique=True)  # noqa: DJ001
    interaction_id = models.CharField(max_length=20, null=True, unique=True)  # noqa: DJ001
    progress_message_id = models.CharField(max_length=20, null=True, unique=True)  # noqa: DJ001
    message_id = models.CharField(max_length=20, null=True, unique=True)  # noqa: DJ001
    job_id = models.CharField(max_length=36, null=True, unique=True)  # noqa: DJ001
    # Where it was sent, or will be; empty before that: the account's own channel.
    guild_id = models.CharField(max_length=20, blank=True)
    channel_id = models.CharField(max_length=20, blank=True)
    parent_message_id = models.CharField(max_length=20, blank=True)
    custom_id = models.CharField(max_length=200, blank=True)
    shown_job_id = models.CharField(
        max_length=36, blank=True, help_text="The job that /show asks for."
    )
    echo_key = models.CharField(max_length=200, blank=True)
    matched_by = models.CharField(max_length=20, blank=True)
    message_flags = models.BigIntegerField(default=0)
    message_content = models.TextField(blank=True)

    # The window that its button opens (docs/protocol.md, windows).
    window = models.CharField(max_length=10, choices=WindowState, blank=True)
    window_id = models.CharField(max_length=200, blank=True)
    window_field = models.CharField(max_length=100, blank=True)
    window_interaction_id = models.CharField(  # noqa: DJ001
        max_length=20, null=True, unique=True, help_text="Of the window's answer."
    )

    # The way to Discord.
    prepared = models.BooleanField(
        default=True, help_text="What it brought along is at Discord."
    )
    prepare_after = models.DateTimeField(null=True)
    prepare_tries = models.PositiveSmallIntegerField(default=0)
    delivery = models.CharField(max_length=10, choices=Delivery, blank=True)
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True)
    waiting_reason = models.CharField(
        max_length=400, blank=True, help_text="Why it waits for another try."
    )
    checked_at = models.DateTimeField(null=True, help_text="History was read for it.")
    removed_at = models.DateTimeField(null=True, help_text="Progress message deleted.")
    cancel_requested_at = models.DateTimeField(null=True)
    # Midjourney's Cancel is pressed again and again, until the job is over.
    cancel_presses = models.PositiveSmallIntegerField(default=0)
    cancel_next_at = models.DateTimeField(null=True, help_text="Not pressed before.")

    # Pictures: links of the CDN expire, so ours are served under a secret name.
    picture_key = models.CharField(max_length=24, default=new_picture_key)
    preview_source = models.TextField(blank=True)
    picture_source = models.TextField(blank=True)
    picture_type = models.CharField(max_length=40, blank=True)
    picture_width = models.PositiveIntegerField(null=True)
    picture_height = models.PositiveIntegerField(null=True)
    picture_file = models.CharField(max_length=200, blank=True)
    picture_tries = models.PositiveSmallIntegerField(default=0)
    picture_next_at = models.DateTimeField(null=True, help_text="Next try to keep it.")

    seed = models.CharField(max_length=20, blank=True)
    seed_message_id = models.CharField(max_length=20, blank=True)
    texts = models.JSONField(
        default=list, help_text="The prompts that describe or shorten suggests."
    )

    # Counts up with every visible change: id of stream events, order of webhooks.
    revision = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account", "status", "id"], name="task_load"),
            # Few rows of many, so that the load of all accounts is counted in no time.
            models.Index(
                fields=["account", "status"],
                condition=Q(status__in=LOADING),
                name="task_open",
            ),
            models.Index(fields=["owner", "-id"], name="task_own"),
            models.Index(
                fields=["owner"],
                condition=models.Q(status=TaskStatus.NOT_START),
                name="task_own_waiting",
            ),
            models.Index(fields=["status", "deadline_at"], name="task_due"),
            models.Index(fields=["parent_message_id"], name="task_parent_message"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner", "idempotency_key"], name="task_idempotency"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def buttons_message_id(self) -> str:
        """The message that holds its buttons: its own, or the one that it edited."""
        return self.message_id or self.parent_message_id

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL


class Errand(models.Model):
    """A small thing to do at Discord whose outcome the caller waits for."""

    kind = models.CharField(max_length=10, choices=ErrandKind)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    account = models.ForeignKey(DiscordAccount, models.CASCADE)
    task = models.ForeignKey(Task, models.CASCADE, null=True)
    custom_id = models.CharField(max_length=200, blank=True)
    state = models.CharField(
        max_length=10, choices=ErrandState, default=ErrandState.WAITING
    )
    result = models.JSONField(null=True)
    error_zh = models.CharField(max_length=400, blank=True)
    error_en = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    # While it is open: who asks for the same meanwhile waits for this one.
    open_key = models.CharField(max_length=240, null=True, unique=True)  # noqa: DJ001
    # The interaction that it has become, and what the bot answers it with.
    nonce = models.CharField(max_length=25, null=True, unique=True)  # noqa: DJ001
    interaction_id = models.CharField(max_length=20, blank=True)
    message_id = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "created_at"], name="errand_open")
        ]

    def __str__(self) -> str:
        return f"{self.kind} no. {self.pk}"


class InputPicture(models.Model):
    """A picture that a request brought along, as bytes or as a link to fetch.

    The row goes with its file when the task or errand is over.
    """

    task = models.ForeignKey(Task, models.CASCADE, null=True, related_name="inputs")
    errand = models.ForeignKey(Errand, models.CASCADE, null=True, related_name="inputs")
    role = models.CharField(max_length=10, choices=InputRole)
    position = models.PositiveSmallIntegerField(default=0)
    source_url = models.TextField(blank=True)
    file = models.CharField(max_length=200, blank=True)
    size = models.PositiveIntegerField(default=0, help_text="Bytes of the file.")
    content_type = models.CharField(max_length=40, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    # Where it is at Discord: an upload for a command, or a link for a prompt.
    upload_name = models.TextField(blank=True)
    link = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return f"{self.role} {self.position} of {self.task_id or self.errand_id}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    DELIVERED = "delivered"
    SKIPPED = "skipped", "Skipped: newer news exist"
    GIVEN_UP = "given_up", "Given up"


class WebhookDelivery(models.Model):
    """One call of a client's hook, written with the change that it reports."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="deliveries")
    # Picked for this user (tasks/webhooks/picking.py); the index below serves the key.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    host = models.CharField(max_length=260, help_text="With its port.")
    revision = models.PositiveIntegerField()
    status = models.CharField(max_length=16, choices=TaskStatus)
    is_final = models.BooleanField(default=False)
    is_operators = models.BooleanField(default=False, help_text="The default hook's.")
    url = models.TextField()
    body = models.TextField()
    state = models.CharField(
        max_length=10, choices=DeliveryState, default=DeliveryState.WAITING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claimed_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True)
    by_hand = models.BooleanField(default=False, help_text="Sent again by a person.")
    response_status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        verbose_name_plural = "webhook deliveries"
        indexes: ClassVar = [
            models.Index(fields=["state", "next_attempt_at"], name="webhook_due"),
            models.Index(fields=["task", "revision"], name="webhook_order"),
            models.Index(
                fields=["owner", "host", "state", "next_attempt_at"],
                name="webhook_receiver",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} no. {self.revision}"


class BannedWord(models.Model):
    """A word that a prompt may not contain."""

    word = models.CharField(max_length=100, unique=True)
    enabled = models.BooleanField(default=True)
    note = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.word


SETTINGS_SECRETS: Final = ("hook_secret", "baidu_secret", "gpt_key")


class SettingsManager(models.Manager["DrawingSettings"]):
    """Leaves secrets in their columns until one is asked for.

    The row is read for every task; a secret that cannot be decrypted concerns no one
    but the translator.
    """

    def get_queryset(self) -> models.QuerySet[DrawingSettings]:
        return super().get_queryset().defer(*SETTINGS_SECRETS)


class DrawingSettings(SingletonModel):
    """What holds for all drawings."""

    notify_hook = models.CharField(
        max_length=MAX_LENGTH,
        blank=True,
        validators=[web_address],
        help_text="Called for tasks that name no hook of their own. Users do not see "
        "it; its calls are signed with a secret of its own.",
    )
    hook_secret = EncryptedTextField(blank=True, editable=False)
    keep_pictures = models.BooleanField(
        default=True,
        help_text="Copy finished pictures; Discord's links die after a day.",
    )
    keep_tasks_days = models.PositiveIntegerField(
        default=0,
        validators=between(0, 3650),
        help_text="Delete finished tasks after so many days; 0 keeps them.",
    )
    window_minutes = models.PositiveIntegerField(
        default=30,
        validators=between(1, 7 * 24 * 60),
        help_text="A window that nobody answers for so long ends its task.",
    )

    brought_pictures = models.PositiveIntegerField(
        "brought pictures of one user",
        default=300,
        validators=between(0, 1_000_000),
        help_text="That tasks which are not over may hold; 0 is no limit.",
    )
    brought_megabytes = models.PositiveIntegerField(
        "megabytes of them",
        default=500,
        validators=between(0, 1_000_000),
        help_text="On the disk; 0 is no limit.",
    )

    translator = models.CharField(
        max_length=8,
        choices=TranslateWay,
        default=TranslateWay.NONE,
        help_text="Turns the Chinese words of a prompt into English before it is sent.",
    )
    translator_url = models.CharField(
        "translator's address",
        max_length=300,
        blank=True,
        validators=[service_address],
        help_text="Empty: the service's own. For a chat model the base of its API, "
        "such as https://api.openai.com/v1.",
    )
    translator_timeout = models.PositiveSmallIntegerField(
        "time for an answer",
        default=10,
        validators=between(1, 60),
        help_text="Seconds; then the prompt is sent as it was written.",
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
