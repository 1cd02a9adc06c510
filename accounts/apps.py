"""AccountsConfig: the Django app of users and Discord accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts and people"

    def ready(self) -> None:
        from mjproxy.lib.db.deadlocks import watch_connections

        watch_connections()
