"""Users, keys and access settings in the admin, and its sign-in."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.contrib.auth.views import redirect_to_login
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from solo.admin import SingletonModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.models import AccessSettings, ApiKey, User
from accounts.people import passes
from accounts.people.keys import create_key, digest
from accounts.people.users import renew_webhook_secret, save_user
from mjproxy.lib.admin.theme import ModelAdmin

admin.site.unregister(Group)  # there are only operators and other users


def sign_in_first(
    request: HttpRequest, extra_context: dict[str, Any] | None = None
) -> HttpResponse:
    """Redirect to the common sign-in page, which counts failed tries."""
    wanted = request.GET.get("next") or request.get_full_path()
    return redirect_to_login(wanted)


admin.site.index_title = "Dashboard"
admin.site.login = sign_in_first  # type: ignore[method-assign]


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin[User]):  # type: ignore[type-arg]
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = (
        "username",
        "email",
        "is_active",
        "operator",
        "priority",
        "last_login",
    )
    list_filter = ("is_active", "is_staff", "priority")
    search_fields = ("username", "email")
    ordering = ("username",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    actions = ("renew_webhook_secret",)
    fieldsets = (
        (None, {"fields": ("username", "password", "email")}),
        ("Rights", {"fields": ("is_active", "is_staff", "priority")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
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

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count the rows deleted with the users; they may be too many to list."""
        users = list(objs)
        counts = {"users": len(users)}
        for related in User._meta.related_objects:
            model: Any = related.related_model
            rows = model._base_manager.filter(**{f"{related.field.name}__in": users})
            counts[str(model._meta.verbose_name_plural)] = rows.count()
        return [str(user) for user in users], counts, set(), []

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        passes.delete_user(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            passes.delete_user(user)

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


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin[ApiKey]):
    list_display = ("name_or_prefix", "owner", "prefix", "is_active", "created_at")
    list_filter = ("is_active",)
    list_select_related = ("owner",)
    search_fields = ("name", "prefix", "owner__username")
    autocomplete_fields = ("owner",)
    actions = ("revoke",)
    _shown: ClassVar = ["prefix", "created_at"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> Any:
        if obj is None:
            return ["owner", "name"]
        return ["owner", "name", "is_active", *self._shown]

    def get_readonly_fields(
        self, request: HttpRequest, obj: ApiKey | None = None
    ) -> Any:
        return [] if obj is None else ["owner", *self._shown]

    def save_model(
        self,
        request: HttpRequest,
        obj: ApiKey,
        form: ModelForm[ApiKey],
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        if change:
            passes.save_key(obj)
            return
        key = create_key(obj.owner, name=obj.name)
        obj.pk = ApiKey.objects.values_list("pk", flat=True).get(digest=digest(key))
        obj.refresh_from_db()
        text = "The key of {}, shown only now: <code>{}</code>"
        self.message_user(request, format_html(text, obj.owner.get_username(), key))

    @admin.display(description="Key", ordering="name")
    def name_or_prefix(self, key: ApiKey) -> str:
        return key.name or f"{key.prefix}…"

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        count = passes.revoke(queryset)
        self.message_user(request, f"{count} key(s) revoked.")

    def delete_model(self, request: HttpRequest, obj: ApiKey) -> None:
        passes.delete_keys(ApiKey.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        passes.delete_keys(queryset)


@admin.register(AccessSettings)
class AccessSettingsAdmin(SingletonModelAdmin, ModelAdmin[AccessSettings]):
    change_form_template = ""  # the theme's
