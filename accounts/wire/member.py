"""Member: one member of an account in JSON: its name, its field, who sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

from rest_framework import serializers

from accounts.enums import AccountState, BotType, SpeedMode
from accounts.models import BotSnapshot, DiscordAccount
from accounts.state.bot_snapshots import snapshots_of
from accounts.verification import lock
from mjproxy.lib.dialect.fields import Items, Number, Text, Whole, Word, WordOrNone
from mjproxy.lib.validators.number_limits import limits_of

Field = serializers.Field[Any, Any, Any, Any]
Make = Callable[..., Field]


@dataclass(frozen=True)
class Kind:
    """Two serializer field factories: for reading a member and for showing it."""

    read: Make
    shown: Make


def _list(child: Make) -> Make:
    def make(**kwargs: Any) -> Field:
        return serializers.ListField(child=child(), **kwargs)

    return make


def _at_most(most: int, child: Make) -> Make:
    def make(**kwargs: Any) -> Field:
        return Items(child=child(), max_length=most, required=False, **kwargs)

    return make


_optional_text: Final = partial(Text, default=serializers.empty)
_long_text: Final = partial(serializers.CharField, max_length=1000, allow_blank=True)
_speed: Final = partial(serializers.ChoiceField, SpeedMode.choices)
_objects: Final = _list(serializers.DictField)

TEXT: Final = Kind(_optional_text, serializers.CharField)
FLAG: Final = Kind(
    partial(serializers.BooleanField, required=False), serializers.BooleanField
)
WHOLE: Final = Kind(Whole, serializers.IntegerField)
NUMBER: Final = Kind(partial(Number, required=False), serializers.FloatField)
SPEED: Final = Kind(
    partial(WordOrNone, *SpeedMode.values), partial(_speed, allow_null=True)
)
SPEEDS: Final = Kind(
    _at_most(3, partial(Word, *SpeedMode.values)),
    _list(_speed),
)
TEXTS: Final = Kind(
    _at_most(1000, _long_text),
    _list(serializers.CharField),
)
# Members of these kinds are shown and never read.
TIME: Final = Kind(_optional_text, partial(serializers.DateTimeField, allow_null=True))
STATE: Final = Kind(
    _optional_text, partial(serializers.ChoiceField, AccountState.choices)
)
OBJECT: Final = Kind(_optional_text, serializers.DictField)
OBJECTS: Final = Kind(_optional_text, _objects)
# Members that write the column of another member.
_SECOND_NAMES: Final = {"queue_size": "max_queue_size"}
OBJECTS_OR_NULL: Final = Kind(_optional_text, partial(_objects, allow_null=True))


class Seen:
    """An account with its load; the argument of `Member.look`."""

    def __init__(self, account: DiscordAccount, running: int, queued: int) -> None:
        self.account, self.running, self.queued = account, running, queued

    @cached_property
    def mj(self) -> BotSnapshot:
        return self._bots.get(BotType.MID_JOURNEY) or BotSnapshot()

    @cached_property
    def niji(self) -> BotSnapshot:
        return self._bots.get(BotType.NIJI_JOURNEY) or BotSnapshot()

    @cached_property
    def verification(self) -> lock.Members:
        return lock.members(self.account)

    @cached_property
    def _bots(self) -> dict[str, BotSnapshot]:
        return snapshots_of(self.account)


@dataclass(frozen=True)
class Member:
    """One member of an account in JSON.

    `field` is the account's field that the member writes. `look` returns the value to
    show; without it the field is shown. Only operators see a member that is not
    `public`.
    """

    name: str
    kind: Kind
    field: str = ""
    look: Callable[[Seen], Any] | None = None
    public: bool = False
    readable: bool = True
    bulk: bool = False  # may be written for many accounts at once
    help_text: str = ""

    @property
    def writable(self) -> bool:
        return bool(self.field)

    def value(self, seen: Seen) -> Any:
        if self.look is not None:
            return self.look(seen)
        return getattr(seen.account, self.field)

    def to_read(self) -> Field:
        limits = limits_of(self._column) if self.kind in (WHOLE, NUMBER) else {}
        return self.kind.read(help_text=self.help_text or None, **limits)

    @property
    def _column(self) -> Any:
        return DiscordAccount._meta.get_field(_SECOND_NAMES.get(self.field, self.field))

    def to_show(self) -> Field:
        return self.kind.shown(
            required=self.public, help_text=self.help_text or None, read_only=False
        )


class ShownSerializer(serializers.Serializer[Any]):
    """The response form of a table of members."""

    members: Iterable[Member] = ()

    def get_fields(self) -> dict[str, Field]:
        fields = super().get_fields()
        return fields | {
            member.name: member.to_show()
            for member in self.members
            if member.readable and member.name not in fields
        }
