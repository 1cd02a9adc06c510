"""Errors of this app, each with a Chinese and an English text."""

from __future__ import annotations


class AccountsError(Exception):
    """An error whose text is sent to the caller."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.zh, self.en = zh, en


class InvalidField(AccountsError):
    """A value is invalid; nothing was changed."""


class UserDisabled(AccountsError):
    """The key is right, but its owner is disabled."""

    def __init__(self) -> None:
        super().__init__("账号已禁用", "Forbidden: User is disabled.")


class TooManyTries(AccountsError):
    """The address has sent too many wrong keys; these were not checked."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "错误的 Token 过多，请稍后尝试",
            f"Too many wrong keys from this address, retry in {seconds} s",
        )
        self.seconds = seconds


class NoAccountAvailable(AccountsError):
    """No account can take this task now."""

    def __init__(self, en: str = "No account instance available") -> None:
        super().__init__("无可用的账号实例", en)
