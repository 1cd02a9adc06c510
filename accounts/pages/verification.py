"""Show operators the page of an account that needs a human verification."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts.enums import AccountState
from accounts.models import DiscordAccount, Verification
from accounts.selectors import without_secrets
from accounts.state.links import verification_path
from accounts.verification import lock

# The page polls this long for a new link.
PATIENCE: Final = timedelta(seconds=30)


@require_http_methods(["GET", "HEAD", "POST"])
@cache_control(no_store=True, no_transform=True)  # anyone with the link can answer it
def verification_page(request: HttpRequest, account_id: int) -> HttpResponse:
    """Show an account's verification; on POST make a link or mark it passed."""
    account = get_object_or_404(
        without_secrets(DiscordAccount.objects.filter(pk=account_id))
    )
    if request.method == "POST":
        _act(request, account)
        return redirect(verification_path(account.pk))
    context = {**admin.site.each_context(request), **_shown(account)}
    return render(request, "accounts/verification.html", context)


def _act(request: HttpRequest, account: DiscordAccount) -> None:
    match request.POST.get("what"):
        case "link":
            if not lock.want_page(account.pk):
                messages.error(request, _("There is no challenge to make a link from."))
        case "passed":
            if lock.passed(account.pk, by=request.user.get_username()):
                text = _("The account connects again and draws.")
                messages.success(request, text)
            else:
                messages.info(request, _("The account was not locked any more."))


def _ago(moment: datetime | None) -> str:
    if moment is None:
        return ""
    if timezone.now() - moment < timedelta(minutes=1):
        return _("just now")
    return _("%(time)s ago") % {"time": timesince(moment, depth=1)}


def _shown(account: DiscordAccount) -> dict[str, object]:
    last = Verification.objects.filter(account=account)
    passed_at = last.values_list("passed_at", flat=True).first()
    row = lock.row_of(account) or Verification(account=account, passed_at=passed_at)
    now = timezone.now()
    return {
        "title": _("Human verification"),
        "since": _ago(account.state_since),
        "made": _ago(row.page_at),
        "told": _ago(row.accepted_at),
        "passed": _ago(row.passed_at),
        "account": account,
        "row": row,
        "is_locked": account.state == AccountState.VERIFICATION,
        "is_again": bool(
            row.passed_at and row.asked_at - row.passed_at < lock.LINK_LIFE
        ),
        "is_making": bool(row.wanted_at and now - row.wanted_at < PATIENCE),
        "is_stale": bool(row.page_at and now - row.page_at > lock.LINK_LIFE),
    }
