"""`manage.py createsuperuser`: Django's command, with an entry in the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from accounts.models import User
from mjproxy.lib.audit.commands import AuditedCommand
from mjproxy.lib.audit.records import ADD, note


class Command(AuditedCommand, createsuperuser.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        ids = User.objects.order_by("-pk").values_list("pk", flat=True)
        last = ids.first() or 0
        super().handle(*args, **options)
        for user in User.objects.filter(pk__gt=last).defer("webhook_secret"):
            note(ADD, user)
