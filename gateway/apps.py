"""Django app `gateway`: its start-up code."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "Discord gateway"

    def ready(self) -> None:
        from gateway import (
            account_ports,
            receivers,  # noqa: F401
            task_ports,
        )

        account_ports.register()
        task_ports.register()
