"""Write the entries of the audit log."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db.models import Model
from django.urls import reverse

from accounts.models import AuditEntry
from mjproxy.lib.audit.actors import Actor
from mjproxy.lib.audit.records import Entry, kind_of
from mjproxy.lib.audit.values import as_name

AT_ONCE = 500


class Rows:
    """The log as rows of AuditEntry."""

    def write(self, actor: Actor, entries: list[Entry]) -> None:
        """Write entries in the transaction that is open."""
        AuditEntry.objects.bulk_create(
            (
                AuditEntry(
                    user_id=actor.user_id,
                    actor=as_name(actor.name),
                    origin=actor.origin,
                    action=entry.action,
                    kind=entry.kind,
                    object_id=entry.object_id,
                    name=entry.name,
                    changes=entry.changes,
                )
                for entry in entries
            ),
            batch_size=AT_ONCE,
        )

    def address_of(self, model: type[Model], pk: str) -> str:
        """Return the address of the admin's page with the entries of one row."""
        page = reverse("admin:accounts_auditentry_changelist")
        return f"{page}?{urlencode({'kind': kind_of(model), 'object_id': pk})}"
