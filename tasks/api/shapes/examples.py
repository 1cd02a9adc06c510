"""Examples of requests and responses, for the schema."""

from __future__ import annotations

from typing import Final

from mjproxy.lib.dialect.answers import submit_answer
from tasks.custom_ids import change_id
from tasks.enums import ReturnCode, TaskAction
from tasks.task_json import TaskJson

TASK_ID: Final = "1795000000000042"
CHANNEL: Final = "1400000000000000007"
JOB: Final = "5c0ffee0-1234-4abc-8def-0123456789ab"
BUTTON: Final = change_id(TaskAction.UPSCALE, 1, JOB)
PICTURE: Final = "data:image/png;base64,iVBORw0KGgo..."


ACCEPTED: Final = submit_answer(
    ReturnCode.SUCCESS, "提交成功", TASK_ID, discordInstanceId=CHANNEL
)
WAITING: Final = submit_answer(
    ReturnCode.IN_QUEUE,
    "排队中，前面还有2个任务",
    TASK_ID,
    numberOfQueues=2,
    discordInstanceId=CHANNEL,
)
REFUSED: Final = submit_answer(
    ReturnCode.VALIDATION_ERROR, "参数错误", descriptionEn="Invalid parameters"
)
UNKNOWN_TASK: Final = submit_answer(
    ReturnCode.NOT_FOUND,
    "关联任务不存在或已失效",
    descriptionEn="Related task does not exist or has expired",
)

TASK: Final[TaskJson] = {
    "id": TASK_ID,
    "parentId": None,
    "userId": "1",
    "action": "IMAGINE",
    "status": "SUCCESS",
    "botType": "MID_JOURNEY",
    "mode": "FAST",
    "requestMode": "FAST",
    "prompt": "a red fox",
    "promptEn": "a red fox",
    "promptFull": "a red fox --v 7.0",
    "description": "/imagine a red fox",
    "state": "order 17",
    "submitTime": 1795000000000,
    "startTime": 1795000000150,
    "finishTime": 1795000031000,
    "progress": "100%",
    "imageUrl": f"https://draw.example.com/images/{TASK_ID}/0f3c.png",
    "thumbnailUrl": None,
    "imageUrls": None,
    "videoUrl": None,
    "videoUrls": None,
    "failReason": "",
    "buttons": [
        {
            "customId": BUTTON,
            "emoji": "",
            "label": "U1",
            "type": 2,
            "style": 2,
        }
    ],
    "properties": {
        "notifyHook": None,
        "nonce": "1572500000000000001",
        "botType": "MID_JOURNEY",
        "discordInstanceId": CHANNEL,
        "finalPrompt": "a red fox --v 7.0",
        "finalZhPrompt": "",
        "messageId": "1572500000000000090",
        "messageHash": JOB,
        "messageContent": "**a red fox --v 7.0** - <@1200> (fast)",
        "progressMessageId": "1572500000000000080",
        "referencedMessageId": None,
        "flags": 0,
        "custom_id": None,
        "remix": False,
        "remix_modal": None,
        "prompts": [],
        "waitingFor": None,
        "etaSeconds": None,
    },
    "displays": {
        "status": "Success",
        "action": "Imagine",
        "submitTime": "2026-11-18 11:06:40",
        "startTime": "2026-11-18 11:06:40",
        "finishTime": "2026-11-18 11:07:11",
        "discordInstanceId": CHANNEL,
    },
    "customId": None,
    "maskBase64": None,
    "nonce": "1572500000000000001",
    "interactionMetadataId": "1572500000000000002",
    "messageId": "1572500000000000090",
    "messageIds": ["1572500000000000080", "1572500000000000090"],
    "instanceId": CHANNEL,
    "subInstanceId": None,
    "remixModalMessageId": None,
    "remixAutoSubmit": False,
    "remixModaling": False,
    "seed": None,
    "seedMessageId": None,
    "jobId": JOB,
    "clientIp": "203.0.113.7",
    "isWhite": False,
    "isReplicate": False,
    "replicateSource": None,
    "replicateTarget": None,
    "accountFilter": None,
    "imageWidth": 2048,
    "imageHeight": 2048,
    "contentType": "image/png",
}
