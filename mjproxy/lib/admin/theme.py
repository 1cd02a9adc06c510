"""Base classes of admin pages, as typed wrappers of the theme's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Model
from django.http import HttpRequest
from unfold.decorators import action, display

from mjproxy.lib.admin.audited import AuditedAdmin
from mjproxy.lib.validators.number_limits import limits_of

if TYPE_CHECKING:  # the theme has no types; its classes extend Django's
    from django.contrib.admin import TabularInline
else:
    from unfold.admin import TabularInline

__all__ = [
    "ModelAdmin",
    "ReadOnly",
    "TabularInline",
    "badge",
    "page_action",
]

M = TypeVar("M", bound=Model)
F = TypeVar("F", bound=Callable[..., Any])


def badge(
    description: str, colours: Mapping[Any, str], *, ordering: str | None = None
) -> Callable[[F], F]:
    """Show a column as a coloured label; the method returns (value, text)."""

    def mark(function: F) -> F:
        marked = display(
            description=description, label=dict(colours), ordering=ordering
        )
        return cast(F, marked(function))

    return mark


def page_action(description: str, *, permissions: list[str]) -> Callable[[F], F]:
    """Make a page of a method, and a button above the list that leads to it."""

    def mark(function: F) -> F:
        path = function.__name__.replace("_", "-")
        marked = action(description=description, url_path=path, permissions=permissions)
        return cast(F, marked(function))

    return mark


class ModelAdmin(AuditedAdmin[M]):
    """Pages of a model; number fields have the limits of their model fields."""

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        kwargs = limits_of(db_field) | kwargs
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_changelist_formset(self, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the forms of a list that is edited, with names for screen readers."""
        forms: Any = super().get_changelist_formset(request, **kwargs)
        for field in forms.form.base_fields.values():
            field.widget.attrs.setdefault("aria-label", str(field.label))
        return forms

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Show or save the form of one row.

        If another request has written the same values since the form was checked, the
        form is checked again and shows the error.
        """
        view = super().changeform_view
        try:
            return view(request, *args, **kwargs)
        except (IntegrityError, ValidationError):
            return view(request, *args, **kwargs)


class ReadOnly(ModelAdmin[M]):
    """Read-only pages for rows that only the product writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        return False
