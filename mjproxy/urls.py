"""Every address of the web process."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from mjproxy.api import looked_at_only, unknown_address
from mjproxy.documents import docs, schema
from mjproxy.health import healthz, readyz

_dialect: list[URLPattern | URLResolver] = [
    path("", include("tasks.api.urls")),
    path("", include("accounts.api.urls")),
    path("", include("gateway.urls")),
    re_path("", unknown_address),
]

urlpatterns = [
    path("healthz", looked_at_only(healthz)),
    path("readyz", looked_at_only(readyz)),
    path("mj/", include(_dialect)),
    path("mj-fast/mj/", include(_dialect), {"mode": "FAST"}),
    path("mj-relax/mj/", include(_dialect), {"mode": "RELAX"}),
    path("mj-turbo/mj/", include(_dialect), {"mode": "TURBO"}),
    path("api/schema", looked_at_only(schema), name="schema"),
    path("api/docs", looked_at_only(docs), name="docs"),
    path("admin/", admin.site.urls),
    path("", include("accounts.page_urls")),
    path("", include("tasks.page_urls")),
]

handler400 = "mjproxy.api.bad_request"
handler403 = "mjproxy.api.forbidden"
handler404 = "mjproxy.api.not_found"
handler500 = "mjproxy.api.server_error"
