from django.apps import AppConfig


class ProductConfig(AppConfig):
    name = "mjproxy"

    def ready(self) -> None:
        # Celery's app must exist before the first job is sent from any process.
        from mjproxy import celery, checks  # noqa: F401
