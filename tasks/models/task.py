"""Task: one drawing request."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.enums import SpeedMode
from accounts.models import ApiKey, DiscordAccount
from mjproxy.lib.db.json_field import JsonField
from mjproxy.lib.ids import new_picture_key, new_task_id
from tasks.enums import (
    LOADING,
    OPEN,
    TERMINAL,
    BotType,
    Delivery,
    TaskAction,
    TaskStatus,
    WindowState,
)


class Task(models.Model):
    """One drawing request, from the client's call to its final picture."""

    id = models.BigIntegerField(primary_key=True, default=new_task_id)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    key = models.ForeignKey(
        ApiKey, models.SET_NULL, null=True, help_text="The key that submitted it."
    )
    account = models.ForeignKey(DiscordAccount, models.SET_NULL, null=True)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
    action = models.CharField(max_length=16, choices=TaskAction)
    status = models.CharField(
        max_length=16, choices=TaskStatus, default=TaskStatus.NOT_START
    )
    bot_type = models.CharField(
        max_length=16, choices=BotType, default=BotType.MID_JOURNEY
    )
    # The requested speed, until Midjourney reports the one it draws at.
    mode = models.CharField("speed", max_length=8, choices=SpeedMode, blank=True)
    requested_mode = models.CharField(
        "requested speed", max_length=8, choices=SpeedMode, blank=True
    )

    prompt = models.TextField(blank=True)
    prompt_en = models.TextField(blank=True)
    final_prompt = models.TextField(blank=True)
    final_prompt_zh = models.TextField("final prompt in Chinese", blank=True)
    back_tries = models.PositiveSmallIntegerField(
        default=0, help_text="Tries to translate its final prompt back into Chinese."
    )
    back_next_at = models.DateTimeField(
        null=True, help_text="The next of these tries; until then one is under way."
    )
    description = models.TextField(blank=True)
    client_state = models.TextField("state", blank=True)
    notify_hook = models.TextField(blank=True)
    # Called if the caller named no hook; clients do not see it.
    operator_hook = models.TextField(blank=True)
    link_base = models.CharField(max_length=300, blank=True)
    client_ip = models.GenericIPAddressField(null=True)
    idempotency_key = models.CharField(max_length=255, null=True)  # noqa: DJ001
    account_filter = JsonField(null=True, help_text="As it was submitted.")
    # Links that a face swap was submitted with; empty where a file came with it.
    swap_source = models.TextField(blank=True)
    swap_target = models.TextField(blank=True)

    submitted_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)

    # Where it counts in the meters of its owner and key.
    counted_on = models.DateField(
        null=True, help_text="The day whose drawing it is; empty: it does not count."
    )
    key_counted = models.BooleanField(
        default=False, help_text="It counts in the limits of its key too."
    )
    is_begun = models.BooleanField(
        default=False, help_text="Midjourney has begun to draw it."
    )

    price = models.PositiveIntegerField(
        default=0, help_text="The credits that it cost at its submit."
    )

    progress = models.PositiveSmallIntegerField(null=True, help_text="Percent.")
    fail_reason = models.TextField(blank=True)
    buttons = JsonField(default=list)

    # Keys that events are matched by, strongest first (docs/protocol.md, matching).
    nonce = models.CharField(max_length=25, null=True, unique=True)  # noqa: DJ001
    interaction_id = models.CharField(max_length=20, null=True, unique=True)  # noqa: DJ001
    progress_message_id = models.CharField(max_length=20, null=True, unique=True)  # noqa: DJ001
    message_id = models.CharField(max_length=20, null=True, unique=True)  # noqa: DJ001
    job_id = models.CharField(max_length=36, null=True, unique=True)  # noqa: DJ001
    # Where it was or will be sent; empty: the account's own channel.
    guild_id = models.CharField(max_length=20, blank=True)
    channel_id = models.CharField(max_length=20, blank=True)
    parent_message_id = models.CharField(max_length=20, blank=True)
    custom_id = models.CharField(max_length=200, blank=True)
    shown_job_id = models.CharField(
        max_length=36, blank=True, help_text="The job that /show requests."
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

    # Sending.
    prepared = models.BooleanField(
        default=True, help_text="Its input pictures are at Discord."
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
    # Midjourney's Cancel is pressed repeatedly until the job is over.
    cancel_presses = models.PositiveSmallIntegerField(default=0)
    cancel_next_at = models.DateTimeField(
        null=True, help_text="Earliest time of the next press."
    )

    # Pictures are served under a secret name, because links of the CDN expire.
    picture_key = models.CharField(max_length=24, default=new_picture_key)
    preview_source = models.TextField(blank=True)
    picture_source = models.TextField(blank=True)
    # Of a task that came from elsewhere, and whose picture is not at Discord. When the
    # picture has been copied, it becomes the source.
    picture_link = models.TextField(
        blank=True, help_text="Shown to clients as it is, until the picture is kept."
    )
    picture_type = models.CharField(max_length=40, blank=True)
    picture_width = models.PositiveIntegerField(null=True)
    picture_height = models.PositiveIntegerField(null=True)
    picture_file = models.CharField(max_length=200, blank=True)
    picture_tries = models.PositiveSmallIntegerField(default=0)
    picture_next_at = models.DateTimeField(null=True, help_text="Next try to store it.")
    link_next_at = models.DateTimeField(
        null=True, help_text="Earliest time at which a new link of it is asked for."
    )

    seed = models.CharField(max_length=20, blank=True)
    seed_message_id = models.CharField(max_length=20, blank=True)
    texts = JsonField(
        default=list, help_text="Prompts suggested by describe or shorten."
    )

    # Counts visible changes: the id of stream events, the order of webhooks.
    revision = models.PositiveIntegerField(default=0)

    # The webhook (tasks/webhooks/states.py). Its host is empty if there is none.
    hook_host = models.CharField(
        max_length=260, blank=True, help_text="Host and port of the hook."
    )
    hook_revision = models.PositiveIntegerField(
        default=0, help_text="The newest revision that the hook is to be told."
    )
    hook_due_at = models.DateTimeField(
        null=True, help_text="Time of the next call; empty: nothing is to be told."
    )
    hook_sent = models.PositiveIntegerField(
        default=0, help_text="The revision of the last call."
    )
    hook_claimed_until = models.DateTimeField(null=True, help_text="A call is open.")
    hook_attempts = models.PositiveSmallIntegerField(
        default=0, help_text="Failed calls of the newest revision."
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["account", "status", "id"], name="task_load"),
            # Only open tasks, so that the load of all accounts is counted fast.
            models.Index(
                fields=["account", "status"],
                condition=Q(status__in=LOADING),
                name="task_open",
            ),
            models.Index(fields=["owner", "-id"], name="task_own"),
            models.Index(
                fields=["owner", "status"],
                condition=Q(status__in=LOADING),
                name="task_own_open",
            ),
            models.Index(fields=["status", "deadline_at"], name="task_due"),
            models.Index(fields=["parent_message_id"], name="task_parent_message"),
            models.Index(
                fields=["hook_due_at", "owner", "hook_host"], name="task_hook_due"
            ),
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
        """The message with its buttons: its own, or the one that it edited."""
        return self.message_id or self.parent_message_id

    @property
    def is_terminal(self) -> bool:
        return self.status in TERMINAL
