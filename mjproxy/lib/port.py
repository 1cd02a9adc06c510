"""A port: a question that a lower app asks and an upper app answers."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Port(Generic[T]):
    """Holds what an upper app has registered in its `ready()`.

    The lower app declares the port with a Protocol and an answer that is true where no
    upper app is installed: `load: Port[Load] = Port(_NoLoad())`. It asks with a call:
    `load().counts()`.
    """

    def __init__(self, answer: T) -> None:
        self._answer = answer

    def register(self, answer: T) -> T:
        """Have `answer` asked from now on, and return what was asked before."""
        before, self._answer = self._answer, answer
        return before

    def __call__(self) -> T:
        return self._answer
