"""Take finished tasks; they keep their ids, so what is here already is skipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db.models import Q

from accounts.enums import SpeedMode
from accounts.models import DiscordAccount, SubChannel, User
from mjproxy.lib.ids import moment_of_task_id
from tasks.enums import BotType, TaskAction, TaskStatus
from tasks.models import AwaitedParent, Task
from tasks.moving import texts
from tasks.moving.context import Context, Row, objects_in
from tasks.moving.pictures import rows as copies
from tasks.moving.report import Line, refused, skipped, taken
from tasks.pictures.store import UnknownSource, cdn_url
from tasks.pictures.types import EXTENSIONS

USER: Final = "user"  # the kind of MovedRow
_ACTIONS: Final = tuple(TaskAction.values)
_STATUSES: Final = ("NOT_START", "SUBMITTED", "", "IN_PROGRESS", "FAILURE", "SUCCESS")
_MODES: Final = ("RELAX", "FAST", "TURBO")
_BOTS: Final = ("MID_JOURNEY", "NIJI_JOURNEY", "INSIGHT_FACE")
# Actions of later versions, by the action here that draws the same.
_SAME: Final[Mapping[str, TaskAction]] = {
    "VIDEO_EXTEND": TaskAction.VIDEO,
    "PIC_READER": TaskAction.IMAGINE,
    "UPSCALE_HD": TaskAction.UPSCALE,
}
_VIDEO: Final = (".mp4", ".webm", ".mov")
_MOST_PIXELS: Final = 100_000  # of a side
# Columns that no two tasks have the same value in.
_OWN: Final = ("message_id", "job_id", "interaction_id", "progress_message_id")


def take(context: Context, rows: Sequence[Any]) -> list[Line]:
    """Write the finished tasks of a page. Those under way are left for another run."""
    found, lines = objects_in(rows)
    around = _Around.of(context, found)
    known = set(around.here)
    new: list[Task] = []
    for row in found:
        name = str(row.get("id"))[:80]
        read = _read(row, around)
        if isinstance(read, str):
            lines.append(refused(name, read))
        elif read.pk in around.here:
            lines.append(skipped(name))
        elif not read.is_terminal:
            lines.append(skipped(name, "it is not over yet"))
        else:
            around.here.add(read.pk)
            around.settle(read)
            new.append(read)
            lines.append(taken(name))
    Task.objects.bulk_create(new)
    if context.with_pictures:
        copies.want(context.move_id, known.union(task.pk for task in new))
    _link(new, {task.pk: pk for task in new if (pk := around.parents.get(task.pk))})
    return lines


def _link(new: Sequence[Task], wanted: Mapping[int, int]) -> None:
    """Give new tasks their parents, and new parents the tasks that came before them.

    Parents come later where lists begin with the newest task. `wanted` maps tasks to
    their parents.
    """
    came = {task.pk for task in new}
    awaiting = AwaitedParent.objects.filter(awaited_id__in=came)
    pairs = {**wanted, **dict(awaiting.values_list("task_id", "awaited_id"))}
    rows = Task.objects.order_by().filter(pk__in=set(pairs.values()))
    here = set(rows.values_list("pk", flat=True))
    known = [Task(pk=pk, parent_id=at) for pk, at in pairs.items() if at in here]
    Task.objects.bulk_update(known, ["parent"], batch_size=500)
    awaiting.delete()
    AwaitedParent.objects.bulk_create(
        AwaitedParent(task_id=pk, awaited_id=at)
        for pk, at in wanted.items()
        if at not in here
    )


@dataclass
class _Around:
    """The rows here that the tasks of a page refer to, or that are theirs already."""

    owner_id: int
    here: set[int]
    owners: dict[str, int]
    accounts: dict[str, int]
    servers: dict[str, str]  # of the channels of accounts that are here
    taken: dict[str, set[str]]  # by column, see _OWN
    parents: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context, rows: Sequence[Row]) -> _Around:
        ids = [pk for row in rows if (pk := texts.id_of(row.get("id")))]
        channels = {_channel(row) for row in rows} | {_place(row) for row in rows}
        users = {texts.text_of(row.get("userId"), 80) for row in rows} - {""}
        known = DiscordAccount.objects.filter(channel_id__in=channels)
        further = SubChannel.objects.filter(channel_id__in=channels)
        servers = further.values_list("channel_id", "guild_id")
        own = known.values_list("channel_id", "guild_id")
        tasks = Task.objects.order_by()
        return cls(
            context.owner_id,
            set(tasks.filter(pk__in=ids).values_list("pk", flat=True)),
            _still_there(context.known(USER, users)),
            dict(known.values_list("channel_id", "pk")),
            {**dict(servers), **dict(own)},
            _taken_of([_own(row) for row in rows]),
        )

    def settle(self, task: Task) -> None:
        """Leave out what another task has: a message or job ends one task alone.

        The message stays known, so that the task's buttons can be pressed.
        """
        if task.message_id in self.taken["message_id"]:
            task.parent_message_id = task.message_id or ""
        for name in _OWN:
            if getattr(task, name) in self.taken[name]:
                setattr(task, name, None)
            elif value := getattr(task, name):
                self.taken[name].add(value)


def _taken_of(found: Sequence[Mapping[str, str]]) -> dict[str, set[str]]:
    """Return which of these values tasks here have already, by column."""
    asked = {name: {each[name] for each in found} - {""} for name in _OWN}
    which = Q()
    for name, values in asked.items():
        which |= Q(**{f"{name}__in": values})
    rows = list(Task.objects.order_by().filter(which).values(*_OWN))
    return {name: {row[name] for row in rows if row[name]} for name in _OWN}


def _still_there(owners: dict[str, int]) -> dict[str, int]:
    there = User.objects.filter(pk__in=owners.values()).values_list("pk", flat=True)
    kept = set(there)
    return {old: pk for old, pk in owners.items() if pk in kept}


def _read(row: Row, around: _Around) -> Task | str:
    """Return the task of a row that is not saved, or why there is none."""
    pk = texts.id_of(row.get("id"))
    if pk is None:
        return "its id is not a number that tasks here can have"
    status = texts.choice_of(row.get("status"), TaskStatus, _STATUSES)
    word = row.get("action")
    action = _SAME.get(texts.text_of(word, 40).upper()) or texts.choice_of(
        word, TaskAction, _ACTIONS
    )
    if not action:
        return "its action is unknown"
    submitted = texts.moment_of(row.get("submitTime")) or moment_of_task_id(pk)
    task = Task(
        pk=pk,
        owner_id=around.owners.get(
            texts.text_of(row.get("userId"), 80), around.owner_id
        ),
        account_id=around.accounts.get(_channel(row)),
        action=action,
        status=status or TaskStatus.NOT_START,
        submitted_at=submitted,
        started_at=texts.moment_of(row.get("startTime")),
    )
    parent = texts.id_of(row.get("parentId"))
    if parent is not None and parent != pk:
        around.parents[pk] = parent
    if server := around.servers.get(_place(row)):
        task.guild_id, task.channel_id = server, _place(row)
    if task.status == TaskStatus.CANCEL:
        task.status = TaskStatus.FAILURE
    if task.is_terminal:
        task.finished_at = texts.moment_of(row.get("finishTime")) or submitted
    _fill_texts(task, row)
    _fill_result(task, row)
    return task


def _fill_texts(task: Task, row: Row) -> None:
    about = _properties(row)
    bot = row.get("botType", about.get("botType"))
    task.bot_type = texts.choice_of(bot, BotType, _BOTS) or BotType.MID_JOURNEY
    task.mode = texts.choice_of(row.get("mode"), SpeedMode, _MODES)
    asked = texts.choice_of(row.get("requestMode"), SpeedMode, _MODES)
    task.requested_mode = asked or task.mode
    task.account_filter = _filter(row.get("accountFilter"))
    task.prompt = texts.text_of(row.get("prompt"))
    task.prompt_en = texts.text_of(row.get("promptEn"))
    final = about.get("finalPrompt")
    task.final_prompt = texts.first_text(row.get("promptFull"), final)
    task.final_prompt_zh = texts.text_of(about.get("finalZhPrompt"))
    task.description = texts.text_of(row.get("description"))
    task.client_state = texts.text_of(row.get("state"))
    task.client_ip = texts.address_of(row.get("clientIp"))
    task.seed = texts.digits_of(row.get("seed"))
    task.seed_message_id = texts.digits_of(row.get("seedMessageId"))
    task.swap_source = texts.link_of(row.get("replicateSource"))
    task.swap_target = texts.link_of(row.get("replicateTarget"))


def _filter(value: Any) -> dict[str, object] | None:
    """Return the filter of accounts, with the members that filters here have."""
    if not isinstance(value, Mapping):
        return None
    found: dict[str, object] = {
        "instanceId": texts.digits_of(value.get("instanceId")),
        "remark": texts.text_of(value.get("remark"), 400),
    }
    if isinstance(modes := value.get("modes"), list):
        words = (texts.choice_of(each, SpeedMode, _MODES) for each in modes[:10])
        found["modes"] = [word for word in words if word]
    for name in ("remix", "nijiRemix", "remixAutoConsidered"):
        if isinstance(value.get(name), bool):
            found[name] = value[name]
    return {name: each for name, each in found.items() if each not in ("", [])} or None


def _fill_result(task: Task, row: Row) -> None:
    about = _properties(row)
    for name, value in _own(row).items():
        setattr(task, name, value or None)
    task.parent_message_id = texts.digits_of(about.get("referencedMessageId"))
    task.message_flags = texts.number_of(about.get("flags"), 0, (1 << 63) - 1) or 0
    task.message_content = texts.text_of(about.get("messageContent"))
    task.custom_id = texts.first_text(
        row.get("customId"), about.get("custom_id"), most=200
    )
    if task.status != TaskStatus.SUCCESS:
        reason = texts.text_of(row.get("failReason"), 4000)
        task.fail_reason = reason or "no reason was given"
        return
    task.progress = 100
    task.buttons = texts.buttons_of(row.get("buttons"))
    task.picture_type = _type(row.get("contentType"))
    task.picture_width = texts.number_of(row.get("imageWidth"), 1, _MOST_PIXELS)
    task.picture_height = texts.number_of(row.get("imageHeight"), 1, _MOST_PIXELS)
    links = (texts.link_of(row.get(name)) for name in ("videoUrl", "imageUrl"))
    _fill_picture(task, next(filter(None, links), ""))


def _type(value: Any) -> str:
    text = texts.text_of(value, 40).lower()
    return text if text in EXTENSIONS else ""


def _fill_picture(task: Task, link: str) -> None:
    if not link:
        return
    is_video = link.partition("?")[0].lower().endswith(_VIDEO)
    if is_video:
        task.picture_type = "video/mp4"
    try:
        cdn_url(link)
    except UnknownSource:
        task.picture_link = link
    else:
        task.picture_source = link


def _properties(row: Row) -> Row:
    found = row.get("properties")
    return found if isinstance(found, Mapping) else {}


def _channel(row: Row) -> str:
    named = row.get("instanceId"), _properties(row).get("discordInstanceId")
    return _first(texts.digits_of, *named)


def _place(row: Row) -> str:
    """Return the channel where it was drawn: a further one, or the account's own."""
    named = row.get("subInstanceId"), _properties(row).get("discordChannelId")
    return _first(texts.digits_of, *named) or _channel(row)


def _own(row: Row) -> dict[str, str]:
    """Return the values of the columns `_OWN`; "" for none."""
    about = _properties(row)
    return {
        "message_id": _first(
            texts.digits_of, row.get("messageId"), about.get("messageId")
        ),
        "job_id": _first(texts.job_of, row.get("jobId"), about.get("messageHash")),
        "interaction_id": texts.digits_of(row.get("interactionMetadataId")),
        "progress_message_id": texts.digits_of(about.get("progressMessageId")),
    }


def _first(read: Callable[[Any], str], *values: Any) -> str:
    return next(filter(None, map(read, values)), "")
