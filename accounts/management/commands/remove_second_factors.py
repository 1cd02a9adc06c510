"""`manage.py remove_second_factors NAME`: let a user in who has lost theirs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.models import User
from accounts.signup.second_factors import remove_all
from mjproxy.lib.audit.commands import AuditedCommand


class Command(AuditedCommand):
    help = "Remove a user's authenticator app, passkeys and recovery codes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the user's name")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError("No user has this name")
        self.stdout.write(f"Removed: {remove_all(user)}")
