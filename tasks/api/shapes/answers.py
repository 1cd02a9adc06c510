"""Response forms, for the schema."""

# ruff: noqa: N815 - names on the wire are not ours

from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import (
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema_field,
)
from rest_framework import serializers

from accounts.enums import SpeedMode
from accounts.wire.forms import OperationSerializer
from tasks.enums import BotType, TaskAction, TaskStatus

TASK_ID: Final = OpenApiParameter(
    "task_id",
    str,
    OpenApiParameter.PATH,
    description="Digits; no task has any other id.",
)


class SubmitAnswerSerializer(serializers.Serializer[Any]):
    """The response of every submit."""

    code = serializers.IntegerField(
        help_text="1 accepted, 22 accepted and waiting, 21 the window needs an answer, "
        "3 no account or task, 4 wrong request, 9 failure, 23 queue full, "
        "24 refused word; -1 the body cannot be read."
    )
    description = serializers.CharField()
    result = serializers.CharField(allow_null=True, help_text="The task's id.")
    properties = serializers.DictField()


class UploadAnswerSerializer(SubmitAnswerSerializer):
    """The response of an upload: links in the order of the pictures."""

    result = serializers.ListField(  # type: ignore[assignment]
        child=serializers.CharField(), allow_null=True
    )


class ButtonSerializer(serializers.Serializer[Any]):
    """A button. Send its customId to submit/action to press it."""

    customId = serializers.CharField()
    emoji = serializers.CharField(allow_blank=True)
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    type = serializers.IntegerField()
    style = serializers.IntegerField()  # type: ignore[assignment]


class LinkSerializer(serializers.Serializer[Any]):
    url = serializers.CharField()


class TaskPropertiesSerializer(serializers.Serializer[Any]):
    notifyHook = serializers.CharField(allow_null=True)
    nonce = serializers.CharField(allow_null=True)
    botType = serializers.ChoiceField(BotType.choices)
    discordInstanceId = serializers.CharField(help_text="The account's channel id.")
    finalPrompt = serializers.CharField(help_text="As Midjourney echoed it.")
    finalZhPrompt = serializers.CharField(
        help_text="In Chinese, if the prompt was; may be empty."
    )
    messageId = serializers.CharField(allow_null=True)
    messageHash = serializers.CharField(allow_null=True, help_text="The job's uuid.")
    messageContent = serializers.CharField()
    progressMessageId = serializers.CharField(allow_null=True)
    referencedMessageId = serializers.CharField(allow_null=True)
    flags = serializers.IntegerField()
    custom_id = serializers.CharField(allow_null=True)
    remix = serializers.BooleanField(help_text="The task has a window.")
    remix_modal = serializers.CharField(allow_null=True)
    prompts = serializers.ListField(
        child=serializers.CharField(), help_text="Suggestions of describe or shorten."
    )
    waitingFor = serializers.CharField(
        allow_null=True, help_text="Why an unfinished task waits, or null."
    )
    etaSeconds = serializers.IntegerField(
        allow_null=True,
        help_text="Estimated seconds until the picture is there; null: unknown.",
    )


class TaskDisplaysSerializer(serializers.Serializer[Any]):
    """The same for people: words, and times in the server's time zone."""

    status = serializers.CharField()
    action = serializers.CharField()
    submitTime = serializers.CharField()
    startTime = serializers.CharField(allow_null=True)
    finishTime = serializers.CharField(allow_null=True)
    discordInstanceId = serializers.CharField()


@extend_schema_field({"type": "integer", "format": "int64"})
class Milliseconds(serializers.IntegerField):
    """Milliseconds since 1970, over 32 bits."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(help_text="Milliseconds since 1970.", **kwargs)


class TaskSerializer(serializers.Serializer[Any]):
    """A task. Every key is always present."""

    id = serializers.CharField()
    parentId = serializers.CharField(
        allow_null=True, help_text="Task of the pressed button."
    )
    userId = serializers.CharField()
    action = serializers.ChoiceField(TaskAction.choices)
    status = serializers.ChoiceField(TaskStatus.choices)
    botType = serializers.ChoiceField(BotType.choices)
    mode = serializers.ChoiceField(
        SpeedMode.choices,
        allow_null=True,
        help_text="The requested speed; once it is drawn, the speed that Midjourney "
        "reported, or null.",
    )
    requestMode = serializers.ChoiceField(
        SpeedMode.choices, allow_null=True, help_text="The requested speed."
    )
    prompt = serializers.CharField()
    promptEn = serializers.CharField()
    promptFull = serializers.CharField(allow_null=True)
    description = serializers.CharField()
    state = serializers.CharField(help_text="As it was submitted.")
    submitTime = Milliseconds()
    startTime = Milliseconds(allow_null=True)
    finishTime = Milliseconds(allow_null=True)
    progress = serializers.CharField(
        allow_null=True,
        help_text="“42%”; “100%” at SUCCESS and only then; “” after FAILURE.",
    )
    imageUrl = serializers.CharField(allow_null=True, help_text="Needs no key.")
    thumbnailUrl = serializers.CharField(allow_null=True)
    imageUrls = LinkSerializer(many=True, allow_null=True)
    videoUrl = serializers.CharField(allow_null=True)
    videoUrls = LinkSerializer(many=True, allow_null=True)
    failReason = serializers.CharField(help_text="Empty until FAILURE.")
    buttons = ButtonSerializer(many=True)
    properties = TaskPropertiesSerializer()
    displays = TaskDisplaysSerializer()
    customId = serializers.CharField(allow_null=True, help_text="The pressed button.")
    maskBase64 = serializers.CharField(allow_null=True)
    nonce = serializers.CharField(allow_null=True)
    interactionMetadataId = serializers.CharField(allow_null=True)
    messageId = serializers.CharField(allow_null=True)
    messageIds = serializers.ListField(child=serializers.CharField())
    instanceId = serializers.CharField()
    subInstanceId = serializers.CharField(allow_null=True)
    remixModalMessageId = serializers.CharField(allow_null=True)
    remixAutoSubmit = serializers.BooleanField()
    remixModaling = serializers.BooleanField()
    seed = serializers.CharField(allow_null=True)
    seedMessageId = serializers.CharField(allow_null=True)
    jobId = serializers.CharField(allow_null=True)
    clientIp = serializers.CharField(allow_null=True)
    isWhite = serializers.BooleanField()
    isReplicate = serializers.BooleanField()
    replicateSource = serializers.CharField(allow_null=True)
    replicateTarget = serializers.CharField(allow_null=True)
    accountFilter = serializers.DictField(allow_null=True)
    imageWidth = serializers.IntegerField(allow_null=True)
    imageHeight = serializers.IntegerField(allow_null=True)
    contentType = serializers.CharField(allow_null=True)


class TaskEventSerializer(serializers.Serializer[Any]):
    """One event of a stream, line by line."""

    event = serializers.CharField(help_text="“task”.")
    id = serializers.CharField(help_text="Number of the task's change; it only grows.")
    data = serializers.CharField(help_text="The task, as JSON.")  # type: ignore[assignment]


# A body that cannot be read gets status 200 too, as clients expect.
TASKS_OR_FAILURE: Final = PolymorphicProxySerializer(
    component_name="TasksOrFailure",
    serializers=[TaskSerializer(many=True), OperationSerializer],
    resource_type_field_name=None,
    many=False,
)
