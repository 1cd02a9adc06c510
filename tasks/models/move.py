"""MoveIn: moving in from another server; and what is remembered of its rows."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.utils import timezone

from mjproxy.lib.db.encrypted_field import EncryptedTextField
from tasks.enums import CopyState, MoveSource, MoveState
from tasks.models.task import Task

LONGEST_HOST: Final = 300


class MoveIn(models.Model):
    """One run of moving in: where it is, and its report.

    `part`, `page` and `offset` say what is read next. They are written with the rows
    that were taken, so a killed process loses nothing and repeats nothing.
    """

    SECRETS: ClassVar = ("api_key", "given")

    source = models.CharField(max_length=8, choices=MoveSource)
    host = models.CharField("address", max_length=LONGEST_HOST, blank=True)
    # Both are removed when the run ends.
    api_key = EncryptedTextField(blank=True, editable=False)
    given = EncryptedTextField(
        blank=True, editable=False, help_text="Accounts that were sent along, as JSON."
    )
    is_dry = models.BooleanField(
        "dry run", default=False, help_text="Reads everything and writes nothing."
    )
    with_pictures = models.BooleanField(
        "copy the pictures",
        default=True,
        help_text="Workers fetch the pictures of its tasks and keep them here.",
    )
    state = models.CharField(max_length=8, choices=MoveState, default=MoveState.OPEN)
    # 1 while it is open, so that there is one open run at most.
    open_key = models.PositiveSmallIntegerField(
        null=True, default=1, unique=True, editable=False
    )
    problem = models.CharField(
        max_length=400, blank=True, help_text="Why it failed, or waits."
    )

    part = models.CharField(max_length=20, blank=True)
    page = models.PositiveIntegerField(default=0)
    offset = models.PositiveIntegerField(
        default=0, help_text="Rows of the page that are done."
    )
    page_digest = models.CharField(
        max_length=64, blank=True, help_text="Of the page before."
    )
    # For each part: numbers and reasons. `lines` tells of single rows.
    report = models.JSONField(default=dict)

    claim = models.PositiveIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, help_text="Not before.")

    owner_id = models.BigIntegerField(
        help_text="The user who gets the tasks of users that are not known."
    )
    # Who is named in the audit log.
    actor = models.CharField("started by", max_length=200, blank=True)
    actor_origin = models.CharField(max_length=45, blank=True)
    actor_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField("started", default=timezone.now)
    ended_at = models.DateTimeField("ended", null=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        verbose_name = "move"
        verbose_name_plural = "moving in"

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.host}".strip()

    @property
    def is_open(self) -> bool:
        return self.state == MoveState.OPEN


class MovedRow(models.Model):
    """The row here that stands for one of another server.

    Tasks keep their ids, so they have no such row.
    """

    host = models.CharField(max_length=LONGEST_HOST)
    kind = models.CharField(max_length=12)
    old_id = models.CharField(max_length=80)
    new_id = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["host", "kind", "old_id"], name="moved_row_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.old_id} of {self.host}"


class AwaitedParent(models.Model):
    """The id of a moved task's parent, until the parent has been moved too."""

    task = models.OneToOneField(Task, models.CASCADE, primary_key=True)
    # No foreign key: that task is not here.
    awaited_id = models.BigIntegerField(db_index=True)

    def __str__(self) -> str:
        return f"parent {self.awaited_id} of {self.task_id}"


class MovedPicture(models.Model):
    """The copy of a moved task's picture: what is left to do, or how it ended."""

    task = models.OneToOneField(Task, models.CASCADE, primary_key=True)
    move = models.ForeignKey(MoveIn, models.CASCADE, related_name="pictures")
    host = models.CharField(
        max_length=260, help_text="Where it was; a host that fails is left alone."
    )
    state = models.CharField(max_length=8, choices=CopyState, default=CopyState.DUE)
    tries = models.PositiveSmallIntegerField(
        default=0, help_text="Counted when they begin, so that a kill counts too."
    )
    next_at = models.DateTimeField(
        default=timezone.now, help_text="The next try; until then one is under way."
    )
    reason = models.CharField(
        max_length=400, blank=True, help_text="Why it was given up, or waits."
    )

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["state", "next_at", "host"], name="moved_picture_due"),
            models.Index(fields=["move", "state"], name="moved_picture_counts"),
        ]

    def __str__(self) -> str:
        return f"picture of {self.task_id}"
