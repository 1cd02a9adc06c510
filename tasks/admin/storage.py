"""The storage of kept pictures in the admin: its settings, its test, the move."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from solo.admin import SingletonModelAdmin

from mjproxy.lib.admin.secret_forms import SecretForm, removal_field, secret_field
from mjproxy.lib.admin.theme import ModelAdmin
from tasks.enums import StorageKind
from tasks.models import STORAGE_SECRETS, StorageSettings
from tasks.models.storage import WHERE
from tasks.pictures.kept import files, places, trial

_PAGE: Final = "admin:tasks_storage_now"
_BUCKET: Final = (
    *("endpoint", "region", "bucket", "bucket_names", "prefix", "access_key"),
    *("new_secret_key", "remove_secret_key", "are_there"),
)
_LINKS: Final = (
    *("links", "link_minutes", "public_base", "full_style", "thumbnail_style"),
)


class StorageSettingsForm(SecretForm[StorageSettings]):
    """The storage. What names its objects stays while pictures lie in the bucket."""

    secrets = STORAGE_SECRETS

    new_secret_key = secret_field("Secret key")
    remove_secret_key = removal_field("Remove the secret key")
    are_there = removal_field("The pictures lie at the new place already")

    class Meta:
        model = StorageSettings
        exclude = STORAGE_SECRETS

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("kind") == StorageKind.BUCKET:
            self._check_usable()
        changed = [name for name in WHERE if name in self.changed_data]
        if changed and not data.get("are_there") and files.is_bucket_used():
            text = (
                "Pictures lie in the bucket. Move them to the data folder first, or "
                "copy them yourself and say so below."
            )
            for name in changed:
                self.add_error(name, text)
        return data

    def _check_usable(self) -> None:
        if self.stored("secret_key") is False:
            self.add_error("new_secret_key", "A bucket needs it.")
        if not places.is_installed():
            self.add_error("kind", places.NOT_INSTALLED)


@admin.register(StorageSettings)
class StorageSettingsAdmin(SingletonModelAdmin, ModelAdmin[StorageSettings]):
    form = StorageSettingsForm
    change_form_template = ""  # the theme's
    fieldsets: ClassVar = [
        (None, {"fields": ("kind", "thumbnails", "keep_previews", "keep_brought")}),
        ("Bucket", {"fields": _BUCKET}),
        ("How people get pictures from the bucket", {"fields": _LINKS}),
    ]

    def get_urls(self) -> list[URLPattern]:
        page = path(
            "now/", self.admin_site.admin_view(self.now), name="tasks_storage_now"
        )
        return [page, *super().get_urls()]

    def now(self, request: HttpRequest) -> HttpResponse:
        """Show where the files lie and how the move goes on; a POST does a deed."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        row = StorageSettings.get_solo()
        if request.method == "POST":
            self._do(request, request.POST.get("deed", ""), row)
            return HttpResponseRedirect(reverse(_PAGE))
        context = {
            **self.admin_site.each_context(request),
            "title": "Storage now",
            "opts": self.model._meta,
            "row": row,
            "not_installed": "" if places.is_installed() else places.NOT_INSTALLED,
            **files.counts(),
        }
        return TemplateResponse(request, "tasks/storage_now.html", context)

    def _do(self, request: HttpRequest, deed: str, row: StorageSettings) -> None:
        if deed == "test":
            trial.ask()
            text = "A worker tests the bucket. Load the page again in a moment."
        elif deed == "move":
            count = files.move_all(row.kind)
            text = f"{count} file(s) move to {row.get_kind_display()}."
        elif deed == "stop":
            text = f"{files.stop_moving()} file(s) stay where they are."
        elif deed == "thumbnails" and not row.thumbnails:
            text = "Nothing was done: the settings ask for no thumbnails."
        elif deed == "thumbnails":
            text = f"Thumbnails of {files.make_missing_thumbnails()} file(s) are made."
        elif deed == "again":
            text = f"Work on {files.try_now()} file(s) is tried again now."
        else:
            text = "Nothing was done: the button is unknown."
        self.message_user(request, text)
