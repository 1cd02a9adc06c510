"""Models of tasks, pictures, webhook calls, prices and settings."""

from tasks.models.errand import Errand
from tasks.models.input_picture import InputPicture
from tasks.models.move import AwaitedParent, MovedPicture, MovedRow, MoveIn
from tasks.models.price import Price
from tasks.models.settings import SETTINGS_SECRETS, DrawingSettings
from tasks.models.storage import STORAGE_SECRETS, KeptFile, KeptPreview, StorageSettings
from tasks.models.swap import SWAP_SECRETS, Swap, SwapSettings
from tasks.models.task import Task
from tasks.models.translation import TRANSLATION_SECRETS, TranslationSettings
from tasks.models.webhook import WebhookDelivery
from tasks.models.word import BannedWordGroup

__all__ = [
    "SETTINGS_SECRETS",
    "STORAGE_SECRETS",
    "SWAP_SECRETS",
    "TRANSLATION_SECRETS",
    "AwaitedParent",
    "BannedWordGroup",
    "DrawingSettings",
    "Errand",
    "InputPicture",
    "KeptFile",
    "KeptPreview",
    "MoveIn",
    "MovedPicture",
    "MovedRow",
    "Price",
    "StorageSettings",
    "Swap",
    "SwapSettings",
    "Task",
    "TranslationSettings",
    "WebhookDelivery",
]
