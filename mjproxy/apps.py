import django_stubs_ext
from django.apps import AppConfig

# Before the first model or admin class: they are generic, as in ModelAdmin[Task].
django_stubs_ext.monkeypatch()


class ProductConfig(AppConfig):
    name = "mjproxy"

    def ready(self) -> None:
        # Celery's app must exist before the first job is sent from any process.
        from mjproxy import celery, checks  # noqa: F401
