"""Tasks and webhook calls in the admin."""

from __future__ import annotations

from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mjproxy.lib.admin.id_pages import BEFORE, IdPages, id_in
from mjproxy.lib.admin.theme import ReadOnly, TabularInline, badge
from mjproxy.lib.audit.records import note_each
from mjproxy.lib.db.claim import is_due
from tasks.admin.lists import WhenFilter, is_words, looked_at, search
from tasks.admin.settings import DrawingSettingsAdmin as DrawingSettingsAdmin
from tasks.enums import DeliveryState, TaskStatus
from tasks.models import Task, WebhookDelivery
from tasks.search import NEWEST_FOR_TEXT, oldest_for_text
from tasks.services import cancel
from tasks.waiting.reason import NOTHING, waiting_of
from tasks.webhooks.by_hand import resend, resend_last
from tasks.wire import image_url, progress_text

_STATUS_COLOURS: Final = {
    TaskStatus.SUCCESS: "success",
    TaskStatus.IN_PROGRESS: "primary",
    TaskStatus.SUBMITTED: "info",
    TaskStatus.NOT_START: "warning",
    TaskStatus.MODAL: "warning",
    TaskStatus.FAILURE: "danger",
}
_DELIVERY_COLOURS: Final = {
    DeliveryState.DELIVERED: "success",
    DeliveryState.WAITING: "info",
    DeliveryState.FAILED: "warning",
    DeliveryState.GIVEN_UP: "danger",
}


class DeliveryInline(TabularInline[WebhookDelivery, Task]):
    model = WebhookDelivery
    extra = 0
    can_delete = False
    ordering = ("-id",)
    fields = readonly_fields = (
        "revision",
        "state",
        "attempts",
        "response_status",
        "error",
        "next_attempt_at",
        "delivered_at",
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Task)
class TaskAdmin(IdPages[Task], ReadOnly[Task]):
    list_display = (
        "thumbnail",
        "id",
        "live_status",
        "live_progress",
        "what",
        "submitted",
    )
    list_display_links = ("id",)
    list_filter = ("status", WhenFilter, "account")
    list_select_related = ("account", "owner")
    list_before_template = "tasks/looked_at.html"
    search_fields = ("id",)
    search_help_text = (
        "Id, nonce, job id, message id; or words of the prompt, "
        f"{NEWEST_FOR_TEXT:,} tasks at a time"
    )
    actions = ("cancel", "resend_webhooks")
    inlines = (DeliveryInline,)
    fieldsets: ClassVar = [
        (
            None,
            {
                "fields": (
                    "picture",
                    "status",
                    "live_progress",
                    "waits_for",
                    "fail_reason",
                )
            },
        ),
        (
            "Request",
            {
                "fields": (
                    "prompt",
                    "final_prompt",
                    "action",
                    "bot_type",
                    "mode",
                    "requested_mode",
                    "owner",
                    "account",
                    "parent_link",
                    "client_state",
                    "notify_hook",
                    "operator_hook",
                    "client_ip",
                )
            },
        ),
        (
            "Webhook",
            {
                "fields": (
                    "hook_host",
                    "hook_told",
                    "hook_due_at",
                    "hook_attempts",
                )
            },
        ),
        (
            "Times",
            {
                "fields": (
                    "submitted_at",
                    "claimed_at",
                    "started_at",
                    "finished_at",
                    "deadline_at",
                    "cancel_requested_at",
                )
            },
        ),
        (
            "At Discord",
            {
                "fields": (
                    "nonce",
                    "interaction_id",
                    "progress_message_id",
                    "message_id",
                    "job_id",
                    "custom_id",
                    "window",
                    "window_id",
                    "shown_job_id",
                    "seed",
                    "matched_by",
                    "delivery",
                    "attempts",
                    "revision",
                )
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Task]:
        secrets = ("user_token", "bot_token", "proxy_url")
        return (
            super()
            .get_queryset(request)
            .select_related("account", "owner")
            .defer(*(f"account__{name}" for name in secrets), "owner__webhook_secret")
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Task], search_term: str
    ) -> tuple[QuerySet[Task], bool]:
        before = id_in(request, BEFORE)
        return search(queryset, search_term, before), False

    def searched_down_to(self, request: HttpRequest, term: str) -> int | None:
        if not is_words(term):
            return None
        return oldest_for_text(id_in(request, BEFORE)) or None

    def search_note(self, down_to: int, before: int | None) -> str:
        return looked_at(down_to, before)

    def has_act_permission(self, request: HttpRequest) -> bool:
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    @admin.display(description="Picture")
    def thumbnail(self, task: Task) -> SafeString | str:
        if not (path := _picture_path(task)):
            return ""
        return format_html(
            '<img class="task-thumbnail" src="{}" alt="{}" loading="lazy" '
            'width="44" height="44">',
            path,
            f"Picture of task {task.pk}",
        )

    @admin.display(description="Picture")
    def picture(self, task: Task) -> SafeString | str:
        if task.picture_link and not task.picture_source:
            text = 'On another server: <a href="{0}" rel="noopener noreferrer">{0}</a>'
            return format_html(text, task.picture_link)
        if not (path := _picture_path(task)):
            return "-"
        # The size reserves its place while it loads; a preview's size is unknown.
        return format_html(
            '<a href="{0}" target="_blank"><img class="task-picture" src="{0}" '
            'alt="The picture of this task" width="{1}" height="{2}"></a>',
            path,
            task.picture_width or 1024,
            task.picture_height or 1024,
        )

    @badge("Status", _STATUS_COLOURS)
    def live_status(self, task: Task) -> tuple[str, str]:
        return task.status, task.get_status_display()

    @admin.display(description="Progress")
    def live_progress(self, task: Task) -> str:
        return progress_text(task) or "-"

    @admin.display(description="Waits for")
    def waits_for(self, task: Task) -> str:
        return waiting_of([task]).get(task.pk, NOTHING).reason or "-"

    @admin.display(description="Drawing")
    def what(self, task: Task) -> SafeString:
        return format_html(
            '<span class="task-prompt">{}</span>'
            '<span class="task-prompt faint">{} · {} · {}</span>',
            task.prompt[:160] or "-",
            task.get_action_display(),
            task.account or "no account",
            task.owner,
        )

    @admin.display(description="Submitted")
    def submitted(self, task: Task) -> SafeString:
        moment = timezone.localtime(task.submitted_at)
        text = '<time class="task-time" datetime="{}">{}</time>'
        return format_html(text, moment.isoformat(), moment.strftime("%d %b %H:%M:%S"))

    @admin.display(description="Told")
    def hook_told(self, task: Task) -> str:
        if not task.hook_revision:
            return "-"
        told = task.hook_sent
        if not is_due(task.hook_claimed_until):
            return f"calling now with revision {told} of {task.hook_revision}"
        if task.hook_due_at and told == task.hook_revision:
            return f"revision {told} failed and is tried again"
        return f"revision {told} of {task.hook_revision}"

    @admin.display(description="Parent")
    def parent_link(self, task: Task) -> SafeString | str:
        if task.parent_id is None:
            return "-"
        address = reverse("admin:tasks_task_change", args=[task.parent_id])
        return format_html('<a href="{}">{}</a>', address, task.parent_id)

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        done = [task for task in queryset if cancel(task)]
        note_each("cancel", done)
        self.message_user(request, f"{len(done)} task(s) cancelled or asked to stop.")

    @admin.action(description="Send the last webhook again", permissions=["act"])
    def resend_webhooks(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        done = sum(resend_last(task) for task in queryset)
        self.message_user(request, f"{done} webhook(s) will be sent again.")


def _picture_path(task: Task) -> str:
    """Return the link without its host: the admin may have another address.

    Nothing is loaded from other servers.
    """
    is_here = task.picture_source or not task.picture_link
    return urlsplit(image_url(task) or "").path if is_here else ""


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(IdPages[WebhookDelivery], ReadOnly[WebhookDelivery]):
    list_display = (
        "id",
        "of_task",
        "revision",
        "live_state",
        "attempts",
        "response_status",
        "error",
        "created_at",
        "next_attempt_at",
        "delivered_at",
    )
    list_filter = ("state",)
    search_fields = ("id",)
    search_help_text = "Id of the task"
    actions = ("send_again",)
    fields: ClassVar = [
        "of_task",
        "revision",
        "status",
        "url",
        "state",
        "attempts",
        "response_status",
        "error",
        "created_at",
        "next_attempt_at",
        "delivered_at",
        "body",
    ]

    def get_search_results(
        self,
        request: HttpRequest,
        queryset: QuerySet[WebhookDelivery],
        search_term: str,
    ) -> tuple[QuerySet[WebhookDelivery], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if not (term.isascii() and term.isdigit() and len(term) < 19):
            return queryset.none(), False
        return queryset.filter(task_id=int(term)), False

    def has_act_permission(self, request: HttpRequest) -> bool:
        codename = get_permission_codename("change", self.opts)
        return request.user.has_perm(f"{self.opts.app_label}.{codename}")

    @admin.display(description="Task")
    def of_task(self, delivery: WebhookDelivery) -> SafeString:
        address = reverse("admin:tasks_task_change", args=[delivery.task_id])
        return format_html('<a href="{}">{}</a>', address, delivery.task_id)

    @badge("State", _DELIVERY_COLOURS)
    def live_state(self, delivery: WebhookDelivery) -> tuple[str, str]:
        words = DeliveryState(delivery.state).label.partition(":")[0]
        return delivery.state, words

    @admin.action(description="Send again", permissions=["act"])
    def send_again(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery]
    ) -> None:
        for delivery in queryset:
            resend(delivery)
        self.message_user(request, f"{len(queryset)} webhook(s) will be sent again.")
