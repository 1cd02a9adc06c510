"""TasksConfig: the Django app of drawing tasks."""

from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "tasks"

    def ready(self) -> None:
        from accounts import ports
        from tasks import (
            load,
            receivers,  # noqa: F401
        )

        ports.load.register(load)
