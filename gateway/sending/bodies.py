"""Build the interaction of a claimed task, one body for each action."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from accounts.models import DiscordAccount
from gateway.discord.command_index import find_command, longest
from gateway.models import GatewaySession
from gateway.protocol import payloads
from gateway.protocol.constants import MIDJOURNEY_APP, NIJI_APP
from gateway.protocol.payloads import Place, Upload
from gateway.protocol.shapes import Interaction
from tasks.enums import BotType, InputRole, TaskAction
from tasks.models import Task
from tasks.pictures import inputs
from tasks.prompts.sent_text import sent_text
from tasks.submit import limits

_IMAGES: Final = ("image1", "image2", "image3", "image4", "image5")


def place_of(task: Task, account: DiscordAccount, session: GatewaySession) -> Place:
    """Return where the task's interactions happen, and with which bot.

    That is the channel where it was sent, or of the message with its button.
    """
    if not task.channel_id:
        return _main_channel(task, account, session)
    return replace(
        _main_channel(task, account, session),
        guild_id=task.guild_id,
        channel_id=task.channel_id,
    )


def _main_channel(
    task: Task, account: DiscordAccount, session: GatewaySession
) -> Place:
    """Return the account's main channel, to which new drawings go."""
    niji = task.bot_type == BotType.NIJI_JOURNEY
    return Place(
        application_id=NIJI_APP if niji else MIDJOURNEY_APP,
        guild_id=account.guild_id,
        channel_id=account.channel_id,
        session_id=session.session_id,
    )


def interaction_of(
    account: DiscordAccount, session: GatewaySession, task: Task, nonce: str
) -> Interaction:
    """Return the body of the task's interaction. Raises UnknownCommand, TooLong."""
    if task.custom_id:
        return payloads.button(
            place_of(task, account, session),
            nonce,
            message_id=task.parent_message_id,
            flags=task.parent.message_flags if task.parent else 0,
            custom_id=task.custom_id,
        )
    place = _main_channel(task, account, session)
    match TaskAction(task.action):
        case TaskAction.BLEND:
            return _blend(account, place, task, nonce)
        case TaskAction.DESCRIBE:
            return _describe(account, place, task, nonce)
        case TaskAction.SHORTEN:
            text = prompt_to_send(account, task)
            return _worded(account, place, nonce, "shorten", "prompt", text)
        case TaskAction.SHOW:
            return _worded(account, place, nonce, "show", "job_id", task.shown_job_id)
    prompt = prompt_to_send(account, task)
    return _worded(account, place, nonce, "imagine", "prompt", prompt)


def prompt_to_send(account: DiscordAccount, task: Task) -> str:
    """Return the task's prompt as it is sent, with its speed."""
    return sent_text(account, task.prompt_en, task.mode)


def _worded(
    account: DiscordAccount, place: Place, nonce: str, name: str, option: str, text: str
) -> Interaction:
    command = find_command(account.pk, place.application_id, name)
    limits.check(text, longest(command, option))
    return payloads.slash_command(
        place, nonce, command, [payloads.text_option(option, text)]
    )


def _blend(
    account: DiscordAccount, place: Place, task: Task, nonce: str
) -> Interaction:
    command = find_command(account.pk, place.application_id, "blend")
    uploads = uploads_of(task)
    dimensions = [payloads.text_option("dimensions", task.prompt_en)]
    names = _IMAGES[: len(uploads)]
    return payloads.with_files(place, nonce, command, names, uploads, dimensions)


def _describe(
    account: DiscordAccount, place: Place, task: Task, nonce: str
) -> Interaction:
    command = find_command(account.pk, place.application_id, "describe")
    if uploads := uploads_of(task):
        return payloads.with_files(place, nonce, command, ["image"], uploads)
    linked = task.inputs.filter(role=InputRole.COMMAND).first()
    option = payloads.text_option("link", linked.link if linked else "")
    return payloads.slash_command(place, nonce, command, [option])


def uploads_of(task: Task) -> list[Upload]:
    """Return the task's files that are uploaded and wait for the command."""
    rows = task.inputs.filter(role=InputRole.COMMAND).exclude(upload_name="")
    return [Upload(inputs.name_at_discord(row), row.upload_name) for row in rows]
