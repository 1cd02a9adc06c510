"""Rows: who may come in by which route and verb; a verb without a row is refused."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final


class Need(Enum):
    """What a caller needs for a call."""

    NOTHING = auto()
    NAME = auto()  # any role, any scope
    READ = auto()
    READ_NO_DEMO = auto()  # as READ, but not for visitors
    DRAW = auto()
    LOOK_AS_OPERATOR = auto()  # for visitors too
    OPERATOR = auto()
    SESSION_OR_DEMO = auto()  # a page, to which no key comes
    SESSION_ACCOUNT = auto()  # a key that has opened it has the scope `account`
    SESSION_OPERATOR = auto()
    ACCOUNT = auto()  # nothing, but a key that has opened a session lets in or out


N: Final = Need
ALL: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
Verbs = Mapping[str, Need]


def _open(*verbs: str) -> Verbs:
    return dict.fromkeys(verbs, N.NOTHING)


_SUBMIT: Final = {"POST": N.DRAW}
_GET: Final = {"GET": N.READ}
_OPERATORS_POST: Final = {"POST": N.OPERATOR}
_OWN_GET: Final = {"GET": N.SESSION_ACCOUNT}
_OWN_POST: Final = {"POST": N.SESSION_ACCOUNT}
_OWN_FORM: Final = dict.fromkeys(("GET", "POST"), N.SESSION_ACCOUNT)
_ACCOUNT_GET: Final = {"GET": N.ACCOUNT}
_ACCOUNT_FORM: Final = {"GET": N.ACCOUNT, "POST": N.ACCOUNT}

DIALECT: Final[Mapping[str, Verbs]] = {
    "submit/imagine": _SUBMIT,
    "submit/blend": _SUBMIT,
    "submit/describe": _SUBMIT,
    "submit/shorten": _SUBMIT,
    "submit/show": _SUBMIT,
    "submit/video": _SUBMIT,
    "submit/edits": _SUBMIT,
    "submit/edit": _SUBMIT,
    "submit/retexture": _SUBMIT,
    "submit/upload-discord-images": _SUBMIT,
    "submit/action": _SUBMIT,
    "submit/modal": _SUBMIT,
    "submit/change": _SUBMIT,
    "submit/simple-change": _SUBMIT,
    "insight-face/swap": _SUBMIT,
    "insight-face/video-swap": _SUBMIT,
    "task/<task_id>/fetch": _GET,
    "task/<task_id>/cancel": {"POST": N.DRAW},
    "task/<task_id>/image-seed": {"GET": N.DRAW},
    "task/<task_id>/stream": {"GET": N.READ_NO_DEMO},
    "task/list": _GET,
    "task/queue": _GET,
    "task/list-by-condition": {"POST": N.READ},
    "task/list-by-ids": {"POST": N.READ},
    "account/list": _GET,
    "account/<account_id>/fetch": _GET,
    "home": _open("GET"),
    "admin/current": {"GET": N.NAME},
    "admin/login": _open("POST"),
    "admin/logout": _open("POST"),
    "admin/register": _open("POST"),
    "admin/tasks": {"POST": N.LOOK_AS_OPERATOR},
    "admin/task/<task_id>": {"DELETE": N.OPERATOR},
    "admin/accounts": {
        "GET": N.LOOK_AS_OPERATOR,
        "POST": N.LOOK_AS_OPERATOR,
        "PUT": N.OPERATOR,
    },
    "admin/account": _OPERATORS_POST,
    "admin/account/<account_id>": {
        "GET": N.LOOK_AS_OPERATOR,
        "PUT": N.OPERATOR,
        "DELETE": N.OPERATOR,
    },
    "admin/account-cf/<account_id>": {"GET": N.OPERATOR, "POST": N.OPERATOR},
    "admin/account-cf-notify": _open("POST"),
    "admin/account-reconnect/<account_id>": {"PUT": N.OPERATOR},
    "admin/accounts-enable": _OPERATORS_POST,
    "admin/accounts-export": _OPERATORS_POST,
    "admin/accounts-import": _OPERATORS_POST,
    "admin/account-sync/<account_id>": _OPERATORS_POST,
    "admin/account-change-version/<account_id>": _OPERATORS_POST,
    "admin/account-action/<account_id>": _OPERATORS_POST,
    "admin/account-command/<account_id>": _OPERATORS_POST,
    "admin/account-queries/<account_id>": {"GET": N.LOOK_AS_OPERATOR},
    "admin/domain-tags": {"GET": N.LOOK_AS_OPERATOR, "POST": N.LOOK_AS_OPERATOR},
    "admin/domain-tag": _OPERATORS_POST,
    "admin/domain-tag/<tag_id>": {"DELETE": N.OPERATOR},
    "admin/mjplus-migration": _OPERATORS_POST,
    "admin/banned-words": {"POST": N.LOOK_AS_OPERATOR},
    "admin/banned-word": _OPERATORS_POST,
    "admin/banned-word/<group_id>": {"DELETE": N.OPERATOR},
    "admin/users": {"POST": N.LOOK_AS_OPERATOR},
    "admin/user": _OPERATORS_POST,
    "admin/user/<user_id>": {"DELETE": N.OPERATOR},
    "admin/setting": {"GET": N.LOOK_AS_OPERATOR, "POST": N.OPERATOR},
    "": _open(*ALL),  # an unknown address
}

PAGES: Final[Mapping[str, Verbs]] = {
    "healthz": _open("GET"),
    "readyz": _open("GET"),
    "api/schema": _open("GET"),
    "api/docs": _open("GET"),
    "images/<int:task_id>/<str:name>": _open("GET"),
    "sign-in": _open("GET"),  # an empty form brings nobody in
    "sign-out": _open("POST"),
    "language": _open("POST"),
    "": {"GET": N.SESSION_OR_DEMO},
    "me": _open(*ALL),  # leads to a page
    "me/keys": {"GET": N.SESSION_ACCOUNT, "POST": N.SESSION_ACCOUNT},
    "me/keys/<int:key_id>/revoke": _OWN_POST,
    "me/credits": _OWN_GET,
    "me/credits/statement": _OWN_GET,
    "me/credits/redeem": _OWN_POST,
    "me/credits/buy": _OWN_POST,
    "payments/<str:way>": _open("POST"),
    "me/usage": _OWN_GET,
    "me/webhooks": _OWN_GET,
    "me/webhooks/secret": _OWN_POST,
    "me/webhooks/<int:call_id>/resend": _OWN_POST,
    "me/brought/<int:picture_id>": _OWN_GET,
    "me/data": _OWN_GET,
    "me/data/export": _OWN_GET,
    "me/data/delete": _OWN_POST,
    "account/": _OWN_GET,
    "account/sign-up": _ACCOUNT_FORM,
    "account/address": _OWN_FORM,
    "account/inactive": _ACCOUNT_GET,
    "account/reauthenticate": _OWN_FORM,
    "account/mail": _ACCOUNT_GET,
    "account/mail/<str:key>": _ACCOUNT_FORM,
    "account/password": _OWN_FORM,
    "account/password/none": _OWN_GET,
    "account/password/reset": _ACCOUNT_FORM,
    "account/password/reset/mail": _ACCOUNT_GET,
    "account/password/reset/done": _ACCOUNT_GET,
    "account/password/reset/<str:uidb36>/<str:key>": _ACCOUNT_FORM,
    "account/security/": _OWN_GET,
    "account/security/authenticate/": _ACCOUNT_FORM,
    "account/security/reauthenticate/": _OWN_FORM,
    "account/security/totp/activate/": _OWN_FORM,
    "account/security/totp/deactivate/": _OWN_FORM,
    "account/security/recovery-codes/": _OWN_GET,
    "account/security/recovery-codes/generate/": _OWN_FORM,
    "account/security/recovery-codes/download/": _OWN_GET,
    "account/security/webauthn/": _OWN_GET,
    "account/security/webauthn/add/": _OWN_FORM,
    "account/security/webauthn/reauthenticate/": _OWN_FORM,
    "account/security/webauthn/keys/<int:pk>/remove/": _OWN_FORM,
    "account/security/webauthn/keys/<int:pk>/edit/": _OWN_FORM,
    "account/security/webauthn/login/": _ACCOUNT_FORM,
    "account/sessions": _OWN_FORM,
    "accounts/<int:account_id>/verification": {
        "GET": N.SESSION_OPERATOR,
        "POST": N.SESSION_OPERATOR,
    },
}
# Pages of allauth: their views answer other verbs as GET or POST.
LOOSE: Final = "account/"
# All pages of the admin are behind one door (accounts/admin/people.py).
ADMIN: Final = "admin/"
SOCKETS: Final = {"ws/tasks"}  # tests/gateway/live/test_websocket.py
