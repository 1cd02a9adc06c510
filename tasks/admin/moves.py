"""Moving in, in the admin: a form that begins a run, its progress and its report."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from accounts.exceptions import InvalidField
from mjproxy.lib.admin.theme import ReadOnly, badge, page_action
from tasks.enums import MoveSource, MoveState
from tasks.models import MoveIn
from tasks.models.move import LONGEST_HOST
from tasks.moving import report
from tasks.moving.begin import LONGEST_KEY, begin, stop
from tasks.moving.java_settings import MOST_BYTES, accounts_in
from tasks.moving.pictures import rows as copies
from tasks.moving.sources import SOURCES

_COLOURS: Final = {
    MoveState.OPEN: "info",
    MoveState.DONE: "success",
    MoveState.FAILED: "danger",
    MoveState.STOPPED: "warning",
}


class MoveForm(forms.Form):
    """The server to move in from."""

    source = forms.ChoiceField(
        choices=MoveSource.choices, widget=UnfoldAdminSelectWidget
    )
    host = forms.CharField(
        label="Address",
        max_length=LONGEST_HOST,
        widget=UnfoldAdminTextInputWidget,
        help_text="As https://old.example.",
    )
    api_key = forms.CharField(
        label="Key of an operator there",
        max_length=LONGEST_KEY,
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text="Kept encrypted until the run ends.",
    )
    settings_file = forms.FileField(
        label="application.yml",
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text="Of the Java line: its accounts are taken.",
    )
    is_dry = forms.BooleanField(
        label="Dry run",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Reads everything and writes nothing.",
    )
    with_pictures = forms.BooleanField(
        label="Copy the pictures too",
        required=False,
        initial=True,
        widget=UnfoldBooleanWidget,
        help_text="Workers fetch them afterwards, two at a time, and keep them here. "
        "Keep the old server and its bucket until the page of the run says that none "
        "is left. Without it tasks only link to them.",
    )


@admin.register(MoveIn)
class MoveInAdmin(ReadOnly[MoveIn]):
    list_display = ("__str__", "standing", "where", "is_dry", "created_at", "ended_at")
    list_filter = ("source", "state")
    actions_list = ("move_in",)
    actions = ("stop",)
    fields = ("source", "host", "is_dry", "with_pictures", "actor", "created_at")
    change_form_outer_before_template = "tasks/move_now.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[MoveIn]:
        return super().get_queryset(request).defer(*MoveIn.SECRETS)

    @badge("State", _COLOURS)
    def standing(self, move: MoveIn) -> tuple[str, str]:
        return move.state, move.get_state_display()

    @admin.display(description="Where it is")
    def where(self, move: MoveIn) -> str:
        return f"{move.part}, page {move.page + 1}" if move.is_open else ""

    def get_urls(self) -> list[URLPattern]:
        stops = path(
            "<int:move_id>/stop/",
            self.admin_site.admin_view(require_POST(self.stop_one)),
            name="tasks_movein_stop",
        )
        return [stops, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        now: dict[str, Any] = {}
        if move := self.get_object(request, object_id):
            pictures = copies.counts(move.pk)
            is_asking = move.is_open or pictures.left > 0
            parts = [part.name for part in SOURCES[MoveSource(move.source)]]
            now = {
                "where": self.where(move),
                "parts": report.numbers(move.report, parts),
                "lines": report.in_words(move.report),
                "pictures": pictures,
                "is_asking": is_asking,
                "may_stop": is_asking and self.has_start_permission(request),
            }
        context = {**(extra_context or {}), "now": now}
        return super().change_view(request, object_id, form_url, context)

    def stop_one(self, request: HttpRequest, move_id: int) -> HttpResponse:
        """Stop a run, or its copies of pictures, from its own page."""
        if not self.has_start_permission(request):
            raise PermissionDenied
        was_open = stop(move_id)
        text = "It is stopped." if was_open else "It was over already."
        self.message_user(request, text)
        return HttpResponseRedirect(
            reverse("admin:tasks_movein_change", args=[move_id])
        )

    @admin.action(description="Stop", permissions=["start"])
    def stop(self, request: HttpRequest, queryset: QuerySet[MoveIn]) -> None:
        stopped = [pk for pk in queryset.values_list("pk", flat=True) if stop(pk)]
        self.message_user(request, f"{len(stopped)} run(s) stopped.")

    def has_start_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    @method_decorator(sensitive_post_parameters())
    @page_action("Move in…", permissions=["start"])
    def move_in(self, request: HttpRequest) -> HttpResponse:
        """Show the form, or begin a run and show it."""
        is_post = request.method == "POST"
        form = MoveForm(request.POST, request.FILES) if is_post else MoveForm()
        if form.is_valid() and (move := _begun(form)):
            self.message_user(request, "It has begun.", messages.SUCCESS)
            return HttpResponseRedirect(
                reverse("admin:tasks_movein_change", args=[move.pk])
            )
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media + form.media,
            "title": "Move in",
            "form": form,
        }
        return TemplateResponse(request, "tasks/move_in.html", context)


def _begun(form: MoveForm) -> MoveIn | None:
    data = form.cleaned_data
    try:
        file = data["settings_file"]
        return begin(
            MoveSource(data["source"]),
            data["host"],
            data["api_key"],
            is_dry=data["is_dry"],
            with_pictures=data["with_pictures"],
            given=accounts_in(file.read(MOST_BYTES + 1)) if file else None,
        )
    except InvalidField as exc:
        form.add_error(None, exc.en)
        return None
