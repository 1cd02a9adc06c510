"""Addresses under each /mj prefix that this app serves."""

from __future__ import annotations

from django.urls import path

from accounts.api.bulk_views import AdminAccountsView, EnableAccountsView
from accounts.api.pool_views import PoolFetchView, PoolListView
from accounts.api.register_views import RegisterView
from accounts.api.session_views import CurrentView, LoginView, LogoutView
from accounts.api.tag_views import DomainTagsView, DomainTagView, SaveDomainTagView
from accounts.api.transfer_views import ExportView, ImportView
from accounts.api.user_views import SaveUserView, UsersView, UserView
from accounts.api.verification_views import (
    VerificationReportView,
    VerificationView,
)
from accounts.api.views import (
    AddAccountView,
    AdminAccountView,
    ReconnectView,
)

urlpatterns = [
    path("account/list", PoolListView.as_view()),
    path("account/<account_id>/fetch", PoolFetchView.as_view()),
    path("admin/accounts", AdminAccountsView.as_view()),
    path("admin/account/<account_id>", AdminAccountView.as_view()),
    path("admin/account-cf/<account_id>", VerificationView.as_view()),
    path("admin/account-cf-notify", VerificationReportView.as_view()),
    path("admin/account", AddAccountView.as_view()),
    path("admin/account-reconnect/<account_id>", ReconnectView.as_view()),
    path("admin/accounts-enable", EnableAccountsView.as_view()),
    path("admin/accounts-export", ExportView.as_view()),
    path("admin/accounts-import", ImportView.as_view()),
    path("admin/current", CurrentView.as_view()),
    path("admin/domain-tags", DomainTagsView.as_view()),
    path("admin/domain-tag", SaveDomainTagView.as_view()),
    path("admin/domain-tag/<tag_id>", DomainTagView.as_view()),
    path("admin/login", LoginView.as_view()),
    path("admin/logout", LogoutView.as_view()),
    path("admin/register", RegisterView.as_view()),
    path("admin/users", UsersView.as_view()),
    path("admin/user", SaveUserView.as_view()),
    path("admin/user/<user_id>", UserView.as_view()),
]
