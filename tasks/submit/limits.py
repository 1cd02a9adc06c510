"""Limit the length of texts, measured in the form in which they are sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from tasks import ports
from tasks.enums import InputRole
from tasks.exceptions import InvalidRequest
from tasks.models import Task
from tasks.pictures.inputs import Brought
from tasks.prompts import links
from tasks.prompts.text import sent_prompt

FIELD: Final = 4000  # characters of a window's text
# Stands for the link of a picture without one yet; no link of the CDN is shorter.
_AT_DISCORD: Final = "https://cdn.discordapp.com/attachments/".ljust(100, "x")


class TooLong(InvalidRequest):
    """A text is longer than Discord accepts."""

    def __init__(self, length: int, longest: int) -> None:
        super().__init__(
            f"prompt过长：发送内容共 {length} 个字符，最多 {longest} 个",
            f"prompt is too long: {length} characters would be sent, "
            f"Discord takes {longest}",
        )


def check(text: str, longest: int) -> None:
    """Raise TooLong for a text that Discord would refuse."""
    if len(text) > longest:
        raise TooLong(len(text), longest)


def check_command(task: Task, command: str, brought: Iterable[Brought] = ()) -> None:
    """Raise TooLong for a new task whose prompt is certainly too long.

    Its account and the links of its pictures are not known yet, so the prompt is
    measured again before it is sent.
    """
    check(_sent(task, brought), ports.option_limit()(task.bot_type, command))


def check_field(task: Task, brought: Iterable[Brought] = ()) -> None:
    """Raise TooLong for a window's text that is certainly too long."""
    check(_sent(task, brought), FIELD)


def _sent(task: Task, brought: Iterable[Brought]) -> str:
    """Return the shortest prompt that any account would send."""
    text = _with_links(task.prompt_en, brought)
    return sent_prompt(text, task_mode=task.mode)


def _with_links(text: str, brought: Iterable[Brought]) -> str:
    roles = [(picture.role, picture.url) for picture in brought]
    foreign = {url: _AT_DISCORD for role, url in roles if role == InputRole.LINK}
    text = links.replace_links(text, foreign)
    before = [
        url if links.is_official(url) else _AT_DISCORD
        for role, url in roles
        if role == InputRole.PROMPT
    ]
    after = [f"--end {_AT_DISCORD}" for role, _ in roles if role == InputRole.END_FRAME]
    return " ".join(part for part in [*before, text, *after] if part)
