"""URL configuration of the web process."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.decorators.http import require_POST
from django.views.i18n import set_language

from mjproxy.health.views import healthz, readyz
from mjproxy.setting_document.views import SettingView
from mjproxy.web.json_api import read_only, unknown_address
from mjproxy.web.schema_document import docs, schema

admin.autodiscover()  # other processes need none of its pages

_dialect: list[URLPattern | URLResolver] = [
    path("", include("tasks.api.urls")),
    path("", include("accounts.api.urls")),
    path("", include("gateway.api.urls")),
    path("admin/setting", SettingView.as_view()),
    re_path("", unknown_address),
]

urlpatterns = [
    path("healthz", read_only(healthz)),
    path("readyz", read_only(readyz)),
    path("mj/", include(_dialect)),
    path("mj-fast/mj/", include(_dialect), {"mode": "FAST"}),
    path("mj-relax/mj/", include(_dialect), {"mode": "RELAX"}),
    path("mj-turbo/mj/", include(_dialect), {"mode": "TURBO"}),
    path("api/schema", read_only(schema), name="schema"),
    path("api/docs", read_only(docs), name="docs"),
    path("admin/", admin.site.urls),
    path("language", require_POST(set_language), name="language"),
    path("", include("accounts.pages.urls")),
    path("", include("tasks.pages.urls")),
]

handler400 = "mjproxy.web.json_api.bad_request"
handler403 = "mjproxy.web.json_api.forbidden"
handler404 = "mjproxy.web.json_api.not_found"
handler429 = "accounts.pages.account.too_many_tries"
handler500 = "mjproxy.web.json_api.server_error"
