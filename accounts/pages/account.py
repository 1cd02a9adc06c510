"""Pages of a person's own account: allauth's views, with the rules of this product."""

from __future__ import annotations

from typing import Any

from allauth.account import views
from allauth.account.decorators import reauthentication_required
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from accounts.mails import people
from accounts.signup.links import mailed_base
from accounts.signup.rules import InvitationNeeded
from mjproxy.lib.db.unique_races import checked_again
from mjproxy.lib.web.page import render_page
from mjproxy.lib.web.throttle import WINDOW

# Pages that say that a mail was sent also say where it waits.
_MAILS = {"is_delayed": people.is_delayed}


class SignUpView(views.SignupView):
    """Signs a person up: the user, the mail and the use of an invitation at once."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return self._sign_up(request)
        except InvitationNeeded:
            # Another person has just used it up, which the form says now.
            return self._sign_up(request)

    @checked_again
    @transaction.atomic
    def _sign_up(self, request: HttpRequest) -> HttpResponse:
        """Sign up; checked again if another request took the address meanwhile."""
        self.__dict__.pop("_cached_form", None)
        answer: HttpResponse = super().post(request)
        return answer


class PasswordResetView(views.PasswordResetView):
    """Mails a link for a new password, where a link is sure to lead here."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not (people.can_be_sent() and mailed_base(request)):
            template = "account/password_reset_closed.html"
            return render_page(request, template, {}, status=503)
        return super().dispatch(request, *args, **kwargs)

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        answer: HttpResponse = super().form_valid(form)
        return answer


@method_decorator(login_required, name="dispatch")
class AddressView(views.EmailView):
    """Changes the mail address: the new one counts once its link was opened.

    Whoever has no password cannot: a session that a key has opened would gain more than
    the key, which can be revoked.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not (people.can_be_sent() and mailed_base(request)):
            return self._refusal(request, has_password=True)
        user: Any = request.user
        if not user.has_usable_password():
            return self._refusal(request, has_password=False)
        return _after_the_password(super().dispatch)(request, *args, **kwargs)

    def _refusal(self, request: HttpRequest, *, has_password: bool) -> HttpResponse:
        context = {"has_password": has_password}
        status = 503 if has_password else 403
        return render_page(
            request, "account/address_closed.html", context, status=status
        )

    @transaction.atomic
    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer: HttpResponse = super().post(request, *args, **kwargs)
        return answer


def _after_the_password(view: Any) -> Any:
    """Let a view answer only who has given the password a moment ago."""
    return reauthentication_required(view)


def too_many_tries(request: HttpRequest) -> HttpResponse:
    """Refuse a page on which somebody has tried too often; allauth keeps the count."""
    page = render_page(request, "429.html", {}, status=429)
    page["Retry-After"] = str(WINDOW)  # no count of allauth lasts longer
    return page


@require_safe
@login_required
def overview(request: HttpRequest) -> HttpResponse:
    """Show what people can change about their account."""
    return render_page(request, "account/overview.html", {})


@require_safe
@login_required
def without_password(request: HttpRequest) -> HttpResponse:
    """Lead a user who has no password to the mail with which to set one.

    A session that a key has opened must not set one by itself: a key can be revoked.
    """
    return redirect("account_reset_password")


sign_up = SignUpView.as_view()
address = AddressView.as_view()
verification_sent = views.EmailVerificationSentView.as_view(extra_context=_MAILS)
confirm_email = transaction.atomic(views.confirm_email)
password_reset = PasswordResetView.as_view()
password_reset_done = views.PasswordResetDoneView.as_view(extra_context=_MAILS)
