"""Users and their API keys."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from accounts.enums import PriorityClass
from mjproxy.lib.db.encrypted_field import EncryptedTextField


class User(AbstractUser):
    """A person or a program.

    Staff are operators; other users see their own tasks only.
    """

    # Existing programs have names with blanks and other scripts.
    username = models.CharField(
        "name",
        max_length=150,
        unique=True,
        validators=[RegexValidator(r"^[^\x00-\x1f\x7f]+$", "No control characters.")],
        error_messages={"unique": "This name is already in use."},
    )
    webhook_secret = EncryptedTextField(blank=True, editable=False)
    priority = models.SmallIntegerField(
        choices=PriorityClass,
        default=PriorityClass.NORMAL,
        help_text="Order of the users whose tasks wait for the same account.",
    )

    @property
    def is_operator(self) -> bool:
        return self.is_active and self.is_staff


class ApiKey(models.Model):
    """A key of a user, stored as a hash. The key itself is shown once."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80, blank=True)
    prefix = models.CharField(max_length=12, editable=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix}... of {self.owner_id}"
