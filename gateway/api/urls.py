"""Addresses below each /mj prefix that this app serves."""

from __future__ import annotations

from django.urls import path

from gateway.api import account_views
from gateway.live.sse import TaskStreamView

_id = "<account_id>"

urlpatterns = [
    path("task/<task_id>/stream", TaskStreamView.as_view()),
    path(f"admin/account-sync/{_id}", account_views.AccountSyncView.as_view()),
    path(
        f"admin/account-change-version/{_id}",
        account_views.AccountVersionView.as_view(),
    ),
    path(f"admin/account-action/{_id}", account_views.AccountActionView.as_view()),
    path(f"admin/account-command/{_id}", account_views.AccountCommandView.as_view()),
    path(f"admin/account-queries/{_id}", account_views.AccountQueriesView.as_view()),
]
