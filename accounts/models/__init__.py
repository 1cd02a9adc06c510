"""Models of users, keys and Discord accounts."""

from accounts.models.credits.bookings import Booking
from accounts.models.credits.codes import RedeemBatch, RedeemCode
from accounts.models.credits.payments import (
    CreditPackage,
    Payment,
    PaymentSettings,
)
from accounts.models.discord import DiscordAccount, SubChannel
from accounts.models.events import AccountEvent, AuditEntry
from accounts.models.groups import UserGroup
from accounts.models.guests import GuestDay
from accounts.models.invitations import Invitation
from accounts.models.keys import ApiKey
from accounts.models.mails import MailSettings, OperatorMail, PersonMail
from accounts.models.meters import KeyMeter, Meter
from accounts.models.protection import Lockout, ProtectionSettings
from accounts.models.retention import RetentionSettings
from accounts.models.settings import AccessSettings, PoolSettings
from accounts.models.snapshots import BotSnapshot
from accounts.models.tags import DomainTag
from accounts.models.users import User
from accounts.models.verification import Verification, VerificationSettings

__all__ = [
    "AccessSettings",
    "AccountEvent",
    "ApiKey",
    "AuditEntry",
    "Booking",
    "BotSnapshot",
    "CreditPackage",
    "DiscordAccount",
    "DomainTag",
    "GuestDay",
    "Invitation",
    "KeyMeter",
    "Lockout",
    "MailSettings",
    "Meter",
    "OperatorMail",
    "Payment",
    "PaymentSettings",
    "PersonMail",
    "PoolSettings",
    "ProtectionSettings",
    "RedeemBatch",
    "RedeemCode",
    "RetentionSettings",
    "SubChannel",
    "User",
    "UserGroup",
    "Verification",
    "VerificationSettings",
]
