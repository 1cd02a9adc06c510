"""Banned words in the admin: groups, files, and a page to try a prompt."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldBooleanWidget,
)

from accounts.exceptions import InvalidField
from mjproxy.lib.admin.theme import ModelAdmin, page_action
from tasks.models import BannedWordGroup
from tasks.prompts.banned import files
from tasks.prompts.banned.groups import (
    banned_words,
    checked_terms,
    delete_group,
    save_group,
)
from tasks.prompts.text import MAX_PROMPT_LENGTH

_LIST: Final = "admin:tasks_bannedwordgroup_changelist"
_SHOWN_HITS: Final = 50


class TermsField(forms.CharField):
    """Terms that are typed or pasted, one a line; commas separate them too."""

    widget = UnfoldAdminTextareaWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.widget.attrs |= {"rows": 12, "spellcheck": "false"}

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        try:
            return checked_terms([super().clean(value)])
        except InvalidField as exc:
            raise ValidationError(exc.en) from exc


class GroupForm(forms.ModelForm[BannedWordGroup]):
    """One group of banned words."""

    keywords = TermsField(label="Terms", help_text="One a line.")
    allowed = TermsField(
        label="Allowed phrases",
        help_text="One a line. A term inside such a phrase is not found.",
    )

    class Meta:
        model = BannedWordGroup
        fields: ClassVar = [
            *("name", "enabled", "sort", "description", "keywords", "allowed")
        ]


class ImportForm(forms.Form):
    """A file of words, and where they go."""

    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        help_text="Text with one term a line, or a CSV that was exported here.",
    )
    group = forms.ModelChoiceField(
        BannedWordGroup.objects.all(),
        required=False,
        widget=UnfoldAdminSelectWidget,
        help_text="For files that name no groups.",
    )
    replace = forms.BooleanField(
        label="Replace what the groups have",
        required=False,
        widget=UnfoldBooleanWidget,
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > files.MOST_BYTES:
            raise ValidationError(f"Larger than {files.MOST_BYTES // 1_000_000} MB.")
        data: bytes = file.read()
        return data


class TryForm(forms.Form):
    """A prompt to search for banned words."""

    prompt = forms.CharField(
        max_length=MAX_PROMPT_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
    )


@admin.register(BannedWordGroup)
class BannedWordGroupAdmin(ModelAdmin[BannedWordGroup]):
    form = GroupForm
    list_display = ("name", "enabled", "count", "sort", "description")
    list_editable = ("enabled",)
    list_filter = ("enabled",)
    search_fields = ("name", "description")
    actions_list = ("import_words", "try_words")
    actions = ("export_csv", "export_text")

    @admin.display(description="Terms")
    def count(self, group: BannedWordGroup) -> int:
        return len(group.keywords)

    def save_model(
        self,
        request: HttpRequest,
        obj: BannedWordGroup,
        form: Any,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        save_group(obj)

    def has_delete_permission(
        self, request: HttpRequest, obj: BannedWordGroup | None = None
    ) -> bool:
        may = super().has_delete_permission(request, obj)
        return may and not (obj and obj.is_default)

    def delete_model(self, request: HttpRequest, obj: BannedWordGroup) -> None:
        delete_group(obj)

    def delete_queryset(
        self, request: HttpRequest, queryset: QuerySet[BannedWordGroup]
    ) -> None:
        for group in queryset:
            delete_group(group)

    @admin.action(description="Export as CSV", permissions=["view"])
    def export_csv(
        self, request: HttpRequest, queryset: QuerySet[BannedWordGroup]
    ) -> HttpResponse:
        return _download(files.as_csv(queryset), "banned-words.csv", "text/csv")

    @admin.action(description="Export as text", permissions=["view"])
    def export_text(
        self, request: HttpRequest, queryset: QuerySet[BannedWordGroup]
    ) -> HttpResponse:
        return _download(files.as_text(queryset), "banned-words.txt", "text/plain")

    @page_action("Import…", permissions=["add", "change"])
    def import_words(self, request: HttpRequest) -> HttpResponse:
        """Show the form of an import, or import a file."""
        is_post = request.method == "POST"
        form = ImportForm(request.POST, request.FILES) if is_post else ImportForm()
        if is_post and form.is_valid():
            data = form.cleaned_data
            try:
                count = files.import_words(
                    data["file"], data["group"], replace=data["replace"]
                )
            except files.BadFile as exc:
                form.add_error("file", str(exc))
            except InvalidField as exc:
                form.add_error("file", exc.en)
            else:
                self.message_user(request, f"{count} word(s) read.")
                return HttpResponseRedirect(reverse(_LIST))
        return self._page(request, form, "Import banned words", "Import")

    @page_action("Try a prompt", permissions=["view"])
    def try_words(self, request: HttpRequest) -> HttpResponse:
        """Show which terms strike in a prompt, and where."""
        form = TryForm(request.POST or None)
        found: dict[str, object] = {}
        if form.is_valid():
            hits = banned_words().hits(form.cleaned_data["prompt"])
            found = {"hits": hits[:_SHOWN_HITS], "count": len(hits), "is_done": True}
        return self._page(request, form, "Try banned words", "Try", **found)

    def _page(
        self,
        request: HttpRequest,
        form: forms.Form,
        title: str,
        submit: str,
        **found: object,
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "submit": submit,
            "form": form,
            "opts": self.opts,
            "media": self.media + form.media,
            **found,
        }
        return TemplateResponse(request, "tasks/banned_words.html", context)


def _download(text: str, name: str, kind: str) -> HttpResponse:
    # The mark at the beginning tells spreadsheets that it is UTF-8.
    response = HttpResponse(f"\ufeff{text}", content_type=f"{kind}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
