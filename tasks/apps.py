"""Django app `tasks`: its start-up code."""

from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "tasks"

    def ready(self) -> None:
        from tasks import receivers  # noqa: F401
