"""Handle events about an errand's interaction, which bring its outcome."""

from __future__ import annotations

from django.db.models import Q

from gateway.protocol.messages import Message
from gateway.protocol.notice_kinds import VERIFICATION
from gateway.protocol.notices import Notice
from gateway.protocol.shapes import Opened
from tasks.enums import ErrandKind
from tasks.errands import finish, give_up
from tasks.models import Errand

_UNKNOWN = "Midjourney 没有响应", "Midjourney did not answer the press"


def _of(account_id: int, nonce: str, *ids: str) -> Errand | None:
    named = [each for each in ids if each]
    known = Q(interaction_id__in=named) | Q(message_id__in=named)
    if nonce:
        known |= Q(nonce=nonce)
    return Errand.objects.filter(known, account=account_id).first()


def seen(account_id: int, data: Opened, *, done: bool) -> bool:
    """Record the id of an errand's interaction; return False if there is none."""
    errand = _of(account_id, str(data.get("nonce") or ""))
    if errand is None:
        return False
    interaction_id = str(data.get("id") or "")
    if interaction_id.isdecimal() and len(interaction_id) <= 20:
        Errand.objects.filter(pk=errand.pk).update(interaction_id=interaction_id)
    if done and errand.kind == ErrandKind.PRESS and not errand.message_id:
        finish(errand.pk, None)
    return True


def failed(account_id: int, data: Opened) -> bool:
    """End a press that Midjourney did not answer.

    A seed is asked for in another place instead.
    """
    errand = _of(account_id, str(data.get("nonce") or ""))
    if errand is None:
        return False
    if errand.kind == ErrandKind.PRESS:
        code = data.get("reason_code")
        zh, en = _UNKNOWN
        give_up(errand.pk, zh, f"{en} (reason {code})")
    return True


def challenged(account_id: int, data: Opened) -> bool:
    """End an errand that was answered with a verification page."""
    errand = _of(account_id, str(data.get("nonce") or ""))
    if errand is None:
        return False
    zh, _, en = Notice(VERIFICATION, "").reason.partition(" / ")
    return give_up(errand.pk, zh, en or zh)


def heard(account_id: int, message: Message, notice: Notice | None) -> bool:
    """Handle a message that answers a press; return False if it does not.

    A press is answered by its button alone. A message is a notice, or comes with it.
    """
    ids = (message.id, *message.interaction_ids)
    errand = _of(account_id, message.nonce, *ids)
    if errand is None or errand.kind != ErrandKind.PRESS:
        return False
    if notice:
        zh, _, en = notice.reason.partition(" / ")
        give_up(errand.pk, zh, en or zh)
    elif message.is_loading:
        Errand.objects.filter(pk=errand.pk).update(message_id=message.id)
    else:
        finish(errand.pk, None)
    return True
