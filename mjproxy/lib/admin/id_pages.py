"""Lists of the admin that are paged by id: each page costs the same, at any depth.

Counting or skipping a million rows takes seconds. A page begins below or above an id
instead (`?before=` and `?after=`), newest rows first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from django.contrib.admin import SimpleListFilter
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:  # the theme has no types; its classes extend Django's
    from django.contrib.admin import ModelAdmin
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.admin import ModelAdmin
    from unfold.views import ChangeList

M = TypeVar("M", bound=Model)
BEFORE: Final = "before"
AFTER: Final = "after"


def id_in(request: HttpRequest, name: str) -> int | None:
    """Return the id in a parameter of the page, or None if it is not one."""
    text = request.GET.get(name, "")
    is_id = text.isascii() and text.isdigit() and len(text) < 20
    return int(text) if is_id and int(text) < 1 << 63 else None


class IdPaginator(Paginator[Any]):
    """The rows of one page, and the template of the links to others."""

    template_name = "admin/id_pages.html"


class IdChangeList(ChangeList):
    """The list, and the links to its older, newer and newest rows."""

    model_admin: IdPages[Any]
    older_url = newer_url = newest_url = note = ""

    def get_query_string(self, new_params: Any = None, remove: Any = None) -> str:
        """Return the query of a link; one to another filter begins at the newest."""
        remove = [*(remove or []), BEFORE, AFTER]
        return super().get_query_string(new_params, remove)

    def get_results(self, request: HttpRequest) -> None:
        rows, size = self.queryset, self.list_per_page
        before, after = id_in(request, BEFORE), id_in(request, AFTER)
        edge = None
        if after is not None:
            found = list(rows.filter(pk__gt=after).order_by("pk")[: size + 1])
            shown = found[:size][::-1]
            has_older, has_newer = bool(shown), len(found) > size
        else:
            if before is not None:
                rows = rows.filter(pk__lt=before)
            found = list(rows.order_by("-pk")[: size + 1])
            shown = found[:size]
            has_older, has_newer = len(found) > size, before is not None
            edge = self.model_admin.searched_down_to(request, self.query)
        self.result_list = shown
        self.result_count = self.full_result_count = len(shown)
        self.show_full_result_count = False
        self.show_admin_actions = bool(shown)
        self.can_show_all, self.multi_page = True, False
        self.paginator = IdPaginator(shown, size)
        if has_older:
            self.older_url = self.get_query_string({BEFORE: shown[-1].pk})
        elif edge is not None:
            self.older_url = self.get_query_string({BEFORE: edge + 1})
        if has_newer and edge is None and shown:
            self.newer_url = self.get_query_string({AFTER: shown[0].pk})
        if has_newer:
            self.newest_url = self.get_query_string()
        self.is_search_cut = edge is not None and not has_older
        if edge is not None:
            down_to = shown[-1].pk if has_older else edge
            self.note = self.model_admin.search_note(down_to, before)


class PageBegin(SimpleListFilter):
    """Declares a parameter of the pages, so that the list takes it for no column."""

    title = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> None:
        return None  # not shown among the filters

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        return None


class Before(PageBegin):
    parameter_name = BEFORE


class After(PageBegin):
    parameter_name = AFTER


class IdPages(ModelAdmin[M]):
    """Pages of a model whose list is paged by id, newest first."""

    ordering = ("-pk",)
    sortable_by = ()
    show_full_result_count = False
    list_per_page = 50

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return IdChangeList

    def get_list_filter(self, request: HttpRequest) -> Any:
        return [*super().get_list_filter(request), Before, After]

    def searched_down_to(self, request: HttpRequest, term: str) -> int | None:
        """Return the id at which a search for `term` ended; None if it saw all rows."""
        return None

    def search_note(self, down_to: int, before: int | None) -> str:
        """Return a sentence that says how far a search has looked."""
        return ""
