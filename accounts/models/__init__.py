"""Models of users, keys and Discord accounts."""

from accounts.models.discord import DiscordAccount, SubChannel
from accounts.models.events import AccountEvent
from accounts.models.mails import MailSettings, OperatorMail
from accounts.models.settings import AccessSettings, PoolSettings
from accounts.models.snapshots import BotSnapshot
from accounts.models.tags import DomainTag
from accounts.models.users import ApiKey, User
from accounts.models.verification import Verification, VerificationSettings

__all__ = [
    "AccessSettings",
    "AccountEvent",
    "ApiKey",
    "BotSnapshot",
    "DiscordAccount",
    "DomainTag",
    "MailSettings",
    "OperatorMail",
    "PoolSettings",
    "SubChannel",
    "User",
    "Verification",
    "VerificationSettings",
]
