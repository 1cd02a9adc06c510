"""The product's settings with no service outside the process except a database."""

import os
import tempfile

# Before the import: files of the first start must not land in the working tree.
os.environ["MJPROXY_DATA_DIR"] = tempfile.mkdtemp(prefix="mjproxy-tests-")
os.environ["MJPROXY_ADMIN_TOKEN"] = "mjp_admin_token_of_the_tests"
for name in ("REDIS_URL", "MJPROXY_PUBLIC_URL", "MJPROXY_DEBUG", "MJPROXY_DEMO"):
    os.environ.pop(name, None)

from mjproxy.settings import *  # noqa: E402, F403
from mjproxy.settings import DATA_DIR, DATABASES  # noqa: E402

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
CELERY_BROKER_URL = "memory://"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
if DATABASES["default"]["ENGINE"].endswith("postgres"):
    # No thread keeps a connection to a database that is about to be dropped.
    DATABASES["default"]["CONN_MAX_AGE"] = 0
elif DATABASES["default"]["ENGINE"].endswith("sqlite"):
    # In a file: threads that share a database in memory lock each other's tables.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
