"""AccountsConfig: the Django app of users and Discord accounts."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts and people"

    def ready(self) -> None:
        from allauth.account.signals import email_changed
        from allauth.mfa.signals import authenticator_added

        from accounts.audit import sign_in
        from accounts.audit.writing import Rows
        from accounts.people.addresses import note_changed
        from accounts.signup.second_factors import end_other_sessions
        from mjproxy.lib.audit.records import log
        from mjproxy.lib.db.deadlocks import watch_connections

        watch_connections()
        authenticator_added.connect(end_other_sessions)
        log.register(Rows())
        sign_in.connect()
        email_changed.connect(note_changed)
