"""What clients may send, and, for the schema, what they are answered."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.fields import DialectSerializer, Text, Word
from tasks.enums import TaskAction, TaskStatus

# The numbers that some clients send in place of the words.
SPEEDS: Final = ("RELAX", "FAST", "TURBO")
ACTIONS: Final = tuple(TaskAction.values)

MAX_IDS: Final = 10_000


class AccountFilterSerializer(DialectSerializer):
    """Which account shall draw. Everything empty means: any."""

    instanceId = Text(help_text="Channel id of the account.")
    modes = serializers.ListField(
        child=Word(*SPEEDS), required=False, default=list, help_text="Speeds."
    )


class SubmitSerializer(DialectSerializer):
    """What every submit may carry."""

    state = Text(help_text="Comes back unchanged, in the task and in hooks.")
    notifyHook = Text(help_text="Called with the task at each change.")


class ImagineSerializer(SubmitSerializer):
    prompt = Text(help_text="What to draw, with Midjourney's parameters.")
    botType = Text(help_text="MID_JOURNEY or NIJI_JOURNEY.")
    base64Array = serializers.ListField(
        child=serializers.CharField(allow_null=True, allow_blank=True),
        required=False,
        default=list,
        help_text="Picture prompts; not supported yet.",
    )
    base64 = Text(help_text="One picture prompt; not supported yet.")
    accountFilter = AccountFilterSerializer(required=False, default=dict)


class ActionSerializer(SubmitSerializer):
    taskId = Text(help_text="The finished task.")
    customId = Text(help_text="The customId of one of its buttons.")


class ChangeSerializer(SubmitSerializer):
    taskId = Text(help_text="The finished task.")
    action = Word(*ACTIONS, default="IMAGINE", help_text="UPSCALE, VARIATION, REROLL.")
    index = serializers.IntegerField(
        required=False, default=1, help_text="1 to 4; not needed for REROLL."
    )


class SimpleChangeSerializer(SubmitSerializer):
    content = Text(help_text="The task's id, a blank, and U1-U4, V1-V4 or R.")


@extend_schema_field({"type": "array", "items": {"type": "string"}})
class Ids(serializers.Field[Any, Any, Any, Any]):
    """Ids of tasks as strings or numbers; what cannot be one is left out."""

    default_error_messages = {"not_a_list": "Expected a list of ids."}

    def to_internal_value(self, data: Any) -> list[int]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        ids = (id_in(item) for item in data[:MAX_IDS])
        return [found for found in ids if found is not None]

    def to_representation(self, value: Any) -> Any:
        return value


class ByIdsSerializer(DialectSerializer):
    ids = Ids(required=False, default=list)


def id_in(value: Any) -> int | None:
    """Return the task id that `value` spells, or None."""
    if isinstance(value, str):
        value = value.strip()
        if not (value.isascii() and value.isdigit() and len(value) < 20):
            return None
        value = int(value)
    return value if type(value) is int and 0 <= value < 2**63 else None


class SubmitAnswerSerializer(serializers.Serializer[Any]):
    """The answer of every submit."""

    code = serializers.IntegerField(
        help_text="1 accepted, 22 accepted and waiting, 3 no account or task, 4 wrong "
        "request, 9 failure, 23 queue full, 24 refused word."
    )
    description = serializers.CharField()
    result = serializers.CharField(allow_null=True, help_text="The task's id.")
    properties = serializers.DictField()


class ButtonSerializer(serializers.Serializer[Any]):
    customId = serializers.CharField()
    emoji = serializers.CharField(allow_blank=True)
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    type = serializers.IntegerField()
    style = serializers.IntegerField()  # type: ignore[assignment]


class TaskSerializer(serializers.Serializer[Any]):
    """A task. More keys than these are always present."""

    id = serializers.CharField()
    action = serializers.ChoiceField(TaskAction.choices)
    status = serializers.ChoiceField(TaskStatus.choices)
    botType = serializers.CharField()
    mode = serializers.CharField(allow_null=True)
    prompt = serializers.CharField()
    promptEn = serializers.CharField()
    description = serializers.CharField()
    state = serializers.CharField()
    submitTime = serializers.IntegerField(help_text="Milliseconds.")
    startTime = serializers.IntegerField(allow_null=True)
    finishTime = serializers.IntegerField(allow_null=True)
    progress = serializers.CharField(allow_null=True, help_text="“42%”")
    imageUrl = serializers.CharField(allow_null=True)
    failReason = serializers.CharField(allow_blank=True)
    buttons = ButtonSerializer(many=True)
    properties = serializers.DictField()
    displays = serializers.DictField()
