"""Addresses of the pages of this app."""

from __future__ import annotations

from django.urls import path

from accounts.views import sign_in, sign_out

urlpatterns = [
    path("sign-in", sign_in, name="sign-in"),
    path("sign-out", sign_out, name="sign-out"),
]
