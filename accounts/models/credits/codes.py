"""Codes that give credits to who redeems them, made in batches, stored as hashes."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models.users import User
from mjproxy.lib.validators.number_limits import between


class RedeemBatch(models.Model):
    """Codes that were made together. The codes themselves are exported once."""

    credits = models.PositiveIntegerField(
        "credits of each code", validators=between(1, 1_000_000_000)
    )
    size = models.PositiveIntegerField("codes", validators=between(1, 10_000))
    note = models.CharField(max_length=400, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    is_on = models.BooleanField(
        "on", default=True, help_text="Off: its codes cannot be redeemed."
    )
    made_by = models.CharField(max_length=150, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        verbose_name = "batch of codes"
        verbose_name_plural = "batches of codes"

    def __str__(self) -> str:
        return f"batch {self.pk}: {self.size} × {self.credits}"


class RedeemCode(models.Model):
    """A code of a batch; whoever redeems it first has its credits."""

    batch = models.ForeignKey(RedeemBatch, models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64, unique=True)
    used_by = models.ForeignKey(User, models.SET_NULL, null=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"code {self.pk} of batch {self.batch_id}"
