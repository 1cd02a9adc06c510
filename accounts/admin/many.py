"""Pages of the admin that edit, export and import many accounts."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Final

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters

from accounts.admin.account_form import AccountForm
from accounts.admin.many_forms import ExportForm, ImportForm, ManyForm
from accounts.editing import many
from accounts.models import DiscordAccount
from accounts.selectors import without_secrets
from accounts.transfer.accounts import Refused, export_file, import_file
from accounts.transfer.answer import file_answer
from accounts.wire.account import WRITABLE
from mjproxy.lib.admin.theme import ModelAdmin, page_action
from mjproxy.lib.sealed_file import BadFile

_TEMPLATE: Final = "accounts/many.html"
_FIELDS: Final = [member.field for member in WRITABLE.values() if member.bulk]
_SHOWN_ERRORS: Final = 20


class ManyAccountsAdmin(ModelAdmin[DiscordAccount]):
    """Adds the pages for many accounts to the admin of accounts."""

    actions_list = ("import_accounts",)

    @admin.action(description="Edit together…", permissions=["change"])
    def edit_together(
        self, request: HttpRequest, queryset: QuerySet[DiscordAccount]
    ) -> HttpResponse | None:
        applied = "apply" in request.POST
        form = ManyForm(self._fields(request), request.POST if applied else None)
        if applied and form.is_valid() and self._applied(request, queryset, form):
            return None
        return self._page(request, form, "Edit together", "Change", chosen=queryset)

    def _applied(
        self,
        request: HttpRequest,
        queryset: QuerySet[DiscordAccount],
        form: ManyForm,
    ) -> bool:
        changes = dict(form.changes)
        if "vertical_domains" in changes:
            changes["vertical_domains"] = [
                str(tag.pk) for tag in changes["vertical_domains"]
            ]
        rows = DiscordAccount.objects.filter(pk__in=list(_ids(queryset)))
        try:
            name = request.user.get_username()
            count = many.edit_many(without_secrets(rows), changes, by=name)
        except many.NotForAll as exc:
            names = {account.pk: str(account) for account in without_secrets(rows)}
            for pk, error in list(exc.errors.items())[:_SHOWN_ERRORS]:
                text = f"{names.get(pk, pk)}: {' '.join(error.messages)}"
                form.add_error(None, text)
            return False
        self.message_user(request, f"{count} account(s) changed.")
        return True

    def _fields(self, request: HttpRequest) -> dict[str, forms.Field]:
        """Return the fields with the theme's widgets, in the order of the table."""
        declared: dict[str, forms.Field] = AccountForm.declared_fields
        found: dict[str, forms.Field] = {}
        for name in _FIELDS:
            field: Any = DiscordAccount._meta.get_field(name)
            made: Any = deepcopy(declared.get(name))
            if made is None:
                made = self.formfield_for_dbfield(field, request)
            found[name] = made
        return found

    @method_decorator(sensitive_post_parameters())
    @admin.action(description="Export…", permissions=["change"])
    def export_accounts(
        self, request: HttpRequest, queryset: QuerySet[DiscordAccount]
    ) -> HttpResponse:
        applied = "apply" in request.POST
        form = ExportForm(request.POST if applied else None)
        if applied and form.is_valid():
            rows = DiscordAccount.objects.filter(pk__in=list(_ids(queryset)))
            try:
                passphrase = form.cleaned_data["passphrase"]
                name = request.user.get_username()
                return file_answer(export_file(rows, passphrase, by=name))
            except BadFile as exc:
                form.add_error(None, str(exc))
        return self._page(request, form, "Export", "Write the file", chosen=queryset)

    @method_decorator(sensitive_post_parameters())
    @page_action("Import…", permissions=["add", "change"])
    def import_accounts(self, request: HttpRequest) -> HttpResponse:
        is_post = request.method == "POST"
        form = ImportForm(request.POST, request.FILES) if is_post else ImportForm()
        if is_post and form.is_valid() and self._imported(request, form):
            address = reverse("admin:accounts_discordaccount_changelist")
            return HttpResponseRedirect(address)
        return self._page(request, form, "Import accounts", "Import")

    def _imported(self, request: HttpRequest, form: ImportForm) -> bool:
        data = form.cleaned_data
        try:
            report = import_file(
                data["file"],
                data["passphrase"],
                update=data["update"],
                by=request.user.get_username(),
            )
        except BadFile as exc:
            form.add_error(None, str(exc))
            return False
        except Refused as exc:
            form.add_error(None, str(exc))
            for number, text in list(exc.report.errors.items())[:_SHOWN_ERRORS]:
                form.add_error(None, f"{number}: {text}")
            return False
        self.message_user(request, str(report), messages.SUCCESS)
        return True

    def _page(
        self,
        request: HttpRequest,
        form: forms.Form,
        title: str,
        submit: str,
        chosen: QuerySet[DiscordAccount] | None = None,
    ) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "media": self.media + form.media,
            "title": title,
            "form": form,
            "submit": submit,
        }
        if chosen is not None:
            across = request.POST.get("select_across") == "1"
            count = chosen.count()
            context |= {
                "count": count,
                "hidden": [
                    ("action", request.POST.get("action", "")),
                    ("select_across", "1" if across else "0"),
                    *(
                        (ACTION_CHECKBOX_NAME, pk)
                        for pk in list(_ids(chosen))[: 1 if across else None]
                    ),
                ],
            }
        return TemplateResponse(request, _TEMPLATE, context)


def _ids(queryset: QuerySet[DiscordAccount]) -> Any:
    return queryset.order_by().values_list("pk", flat=True)
