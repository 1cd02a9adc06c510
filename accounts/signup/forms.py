"""The forms with which people sign up, and change their address."""

from __future__ import annotations

from typing import Any, Final

from allauth.account.forms import AddEmailForm, SignupForm
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors import access_settings
from accounts.signup import invitations, rules
from accounts.signup.adapter import check_domain

LONGEST_ADDRESS: Final = 254


class SignUpForm(SignupForm):
    """An address, a password, and an invitation where one is needed."""

    invitation = forms.CharField(
        max_length=100,
        required=False,
        label=_("Invitation"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    field_order = ("email", "password1", "invitation")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if access_settings().invitation_needed:
            self.fields["invitation"].required = True
        elif not invitations.are_any():
            del self.fields["invitation"]
        for name, longest in (("email", LONGEST_ADDRESS), ("password1", 1000)):
            field = self.fields[name]
            field.validators.append(MaxLengthValidator(longest))
            field.widget.attrs["maxlength"] = str(longest)

    def clean_email(self) -> str:
        email: str = super().clean_email()
        check_domain(email)
        return email

    def clean_invitation(self) -> str:
        code: str = self.cleaned_data["invitation"].strip()
        try:
            rules.check_invitation(code)
        except rules.InvitationNeeded as exc:
            raise ValidationError(_("This invitation is not valid.")) from exc
        return code

    def try_save(self, request: HttpRequest) -> Any:
        """Sign up. A known address takes as long, so that nobody learns of it."""
        if self.account_already_exists:
            User().set_password(self.cleaned_data["password1"])
        return super().try_save(request)


class AddressForm(AddEmailForm):
    """Another mail address; of who signed up, from a domain that may sign up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["email"]
        field.label = _("New address")
        field.validators.append(MaxLengthValidator(LONGEST_ADDRESS))
        field.widget.attrs["maxlength"] = str(LONGEST_ADDRESS)

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if self.user.signed_up_as:
            check_domain(email)
        return email
