"""Addresses of the pages of this app."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from accounts.pages.sign_in import sign_in, sign_out
from accounts.pages.verification import verification_page

urlpatterns = [
    path("sign-in", sign_in, name="sign-in"),
    path("sign-out", sign_out, name="sign-out"),
    path(
        "accounts/<int:account_id>/verification",
        admin.site.admin_view(verification_page),
        name="verification",
    ),
]
