"""`manage.py check_meters`: compare drawings with tasks, balances with bookings."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.credits import checking
from tasks.cleanup.meters import differences


class Command(BaseCommand):
    help = (
        "Compare the numbers of drawings of today with the tasks. Fewer tasks than "
        "counted drawings mean that tasks were removed; more mean a defect. Compare "
        "each balance of credits with its bookings; a difference means a defect."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        found = list(differences(timezone.localdate()))
        for each in found:
            line = f"{each.name}: {each.counted} counted, {each.tasks} tasks"
            self.stdout.write(line)
        wrong = sum(each.is_wrong for each in found)
        balances = list(checking.differences())
        for each_user in balances:
            self.stdout.write(
                f"user {each_user.user_id}: balance {each_user.balance}, "
                f"bookings {each_user.booked}"
            )
        if wrong or balances:
            raise CommandError(
                f"{wrong} meter(s) have counted too few, "
                f"{len(balances)} balance(s) are wrong."
            )
        self.stdout.write("Nothing was drawn without being counted.")
        self.stdout.write("Every balance is the sum of its bookings.")
