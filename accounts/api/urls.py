"""Addresses under each /mj prefix that this app serves."""

from __future__ import annotations

from django.urls import path

from accounts.api.views import AccountView, AddAccountView, AddUserView

urlpatterns = [
    path("admin/account", AddAccountView.as_view()),
    path("admin/account/<account_id>", AccountView.as_view()),
    path("admin/user", AddUserView.as_view()),
]
