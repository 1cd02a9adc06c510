"""Models of tasks, input pictures, webhook calls and drawing settings."""

from tasks.models.errand import Errand
from tasks.models.input_picture import InputPicture
from tasks.models.settings import SETTINGS_SECRETS, DrawingSettings
from tasks.models.task import Task
from tasks.models.webhook import WebhookDelivery
from tasks.models.word import BannedWord

__all__ = [
    "SETTINGS_SECRETS",
    "BannedWord",
    "DrawingSettings",
    "Errand",
    "InputPicture",
    "Task",
    "WebhookDelivery",
]
