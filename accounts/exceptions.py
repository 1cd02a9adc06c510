"""Errors of this app, each with a Chinese and an English text."""

from __future__ import annotations

from collections.abc import Mapping


class AccountsError(Exception):
    """An error whose text is sent to the caller."""

    status = 200  # clients expect errors in the body
    headers: Mapping[str, str] = {}

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class InvalidField(AccountsError):
    """A value is invalid; nothing was changed."""


class KeyRefused(AccountsError):
    """The caller is known, but may not come in: with this key, from there, or now."""

    status = 401


class KeyNeeded(AccountsError):
    """The caller has sent no key, or none that this server knows."""

    status = 401

    def __init__(self) -> None:
        super().__init__(
            "缺少 Token 或 Token 错误", "Authorization header missing, or a wrong key"
        )


class SignInNeeded(AccountsError):
    """Nobody is signed in, and nobody may look without a name."""

    status = 403

    def __init__(self) -> None:
        super().__init__("请重新登录", "Sign in first")


class OperatorNeeded(AccountsError):
    """The call is for operators."""

    status = 401

    def __init__(self) -> None:
        # Clients know both texts.
        super().__init__("账号无权限", "Forbidden: Admin access required.")


class UserDisabled(KeyRefused):
    """The key is right, but its owner is disabled."""

    def __init__(self) -> None:
        # Clients know both texts.
        super().__init__("账号已禁用", "Forbidden: User is disabled.")


class KeyRevoked(KeyRefused):
    """The key was right once."""

    def __init__(self) -> None:
        super().__init__("Token 已被吊销", "This key was revoked")


class KeyExpired(KeyRefused):
    """The key was right until its end."""

    def __init__(self) -> None:
        super().__init__("Token 已过期", "This key has expired")


class WrongAddress(KeyRefused):
    """The key may not be used from the caller's address."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "当前 IP 不允许使用该 Token", "This key may not be used from this address"
        )


class NotValidNow(KeyRefused):
    """The user is not valid yet, or not valid any more."""

    status = 403

    def __init__(self) -> None:
        super().__init__("账号不可用", "This user is not valid at this time")


class ScopeMissing(KeyRefused):
    """The key is not good for this call."""

    status = 403

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"Token 权限不足，需要 {scope}", f"This key has not the scope {scope}"
        )


class DemoMode(AccountsError):
    """A visitor may look, and change nothing."""

    def __init__(self, status: int = 200) -> None:
        super().__init__("演示模式，禁止操作", "Demo mode: nothing can be changed")
        self.status = status


class DemoPages(AccountsError):
    """A visitor sees the first pages of a table."""

    def __init__(self) -> None:
        super().__init__(
            "演示模式，禁止查看更多数据", "Demo mode: there are no further pages"
        )


class SecondFactorNeeded(AccountsError):
    """The session of an operator opens nothing before they have a second factor."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "请先设置二次验证", "Set up a second factor first, at /account/security"
        )


class TooManyTries(AccountsError):
    """The address has sent too many wrong keys; these were not checked."""

    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "错误的 Token 过多，请稍后尝试",
            f"Too many wrong keys from this address, retry in {seconds} s",
        )
        self.headers = {"Retry-After": str(seconds)}


class TooManyRequests(AccountsError):
    """The address, or its network, has sent as many requests as it may."""

    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"请求过于频繁，请在 {seconds} 秒后重试",
            f"Too many requests from this address, retry in {seconds} s",
        )
        self.headers = {"Retry-After": str(seconds)}


class AddressBlocked(AccountsError):
    """The address is on a black list, or is blocked for `seconds`."""

    status = 403

    def __init__(self, seconds: int | None = None) -> None:
        if seconds is None:
            super().__init__("当前 IP 已被禁止访问", "This address is blocked")
            return
        super().__init__(
            f"当前 IP 已被临时封锁，请在 {seconds} 秒后重试",
            f"This address is blocked for {seconds} s",
        )
        self.headers = {"Retry-After": str(seconds)}


class NoAccountAvailable(AccountsError):
    """No account can take this task now."""

    def __init__(self, en: str = "No account instance available") -> None:
        super().__init__("无可用的账号实例", en)
