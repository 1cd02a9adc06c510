"""TasksConfig: the Django app of drawing tasks."""

from django.apps import AppConfig


class TasksConfig(AppConfig):
    name = "tasks"

    def ready(self) -> None:
        from accounts import ports
        from mjproxy.lib.web.page import picture_origins
        from tasks import (
            load,
            receivers,  # noqa: F401
        )
        from tasks.pictures.kept import links

        ports.load.register(load)
        picture_origins.register(links.origins)
