"""Values of the /mj dialect, and the table of moves between statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.db import models

from accounts.enums import BotType as BotType


class TaskStatus(models.TextChoices):
    NOT_START = "NOT_START"
    SUBMITTED = "SUBMITTED"
    MODAL = "MODAL"
    IN_PROGRESS = "IN_PROGRESS"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCEL = "CANCEL"


class TaskAction(models.TextChoices):
    IMAGINE = "IMAGINE"
    UPSCALE = "UPSCALE"
    VARIATION = "VARIATION"
    REROLL = "REROLL"
    DESCRIBE = "DESCRIBE"
    BLEND = "BLEND"
    ACTION = "ACTION"
    PAN = "PAN"
    OUTPAINT = "OUTPAINT"
    INPAINT = "INPAINT"
    ZOOM = "ZOOM"
    SHOW = "SHOW"
    SHORTEN = "SHORTEN"
    SWAP_FACE = "SWAP_FACE"
    SWAP_VIDEO_FACE = "SWAP_VIDEO_FACE"
    VIDEO = "VIDEO"
    EDIT = "EDIT"
    RETEXTURE = "RETEXTURE"


class ReturnCode(models.IntegerChoices):
    """The code in the response of a submit."""

    SUCCESS = 1
    NOT_FOUND = 3
    VALIDATION_ERROR = 4
    FAILURE = 9
    EXISTED = 21
    IN_QUEUE = 22
    QUEUE_REJECTED = 23
    BANNED_PROMPT = 24


class Delivery(models.TextChoices):
    """The state of the interaction that a task sent to Discord."""

    NONE = "", "not sent"
    SENDING = "sending", "claimed, perhaps sent"
    ACCEPTED = "accepted", "accepted by Discord"
    UNKNOWN = "unknown", "cut or timed out after sending"


class WindowState(models.TextChoices):
    """The state of the window that a task's button opens."""

    NONE = "", "none"
    EXPECTED = "expected", "expected"
    OPEN = "open", "open, to be answered"
    ANSWERED = "answered", "answered"


class InputRole(models.TextChoices):
    """The use of an input picture."""

    PROMPT = "prompt", "goes before the prompt"
    LINK = "link", "stands in the prompt as a link"
    COMMAND = "command", "is attached to the command"
    MASK = "mask", "says what is drawn anew"
    END_FRAME = "end", "is a video's last frame"
    FACE = "face", "is the face of a swap"
    SWAPPED = "swapped", "gets the face of a swap"


class ErrandKind(models.TextChoices):
    UPLOAD = "upload"
    PRESS = "press", "press a button that draws nothing"
    SEED = "seed"


class ErrandState(models.TextChoices):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class DeliveryState(models.TextChoices):
    """The state of a call in the log; WAITING: a person sends it again."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed", "Failed: tried again later"
    GIVEN_UP = "given_up", "Given up"


class TranslateWay(models.TextChoices):
    """Services that translate prompts into English."""

    NONE = "NONE", "Nobody"
    BAIDU = "BAIDU", "Baidu"
    GPT = "GPT", "A chat model (OpenAI's API or a compatible one)"
    DEEPL = "DEEPL", "DeepL"


class Script(models.TextChoices):
    """Scripts whose words are translated into English."""

    CHINESE = "chinese", "Chinese (also in Japanese text)"
    JAPANESE = "japanese", "Japanese (hiragana, katakana)"
    KOREAN = "korean", "Korean"
    CYRILLIC = "cyrillic", "Cyrillic"
    ARABIC = "arabic", "Arabic"
    THAI = "thai", "Thai"
    OTHERS = "others", "All others but Latin"


class StorageKind(models.TextChoices):
    """Where kept pictures are to lie."""

    LOCAL = "local", "the data folder of this server"
    BUCKET = "bucket", "a bucket of an S3-compatible service"


class Place(models.TextChoices):
    """Where a kept file lies. BOTH: verified at its new place, not yet removed."""

    LOCAL = "local", "data folder"
    BOTH = "both", "data folder and bucket"
    BUCKET = "bucket", "bucket"


class BucketLinks(models.TextChoices):
    """How a picture gets from the bucket to those who look at it."""

    THROUGH = "through", "through this server; the bucket may be private"
    PUBLIC = "public", "by public links to the bucket or its CDN"
    SIGNED = "signed", "by signed links to a private bucket"


class BucketNames(models.TextChoices):
    """Where the bucket's name stands in addresses."""

    AUTO = "auto", "as the service wants it"
    PATH = "path", "in the path (MinIO)"
    HOST = "virtual", "in the host (OSS, COS)"


class Thumbnails(models.TextChoices):
    """Whether the thumbnails of a kept file are made."""

    DUE = "due", "to be made"
    MADE = "made", "made"
    NONE = "none", "not wanted"
    IMPOSSIBLE = "cannot", "cannot be made"


class MoveSource(models.TextChoices):
    """Servers from which an installation can move in."""

    PLUS = "plus", "The closed “plus” product"
    CSHARP = "csharp", "The C# line"
    JAVA = "java", "The Java line"


class MoveState(models.TextChoices):
    """The state of moving in."""

    OPEN = "open", "Runs"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    STOPPED = "stopped", "Stopped"


class CopyState(models.TextChoices):
    """Whether the picture of a moved task is copied."""

    DUE = "due", "left"
    COPIED = "copied", "copied"
    GIVEN_UP = "given-up", "given up"


# Actions that draw nothing new: they use no time of the account, and no limit of
# drawings counts them. An upscale cuts a grid, or chooses a clip.
TIMELESS: Final = frozenset(
    {
        TaskAction.DESCRIBE,
        TaskAction.SHORTEN,
        TaskAction.SHOW,
        TaskAction.UPSCALE,
    }
)

# Drawn by a provider of face swap: no account, no speed, no bot of Midjourney.
SWAPS: Final = frozenset({TaskAction.SWAP_FACE, TaskAction.SWAP_VIDEO_FACE})

_S = TaskStatus
TERMINAL: Final = frozenset({_S.SUCCESS, _S.FAILURE, _S.CANCEL})
RUNNING: Final = frozenset({_S.SUBMITTED, _S.IN_PROGRESS})
OPEN: Final = RUNNING | {_S.NOT_START, _S.MODAL}
# Statuses that count as load, in the order of the index.
LOADING: Final = (_S.NOT_START, _S.SUBMITTED, _S.IN_PROGRESS)

# Target status to the statuses that a task may come from.
ALLOWED_FROM: Final[Mapping[TaskStatus, frozenset[TaskStatus]]] = {
    _S.MODAL: frozenset(),  # the first status, if a button opens a window
    # From SUBMITTED: Discord certainly did not accept it.
    _S.NOT_START: frozenset({_S.MODAL, _S.SUBMITTED}),
    _S.SUBMITTED: frozenset({_S.NOT_START, _S.SUBMITTED}),
    _S.IN_PROGRESS: frozenset({_S.SUBMITTED, _S.IN_PROGRESS}),
    _S.SUCCESS: frozenset({_S.SUBMITTED, _S.IN_PROGRESS}),
    _S.FAILURE: OPEN,
    _S.CANCEL: frozenset(),  # clients know the value; a cancelled task is a FAILURE
}
