"""Users, keys and access settings in the admin, and its sign-in."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from solo.admin import SingletonModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from accounts import ports
from accounts.admin.credits.bookings import CreditActions, balance_of
from accounts.admin.limits import EXPLAINED, LIMITS, UserForm, drawings_of
from accounts.models import AccessSettings, User
from accounts.people import addresses, passes, second_factor
from accounts.people.operators import LastOperator
from accounts.people.users import renew_webhook_secret, save_user
from accounts.signup import second_factors
from mjproxy.lib.admin.theme import ModelAdmin
from mjproxy.lib.audit.records import recorded

admin.site.unregister(Group)  # there are only operators and other users
# Pages of allauth: they show secrets and write past the services.
for _model in (Authenticator, EmailAddress, UserSession):
    admin.site.unregister(_model)


def sign_in_first(
    request: HttpRequest, extra_context: dict[str, Any] | None = None
) -> HttpResponse:
    """Redirect to the common sign-in page, or to the second factor that is missing."""
    if second_factor.is_missing(request.user):
        text = (
            "Operators need a second factor: set up an authenticator app or a passkey."
        )
        messages.warning(request, text)
        return redirect("mfa_index")
    wanted = request.GET.get("next") or request.get_full_path()
    return redirect_to_login(wanted)


admin.site.index_title = "Dashboard"
admin.site.login = sign_in_first  # type: ignore[method-assign]
admin.site.has_permission = second_factor.may_open_admin  # type: ignore[method-assign]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, CreditActions):  # type: ignore[type-arg]
    form = UserForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = (
        "username",
        "email",
        "is_active",
        "operator",
        "group",
        "priority",
        "last_login",
    )
    list_filter = ("is_active", "is_staff", "group", "priority")
    list_select_related = ("group",)
    search_fields = ("username", "email")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = (
        "last_login",
        "date_joined",
        "signed_up_as",
        "registered_from",
        "drawings",
        "now",
        "credits",
    )
    actions = (
        *CreditActions.actions,
        "renew_webhook_secret",
        "remove_second_factors",
    )
    fieldsets = (
        (None, {"fields": ("username", "password", "email")}),
        ("Rights", {"fields": ("is_active", "is_staff", "priority", "is_trusted")}),
        ("Valid", {"fields": ("valid_from", "valid_until")}),
        (
            "Limits",
            {
                "fields": ("group", *LIMITS, "drawings", "now"),
                "description": EXPLAINED,
            },
        ),
        ("Credits", {"fields": ("credits",)}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
        ("Sign-up", {"fields": ("signed_up_as", "registered_from")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (
                    "username",
                    "usable_password",
                    "password1",
                    "password2",
                    "is_staff",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).defer("webhook_secret")

    def get_form(
        self,
        request: HttpRequest,
        obj: User | None = None,
        change: bool = False,  # noqa: FBT001, FBT002 - Django's signature
        **kwargs: Any,
    ) -> type[ModelForm[User]]:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        if staff := form.base_fields.get("is_staff"):
            staff.label = "Operator"
            staff.help_text = "Sees all tasks and may open the admin."
        return form  # type: ignore[no-any-return]

    def save_model(
        self,
        request: HttpRequest,
        obj: User,
        form: Any,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        save_user(obj)
        if "email" in form.changed_data:
            addresses.set_by_operator(obj)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count the rows deleted with the users; they may be too many to list."""
        users = list(objs)
        counts = {"users": len(users)}
        for related in User._meta.related_objects:
            model: Any = related.related_model
            rows = model._base_manager.filter(**{f"{related.field.name}__in": users})
            counts[str(model._meta.verbose_name_plural)] = rows.count()
        others = User.objects.filter(is_staff=True, is_active=True).exclude(
            pk__in=[user.pk for user in users]
        )
        protected = [] if others.exists() else [LastOperator().en]
        return [str(user) for user in users], counts, set(), protected

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Show or save the form of a user's password, and log the change."""
        view = super().user_change_password
        user = self.get_object(request, unquote(id))
        if user is None or request.method != "POST":
            return view(request, id, form_url)
        with recorded() as record:
            record.watch(user)
            return view(request, id, form_url)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        passes.delete_user(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            passes.delete_user(user)

    @admin.display(description="Drawings")
    def drawings(self, user: User) -> str:
        return drawings_of(user)

    @admin.display(description="Now")
    def now(self, user: User) -> str:
        waiting, running = ports.load().of_users([user.pk]).get(user.pk, (0, 0))
        return f"{running} running, {waiting} waiting"

    @admin.display(description="Balance")
    def credits(self, user: User) -> SafeString:
        return balance_of(user)

    @admin.display(description="Operator", boolean=True, ordering="is_staff")
    def operator(self, user: User) -> bool:
        return user.is_staff

    @admin.action(
        description="Make a new webhook secret (the old one is void)",
        permissions=["change"],
    )
    def renew_webhook_secret(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> None:
        for user in queryset:
            secret = renew_webhook_secret(user)
            text = "New webhook secret of {}, shown only now: <code>{}</code>"
            self.message_user(request, format_html(text, user.get_username(), secret))

    @admin.action(
        description="Remove the second factors (for who has lost them)",
        permissions=["change"],
    )
    def remove_second_factors(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> None:
        for user in queryset:
            count = second_factors.remove_all(user)
            text = f"{count} second factor(s) of {user.get_username()} removed."
            self.message_user(request, text)


@admin.register(AccessSettings)
class AccessSettingsAdmin(SingletonModelAdmin, ModelAdmin[AccessSettings]):
    change_form_template = ""  # the theme's
    fieldsets: ClassVar = [
        (
            "Site",
            {"fields": ("announcement", "home_addresses", "home_whole_addresses")},
        ),
        ("Guests", {"fields": ("allow_without_key", "guest_drawings_a_day")}),
        ("Visitors", {"fields": ("demo_mode",)}),
        (
            "People who sign up",
            {
                "fields": (
                    *("sign_up", "sign_up_domains", "invitation_needed"),
                    *("sign_up_group", "sign_up_drawings_a_day"),
                    *("sign_up_drawings_in_total", "sign_up_running_at_once"),
                    "sign_up_waiting_at_once",
                )
            },
        ),
        ("Operators", {"fields": ("operators_need_second_factor",)}),
    ]
