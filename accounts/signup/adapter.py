"""Answers to allauth: who may sign up, how mails leave, where links lead."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.stages import EmailVerificationStage
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.mails import people
from accounts.models import User
from accounts.people.callers import client_ip
from accounts.people.passes import send_access_changed
from accounts.signup import rules
from accounts.signup.links import mailed_base

logger = logging.getLogger(__name__)

_STAGE = "accounts.signup.adapter.VerificationStage"
_UNKNOWN_ADDRESS = "::"  # a unix socket has none, and the list of sessions needs one


class VerificationStage(EmailVerificationStage):
    """Asks for a verified address only those who signed up with one."""

    def handle(self) -> tuple[HttpResponse | None, bool]:
        user = self.login.user
        if user is not None and not user.signed_up_as:
            return None, True
        answer: tuple[HttpResponse | None, bool] = super().handle()
        return answer


class AccountAdapter(DefaultAccountAdapter):
    """Rules of this product for accounts of people."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "domain": _("Addresses of this domain may not sign up."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return rules.is_open() and bool(mailed_base(request))

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request) or _UNKNOWN_ADDRESS

    def get_login_stages(self) -> list[str]:
        stages: list[str] = super().get_login_stages()
        own = "allauth.account.stages.EmailVerificationStage"
        return [_STAGE if stage == own else stage for stage in stages]

    def save_user(
        self,
        request: HttpRequest,
        user: Any,
        form: Any,
        commit: bool = True,  # noqa: FBT001, FBT002 - allauth's signature
    ) -> Any:
        rules.prepare(
            user,
            email=form.cleaned_data["email"],
            address=client_ip(request),
            code=form.cleaned_data.get("invitation", ""),
        )
        return super().save_user(request, user, form, commit)

    def login(self, request: HttpRequest, user: Any) -> None:
        super().login(request, user)
        user.last_login_from = client_ip(request)
        user.save(update_fields=["last_login_from"])

    @transaction.atomic
    def set_password(self, user: Any, password: str) -> None:
        """Set a password; sessions and streams that were opened before end."""
        super().set_password(user, password)
        send_access_changed(user.pk)

    # --- mails -----------------------------------------------------------------------

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        """Write a mail to the outbox, instead of sending it while the caller waits."""
        user = context.get("user") or self._user_of(email)
        if user is None:
            return
        base = mailed_base(self.request)
        mail = self.render_mail(template_prefix, email, {"base": base} | context)
        people.write(user, email, mail.subject, str(mail.body))

    def _user_of(self, email: str) -> User | None:
        """Return the user who has an address: notices name none."""
        signed_in = getattr(self.request, "user", None)
        if isinstance(signed_in, User):
            return signed_in
        return User.objects.filter(email=email.lower()).order_by("pk").first()

    def get_email_confirmation_url(
        self, request: HttpRequest, emailconfirmation: Any
    ) -> str:
        key = emailconfirmation.key
        return mailed_base(request) + reverse("account_confirm_email", args=[key])

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, _, token = key.partition("-")
        name = "account_reset_password_from_key"
        return mailed_base(self.request) + reverse(name, args=[uid, token])

    # --- addresses -------------------------------------------------------------------

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("account")


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Ends what ended sessions have opened, too."""

    @transaction.atomic
    def end_sessions(self, sessions: Any) -> None:
        ended = list(sessions)
        super().end_sessions(ended)
        for user_id in {session.user_id for session in ended}:
            send_access_changed(user_id)


def check_domain(email: str) -> None:
    """Raise ValidationError for an address whose domain may not sign up."""
    if not rules.is_allowed(email):
        raise ValidationError(AccountAdapter.error_messages["domain"])
