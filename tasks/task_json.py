"""Shape of a task in JSON, as clients, pages and hooks get it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict


class TaskButton(TypedDict):
    """A button of a task; its `customId` is sent back to press it."""

    customId: str
    emoji: str
    label: str
    type: int
    style: int


class TaskProperties(TypedDict):
    notifyHook: str | None
    nonce: str | None
    botType: str
    discordInstanceId: str
    finalPrompt: str
    finalZhPrompt: str
    messageId: str | None
    messageHash: str | None
    messageContent: str
    progressMessageId: str | None
    referencedMessageId: str | None
    flags: int
    custom_id: str | None
    remix: bool
    remix_modal: str | None
    prompts: list[str]
    waitingFor: str | None
    etaSeconds: int | None


class TaskDisplays(TypedDict):
    """Words for people, and times in the server's time zone."""

    status: str
    action: str
    submitTime: str | None
    startTime: str | None
    finishTime: str | None
    discordInstanceId: str


class TaskJson(TypedDict):
    """A task. Every key is always present; times are milliseconds since 1970."""

    id: str
    parentId: str | None
    userId: str
    action: str
    status: str
    botType: str
    mode: str | None
    requestMode: str | None
    prompt: str
    promptEn: str
    promptFull: str | None
    description: str
    state: str
    submitTime: int | None
    startTime: int | None
    finishTime: int | None
    progress: str | None
    imageUrl: str | None
    thumbnailUrl: str | None
    imageUrls: list[dict[str, str | None]] | None
    videoUrl: str | None
    videoUrls: list[dict[str, str | None]] | None
    failReason: str
    buttons: list[TaskButton]
    properties: TaskProperties
    displays: TaskDisplays
    customId: str | None
    maskBase64: str | None
    nonce: str | None
    interactionMetadataId: str | None
    messageId: str | None
    messageIds: list[str]
    instanceId: str
    subInstanceId: str | None
    remixModalMessageId: str | None
    remixAutoSubmit: bool
    remixModaling: bool
    seed: str | None
    seedMessageId: str | None
    jobId: str | None
    clientIp: str | None
    isWhite: bool
    isReplicate: bool
    replicateSource: str | None
    replicateTarget: str | None
    accountFilter: Mapping[str, object] | None
    imageWidth: int | None
    imageHeight: int | None
    contentType: str | None
