"""Django app `gateway`: its start-up code."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    name = "gateway"
    verbose_name = "Discord gateway"

    def ready(self) -> None:
        from gateway import receivers  # noqa: F401
