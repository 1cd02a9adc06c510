"""Request forms."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from mjproxy.lib.dialect.fields import DialectSerializer, Items, Text, Whole, Word
from tasks.enums import TaskAction

# Some clients send the index in these tuples instead of the word.
SPEEDS: Final = ("RELAX", "FAST", "TURBO")
ACTIONS: Final = tuple(TaskAction.values)

MAX_IDS: Final = 1000
MAX_PICTURES: Final = 20  # submits accept at most 10 and report that themselves


DIMENSIONS: Final = ("PORTRAIT", "SQUARE", "LANDSCAPE")


class AccountFilterSerializer(DialectSerializer):
    """The accounts that may draw. Empty members allow any account."""

    instanceId = Text(help_text="Channel id of the account.")
    channelId = Text(help_text="The same; instanceId outranks it.")
    modes = Items(
        child=Word(*SPEEDS),
        max_length=10,
        required=False,
        default=list,
        help_text="Speeds; the first one that an account draws at is used.",
    )
    remix = serializers.BooleanField(
        required=False, help_text="Remix windows: true, they open; false, never."
    )
    nijiRemix = serializers.BooleanField(required=False, help_text="At the niji bot.")
    remixAutoConsidered = serializers.BooleanField(
        required=False, help_text="Whether the account answers them by itself."
    )
    remark = Text(help_text="Part of the account's remark; for operators.")


class SubmitSerializer(DialectSerializer):
    """Members of every submit."""

    state = Text(help_text="Returned unchanged in the task and in hooks.")
    notifyHook = Text(help_text="Called with the task at each change.")


class FilteredSerializer(SubmitSerializer):
    """Members of every submit of a new drawing."""

    botType = Text(help_text="MID_JOURNEY or NIJI_JOURNEY.")
    accountFilter = AccountFilterSerializer(required=False, default=dict)


class Pictures(Items):
    """Pictures as data URLs, bare base64 or web links."""

    def __init__(self, **kwargs: Any) -> None:
        child = serializers.CharField(
            allow_null=True, allow_blank=True, trim_whitespace=False
        )
        super().__init__(
            child=child, max_length=MAX_PICTURES, required=False, default=list, **kwargs
        )


class ImagineSerializer(FilteredSerializer):
    prompt = Text(help_text="What to draw, with Midjourney's parameters.")
    base64Array = Pictures(help_text="Picture prompts, in order.")
    base64 = Text(help_text="One more picture prompt, as old clients send it.")


class BlendSerializer(FilteredSerializer):
    base64Array = Pictures(help_text="2 to 5 pictures.")
    dimensions = Word(*DIMENSIONS, default="SQUARE", help_text="Shape of the result.")


class DescribeSerializer(FilteredSerializer):
    base64 = Text(help_text="The picture: a data URL or bare base64.")
    link = Text(help_text="Or its web address.")


class ShortenSerializer(FilteredSerializer):
    prompt = Text(help_text="The prompt to analyse.")


class ShowSerializer(FilteredSerializer):
    jobId = Text(help_text="A job's id, or the address of its picture.")


class ModalSerializer(SubmitSerializer):
    taskId = Text(help_text="The task that waits for its window.")
    prompt = Text(help_text="Empty: the window's prompt is sent.")
    maskBase64 = Text(help_text="White is redrawn; for Vary (Region).")


class UploadSerializer(DialectSerializer):
    base64Array = Pictures(help_text="Up to 10 pictures.")
    accountFilter = AccountFilterSerializer(required=False, default=dict)


class EditSerializer(FilteredSerializer):
    prompt = Text(help_text="What to change.")
    image = Text(help_text="The picture.")
    maskBase64 = Text()


class VideoSerializer(FilteredSerializer):
    prompt = Text(help_text="What happens in the video.")
    motion = Text(help_text="low or high.")
    image = Text(help_text="First frame.")
    base64 = Text(help_text="First frame, under another name.")
    endImage = Text(help_text="Last frame.")
    loop = serializers.BooleanField(required=False, default=False)
    action = Text(help_text="“extend” makes a clip of taskId longer.")
    index = serializers.IntegerField(
        required=False, default=0, min_value=0, max_value=3, help_text="Clip, from 0."
    )
    taskId = Text(help_text="The task to extend.")
    videoType = Text(help_text="Only the standard size is served.")
    batchSize = Whole(default=4)


class SwapSerializer(SubmitSerializer):
    sourceBase64 = Text(help_text="The face: a data URL or bare base64.")
    sourceUrl = Text(help_text="Or its web address.")
    targetBase64 = Text(help_text="The picture that gets the face.")
    targetUrl = Text(help_text="Or its web address.")
    accountFilter = AccountFilterSerializer(
        required=False, default=dict, help_text="Kept, without effect."
    )


class VideoSwapSerializer(SubmitSerializer):
    sourceBase64 = Text(help_text="The face: a data URL or bare base64.")
    sourceUrl = Text(help_text="Or its web address.")
    targetFile = serializers.FileField(
        required=False, default=None, allow_empty_file=True, help_text="An MP4 video."
    )
    targetUrl = Text(help_text="Or its web address.")


class ActionSerializer(SubmitSerializer):
    taskId = Text(help_text="The finished task.")
    customId = Text(help_text="The customId of one of its buttons.")
    enableRemix = serializers.BooleanField(
        required=False, default=False, help_text="Always open the remix window."
    )


class ChangeSerializer(SubmitSerializer):
    taskId = Text(help_text="The finished task.")
    action = Word(*ACTIONS, default="IMAGINE", help_text="UPSCALE, VARIATION, REROLL.")
    index = Whole(default=1, help_text="1 to 4; not needed for REROLL.")


class SimpleChangeSerializer(SubmitSerializer):
    content = Text(help_text="The task's id, a blank, and U1-U4, V1-V4 or R.")


@extend_schema_field(
    {"type": "array", "items": {"type": "string"}, "maxItems": MAX_IDS}
)
class Ids(serializers.Field[Any, Any, Any, Any]):
    """Ids of tasks as strings or numbers. Invalid ids are left out.

    Ids after the first MAX_IDS are left out too: an error would hide all the others.
    """

    default_error_messages = {
        "not_a_list": "Expected a list of ids.",
        "not_an_id": "An id is a string or a whole number.",
    }

    def to_internal_value(self, data: Any) -> list[int]:
        if not isinstance(data, list):
            self.fail("not_a_list")
        data = data[:MAX_IDS]
        if not all(item is None or type(item) in (str, int) for item in data):
            self.fail("not_an_id")
        ids = (id_in(item) for item in data)
        return [found for found in ids if found is not None]

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field({"type": "string"})
class Day(serializers.DateField):
    """A day as 2026-11-28; "" counts as not sent."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        return None if data == "" else super().to_internal_value(data)


class ByIdsSerializer(DialectSerializer):
    ids = Ids(required=False, default=list)


def id_in(value: Any) -> int | None:
    """Return the task id in `value`, or None if it is not one."""
    if isinstance(value, str):
        value = value.strip()
        if not (value.isascii() and value.isdigit() and len(value) < 20):
            return None
        value = int(value)
    return value if type(value) is int and 0 <= value < 2**63 else None
