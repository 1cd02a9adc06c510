"""Addresses of the pages of this app."""

from __future__ import annotations

from allauth.account import views
from allauth.usersessions.views import list_usersessions
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from accounts.pages import account
from accounts.pages.credits import buy, credits_page, redeem_code, statement
from accounts.pages.keys import keys, revoke_key
from accounts.pages.payments import payment_report
from accounts.pages.sign_in import sign_in, sign_out
from accounts.pages.verification import verification_page

# Names and views of allauth; what is not listed here has no address.
_account = [
    path("", account.overview, name="account"),
    path("address", account.address, name="account_email"),
    path("sign-up", account.sign_up, name="account_signup"),
    path("inactive", views.account_inactive, name="account_inactive"),
    path("reauthenticate", views.reauthenticate, name="account_reauthenticate"),
    path("mail", account.verification_sent, name="account_email_verification_sent"),
    path("mail/<str:key>", account.confirm_email, name="account_confirm_email"),
    path("password", views.password_change, name="account_change_password"),
    path("password/none", account.without_password, name="account_set_password"),
    path("password/reset", account.password_reset, name="account_reset_password"),
    path(
        "password/reset/mail",
        account.password_reset_done,
        name="account_reset_password_done",
    ),
    path(
        "password/reset/done",
        views.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path(
        "password/reset/<str:uidb36>/<str:key>",
        views.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("security/", include("allauth.mfa.urls")),
    path("sessions", list_usersessions, name="usersessions_list"),
]

urlpatterns = [
    path("sign-in", sign_in, name="sign-in"),
    path("sign-in", sign_in, name="account_login"),
    path("sign-out", sign_out, name="sign-out"),
    path("sign-out", sign_out, name="account_logout"),
    path("account/", include(_account)),
    path("me", RedirectView.as_view(pattern_name="my-keys"), name="me"),
    path("me/keys", keys, name="my-keys"),
    path("me/keys/<int:key_id>/revoke", revoke_key, name="revoke-my-key"),
    path("me/credits", credits_page, name="my-credits"),
    path("me/credits/statement", statement, name="my-statement"),
    path("me/credits/redeem", redeem_code, name="redeem-code"),
    path("me/credits/buy", buy, name="buy-credits"),
    path("payments/<str:way>", payment_report, name="payment-report"),
    path(
        "accounts/<int:account_id>/verification",
        admin.site.admin_view(verification_page),
        name="verification",
    ),
]
