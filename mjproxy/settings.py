"""Settings of every process; values of a deployment come from the environment.

docs/configuration.md lists each variable. Values that operators change while the
product runs are in settings rows of the apps, edited in the admin.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from mjproxy import __version__, env
from mjproxy.admin_menu import UNFOLD as UNFOLD
from mjproxy.db.database_url import database
from mjproxy.lib.process import private_files
from mjproxy.lib.validators.text_lists import parted
from mjproxy.logs import logging_with
from mjproxy.redis.address import redis_address, socket_address
from mjproxy.web.allowed_hosts import allowed_hosts, public_url

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("MJPROXY_DATA_DIR") or "data").absolute()
SECRETS_DIR = DATA_DIR / "secrets"

# New files of any process are readable by its owner only; child processes inherit this.
os.umask(private_files.UMASK)
FILE_UPLOAD_PERMISSIONS, FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o600, 0o700

# --- deployment --------------------------------------------------------------------
DEMO = env.flag("MJPROXY_DEMO")
DEBUG = env.flag("MJPROXY_DEBUG")
HOST = env.text("MJPROXY_HOST") or "127.0.0.1"
PORT = env.number("PORT", 8080, low=1, high=65535)
PUBLIC_URL = public_url("MJPROXY_PUBLIC_URL", env.text("MJPROXY_PUBLIC_URL"))
TRUSTED_PROXIES = env.number("MJPROXY_TRUSTED_PROXIES", 0, high=16)
ALLOW_PRIVATE_HOOKS = env.flag("MJPROXY_ALLOW_PRIVATE_HOOKS")
MAX_BODY_BYTES = env.number("MJPROXY_MAX_BODY_MB", 30, low=1, high=1024) * 1_000_000

# --- secrets: given, or made at the first start and kept in the data folder ----------
SECRET_KEY = env.kept_secret(
    "MJPROXY_SECRET_KEY", SECRETS_DIR, lambda: secrets.token_urlsafe(48)
)
_keys = env.kept_secret(
    "MJPROXY_ENCRYPTION_KEYS", SECRETS_DIR, lambda: Fernet.generate_key().decode()
)
ENCRYPTION_KEYS = parted(_keys, r"\s") or [_keys]
ADMIN_TOKEN = env.kept_secret(
    "MJPROXY_ADMIN_TOKEN", SECRETS_DIR, lambda: "mjp_" + secrets.token_urlsafe(32)
)
if len(ADMIN_TOKEN) < 20:
    raise ImproperlyConfigured("MJPROXY_ADMIN_TOKEN needs 20 characters or more")

# --- Discord addresses: start values, the gateway settings row may replace them ------
_HTTP, _WS = ("http", "https"), ("ws", "wss")
DISCORD = {
    "server": env.url("NG_DISCORD_SERVER", "https://discord.com", schemes=_HTTP),
    "wss": env.url("NG_DISCORD_WSS", "wss://gateway.discord.gg", schemes=_WS),
    "resume_wss": env.url("NG_DISCORD_RESUME_WSS", schemes=_WS),
    "cdn": env.url("NG_DISCORD_CDN", "https://cdn.discordapp.com", schemes=_HTTP),
    "upload_server": env.url("NG_DISCORD_UPLOAD_SERVER", schemes=_HTTP),
    "activity": env.url("NG_DISCORD_ACTIVITY", schemes=_HTTP),
    "editor": env.url(
        "NG_DISCORD_EDITOR", "https://editor.midjourney.com", schemes=_HTTP
    ),
}

# --- payments -----------------------------------------------------------------------
STRIPE_API = env.url("MJPROXY_STRIPE_API", "https://api.stripe.com", schemes=_HTTP)

# --- face swap: a start value, the face swap settings row may replace it --------------
REPLICATE_URL = env.url(
    "MJPROXY_REPLICATE_URL", "https://api.replicate.com/v1", schemes=_HTTP
)

# --- Django ------------------------------------------------------------------------
VERSION = __version__
_LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
_named_hosts = allowed_hosts(
    "MJPROXY_ALLOWED_HOSTS", env.text("MJPROXY_ALLOWED_HOSTS")
) or ([] if HOST in {*_LOOPBACK, "::1"} else ["*"])
ALLOWED_HOSTS = [
    *_LOOPBACK,  # for this machine's own health checks
    *allowed_hosts("MJPROXY_PUBLIC_URL", PUBLIC_URL),
    *_named_hosts,
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
# Headers of proxies are read in mjproxy/web/forwarded.py, for pages and sockets alike.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")
LANGUAGE_COOKIE_SECURE = SESSION_COOKIE_SECURE
SESSION_COOKIE_NAME = "mjproxy_session"
CSRF_FAILURE_VIEW = "mjproxy.web.json_api.csrf_failure"
CSRF_COOKIE_NAME = "mjproxy_csrf"
# Redirects to https and HSTS belong to the proxy that has the certificate.
SILENCED_SYSTEM_CHECKS = [
    "security.W004",
    "security.W008",
    "models.W036",  # MariaDB has no conditional indexes; a unique column stands in
    "models.W037",
]
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

INSTALLED_APPS = [
    "mjproxy.apps.ProductConfig",
    "unfold",
    "mjproxy.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "corsheaders",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "solo",
    "accounts.apps.AccountsConfig",
    "tasks.apps.TasksConfig",
    "gateway.apps.GatewayConfig",
]
MIDDLEWARE = [
    "mjproxy.web.middleware.CanonicalPath",
    "mjproxy.web.response_headers.AnswerHeaders",
    "mjproxy.web.middleware.EchoingCors",
    "mjproxy.web.compression.CompressedPages",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "mjproxy.web.language.LanguageOfPages",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.people.passes.PassedSessions",
    "mjproxy.web.protected.Protected",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "mjproxy.web.visitors.Masked",
    "accounts.audit.actors.Audited",
]
ROOT_URLCONF = "mjproxy.urls"
ASGI_APPLICATION = "mjproxy.asgi.application"
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
LANGUAGE_CODE, LOCALE_PATHS = "en", [BASE_DIR / "locale"]
LANGUAGES = [("en", "English"), ("zh-hans", "Simplified Chinese")]
LANGUAGE_COOKIE_NAME, LANGUAGE_COOKIE_AGE = "mjproxy_language", 31_536_000  # a year
LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SAMESITE = True, "Lax"
TIME_ZONE = env.timezone("TZ")
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "mjproxy.web.static_files.HashedFiles"},
}
SERVESTATIC_KEEP_ONLY_HASHED_FILES = True
SERVESTATIC_USE_ZSTD = False  # browsers that support it also support gzip
MEDIA_ROOT = DATA_DIR / "pictures"

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "draw"
LOGOUT_REDIRECT_URL = "sign-in"

# --- people: sign-up, second factors, sessions ---------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",  # names, as they are written
    "allauth.account.auth_backends.AuthenticationBackend",  # mail addresses too
]
ACCOUNT_ADAPTER = "accounts.signup.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {
    "signup": "accounts.signup.forms.SignUpForm",
    "add_email": "accounts.signup.forms.AddressForm",
}
ACCOUNT_CHANGE_EMAIL = True  # a person has one address; a new one replaces it
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = "mjproxy: "
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Strangers get no mail from this server: only addresses that it knows do.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True  # in the browser that signed up
ACCOUNT_REAUTHENTICATION_METHODS = ("password", "mfa")
USERSESSIONS_ADAPTER = "accounts.signup.adapter.SessionsAdapter"
MFA_FORMS = {
    "add_webauthn": "accounts.signup.passkey_forms.AddPasskeyForm",
    "edit_webauthn": "accounts.signup.passkey_forms.EditPasskeyForm",
}
MFA_ADAPTER = "accounts.signup.second_factors.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "mjproxy"
MFA_TOTP_TOLERANCE = 1  # clocks of phones may be half a minute off
# Operators need no mail address; who has signed up cannot come in unverified.
MFA_ALLOW_UNVERIFIED_EMAIL = True

# --- database ----------------------------------------------------------------------
DATABASES = {"default": database(env.text("DATABASE_URL"), DATA_DIR)}
COMPILED_QUERIES = env.flag("MJPROXY_COMPILED_QUERIES", default=True)

# --- Redis: a real one, or the embedded server on a unix socket ----------------------
EMBEDDED_REDIS_SOCKET = env.socket_path(DATA_DIR / "redis.sock")
_given = env.text("REDIS_URL")
EMBEDDED_REDIS = not _given
_redis = redis_address(_given) if _given else socket_address(EMBEDDED_REDIS_SOCKET)
REDIS_URL = _redis.url
# Seconds: a server that falls silent without closing is noticed within ten.
_REDIS_WAITS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 2,
    "health_check_interval": 2,
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "mjproxy.redis.channel_layer.Layer",
        "CONFIG": {"hosts": [{"address": REDIS_URL, **_REDIS_WAITS}]},
    },
}

CACHES = {
    "default": {
        "BACKEND": "mjproxy.redis.cache.Cache",
        "LOCATION": [REDIS_URL],
        "KEY_PREFIX": "mjproxy",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    },
}

CELERY_BROKER_URL = _redis.broker_url
CELERY_BROKER_USE_SSL = _redis.broker_ssl
CELERY_TASK_IGNORE_RESULT = True
# Celery would close the thread's connection after each job, though a new one costs more
# than most jobs: mjproxy/celery.py does what Django does between two requests.
CELERY_DB_REUSE_MAX = 1 << 62
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "default"
# Work that runs in threads; the others run in the event loop, in the default queue.
NUDGE_QUEUES = {
    "gateway.dispatch_account": "dispatch",
    "gateway.press_cancel": "dispatch",
    "gateway.ask_account": "dispatch",
}
CELERY_TASK_PUBLISH_RETRY = False  # beat sends the same job again soon
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **_REDIS_WAITS,
    "socket_keepalive": True,
    "visibility_timeout": 3600,
    # Without it beat tries for six seconds. Workers connect with their own patience.
    "max_retries": 0,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# No job is acknowledged late: this only avoids a warning at each outage.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 2
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat-schedule")


def _every(seconds: float, job: str, expires: float | None = None) -> dict[str, object]:
    """Return a line of beat's schedule; a job that waits longer than that is stale."""
    options = {"expires": expires} if expires else {}
    return {"task": job, "schedule": seconds, "options": options}


CELERY_BEAT_SCHEDULE = {
    "sweep": _every(2.0, "gateway.sweep", 10),
    "accounts": _every(15.0, "gateway.sync_accounts", 15),
    "webhooks": _every(2.0, "tasks.deliver_due", 10),
    "swaps": _every(2.0, "tasks.move_swaps", 10),
    "pictures": _every(60.0, "tasks.keep_missing", 60),
    "back_translations": _every(60.0, "tasks.translate_missing", 60),
    "kept_files": _every(20.0, "tasks.settle_files", 20),
    "moving": _every(5.0, "tasks.go_on_moving", 10),
    "mails": _every(5.0, "accounts.send_mails", 10),
    "clock": _every(2.0, "accounts.follow_clock", 10),
    "retention": _every(3600.0, "tasks.remove_old"),
    "credits": _every(86_400.0, "accounts.check_credits"),
    "accounts_retention": _every(3600.0, "accounts.remove_old"),
}

# --- API ---------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["mjproxy.web.authentication.KeyOrSession"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.permissions.MayCall"],
    "DEFAULT_RENDERER_CLASSES": ["mjproxy.web.json_api.CompactJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["mjproxy.web.json_api.LenientJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "mjproxy.web.json_api.exception_handler",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "mjproxy.web.json_api.AlwaysJSON",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "mjproxy",
    "DESCRIPTION": "The /mj API: submit drawings, follow them, fetch pictures.",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.1",
    "LICENSE": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "PREPROCESSING_HOOKS": ["mjproxy.web.schema.plain_prefix_only"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "mjproxy.web.schema.plain_null",
        "mjproxy.web.schema.named_hooks",
        "mjproxy.web.schema.common_answers",
    ],
    "ENUM_NAME_OVERRIDES": {
        "AccountState": "accounts.enums.AccountState.choices",
        "BotType": "tasks.enums.BotType.choices",
        "Speed": "accounts.enums.SpeedMode.choices",
        "TaskAction": "tasks.enums.TaskAction.choices",
        "TaskStatus": "tasks.enums.TaskStatus.choices",
    },
}
CORS_ALLOW_ALL_ORIGINS = True  # keys travel in headers, never in cookies
CORS_ALLOW_HEADERS = [
    *("accept", "accept-language", "authorization", "cache-control", "content-type"),
    *("idempotency-key", "last-event-id", "mj-api-secret", "mj-version"),
    *("x-ptoken", "x-requested-with"),
]
CORS_URLS_REGEX = r"^/(mj|images|healthz|readyz|api)"
CORS_PREFLIGHT_MAX_AGE = 86400

# --- logging -----------------------------------------------------------------------
LOG_LEVEL = (env.text("MJPROXY_LOG_LEVEL") or "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured("MJPROXY_LOG_LEVEL is DEBUG, INFO, WARNING or ERROR")
LOGGING = logging_with(LOG_LEVEL)
