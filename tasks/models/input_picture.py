"""InputPicture: a picture that a request contains or links to."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from tasks.enums import InputRole
from tasks.models.errand import Errand
from tasks.models.task import Task


class InputPicture(models.Model):
    """A picture of a request, as bytes or as a link to fetch.

    The row is deleted with its file when the task or errand is over, or its file
    becomes a kept file (tasks/pictures/kept/brought.py).
    """

    task = models.ForeignKey(Task, models.CASCADE, null=True, related_name="inputs")
    errand = models.ForeignKey(Errand, models.CASCADE, null=True, related_name="inputs")
    role = models.CharField(max_length=10, choices=InputRole)
    position = models.PositiveSmallIntegerField(default=0)
    source_url = models.TextField(blank=True)
    file = models.CharField(max_length=200, blank=True)
    kept_file = models.CharField(max_length=100, blank=True)
    size = models.PositiveIntegerField(default=0, help_text="Bytes of the file.")
    content_type = models.CharField(max_length=40, blank=True)
    width = models.PositiveIntegerField(null=True)
    height = models.PositiveIntegerField(null=True)
    # Its place at Discord: an upload for a command, or a link for a prompt.
    upload_name = models.TextField(blank=True)
    link = models.TextField(blank=True)

    class Meta:
        ordering: ClassVar = ["position", "pk"]

    def __str__(self) -> str:
        return f"{self.role} {self.position} of {self.task_id or self.errand_id}"
