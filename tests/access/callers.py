"""Callers of every kind, and objects of two users that they ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from django.test import Client
from django.utils import timezone

from accounts.enums import KeyScope
from accounts.models import (
    AccessSettings,
    ApiKey,
    Booking,
    DiscordAccount,
    DomainTag,
    Payment,
    User,
)
from accounts.people.keys import create_key
from accounts.people.users import ensure_operator
from tasks.enums import DeliveryState
from tasks.models import BannedWordGroup, Task, WebhookDelivery
from tests.access.table import Need
from tests.conftest import ApiClient
from tests.factories import make_account, make_finished, make_user

# Texts of the other user's objects. A visitor sees the first, nobody the second.
BOBS: Final = "canary-of-bob"
BOBS_SECRET: Final = "secret-of-bob"
ALICES: Final = "canary-of-alice"
ACCOUNTS_SECRET: Final = "secret-of-the-account"


@dataclass(frozen=True)
class Objects:
    """What a user owns."""

    owner: User
    task: Task
    key: ApiKey
    call: WebhookDelivery

    def rows(self) -> list[Mapping[str, Any]]:
        """Return everything that is stored of them."""
        user = self.owner.pk
        found: list[Any] = []
        found += User.objects.filter(pk=user).values()
        found += Task.objects.filter(owner=user).values()
        found += ApiKey.objects.filter(owner=user).values()
        found += WebhookDelivery.objects.filter(owner=user).values()
        found += Booking.objects.filter(user=user).values()
        found += Payment.objects.filter(user=user).values()
        return found


@dataclass(frozen=True)
class World:
    alice: Objects
    bob: Objects
    account: DiscordAccount
    tag: DomainTag
    words: BannedWordGroup


def make_world() -> World:
    ensure_operator()  # and the guest
    account = make_account(user_token=ACCOUNTS_SECRET)
    tag = DomainTag.objects.create(name="foxes", keywords=["fox"])
    alice = _objects("alice", ALICES, "of-alice", account)
    bob = _objects("bob", BOBS, BOBS_SECRET, account)
    words = BannedWordGroup.objects.create(name="words", keywords=["gore"])
    return World(alice, bob, account, tag, words)


def _objects(name: str, words: str, secret: str, account: DiscordAccount) -> Objects:
    owner = make_user(name)
    owner.set_password("a-password")
    owner.save()
    task = make_finished(
        owner,
        account=account,
        prompt=words,
        prompt_en=words,
        seed="7",
        client_state=secret,
        notify_hook=f"https://{secret}.example/hook",
    )
    create_key(owner, name=secret)
    call = WebhookDelivery.objects.create(
        task=task,
        owner=owner,
        host=f"{secret}.example",
        revision=1,
        status=task.status,
        url=f"https://{secret}.example/hook",
        body="{}",
        state=DeliveryState.GIVEN_UP,
        next_attempt_at=None,
    )
    return Objects(owner, task, owner.api_keys.get(), call)


# --- callers --------------------------------------------------------------------------


@dataclass(frozen=True)
class Caller:
    """Who calls, and what they may do. `opens` makes a client in a world."""

    opens: Callable[[World], Client]
    scopes: frozenset[str] = frozenset(KeyScope.values)
    is_known: bool = True
    is_operator: bool = False
    is_visitor: bool = False
    has_session: bool = False
    settings: Mapping[str, bool] = field(default_factory=dict)

    def may(self, need: Need) -> bool:
        works = self.is_known and not self.is_visitor
        operates = self.is_operator and KeyScope.ADMIN in self.scopes
        reads = KeyScope.READ in self.scopes
        return {
            Need.NOTHING: True,
            Need.NAME: self.is_known,
            Need.READ: self.is_known and reads,
            Need.READ_NO_DEMO: works and reads,
            Need.DRAW: works and KeyScope.DRAW in self.scopes,
            Need.LOOK_AS_OPERATOR: self.is_visitor or operates,
            Need.OPERATOR: operates,
            Need.SESSION_OR_DEMO: self.has_session or "demo_mode" in self.settings,
            Need.SESSION_ACCOUNT: self.has_session and KeyScope.ACCOUNT in self.scopes,
            Need.SESSION_OPERATOR: self.has_session and operates,
            Need.ACCOUNT: not self.has_session or KeyScope.ACCOUNT in self.scopes,
        }[need]


def _stranger(world: World) -> Client:
    return ApiClient()


def _with_key(whose: str, **fields: Any) -> Callable[[World], Client]:
    def opens(world: World) -> Client:
        return ApiClient(_key(world, whose, fields))

    return opens


def _signed_in_with_key(whose: str, **fields: Any) -> Callable[[World], Client]:
    def opens(world: World) -> Client:
        page = Client()
        key = _key(world, whose, fields)
        assert page.post("/sign-in", {"key": key}).status_code == 302
        return page

    return opens


def _signed_in(whose: str) -> Callable[[World], Client]:
    def opens(world: World) -> Client:
        page = Client()
        page.force_login(_user(world, whose))
        return page

    return opens


def _user(world: World, whose: str) -> User:
    match whose:
        case "alice":
            return world.alice.owner
        case "bob":
            return world.bob.owner
        case _:
            return make_user("olga", is_staff=True, is_superuser=True)


def _key(world: World, whose: str, fields: dict[str, Any]) -> str:
    return create_key(
        _user(world, whose), key=f"the-key-that-{whose}-has-here", **fields
    )


def _of_scope(scope: KeyScope) -> frozenset[str]:
    return frozenset([scope])


CALLERS: Final[Mapping[str, Caller]] = {
    "stranger": Caller(_stranger, is_known=False),
    "guest": Caller(_stranger, settings={"allow_without_key": True}),
    "visitor": Caller(_stranger, is_visitor=True, settings={"demo_mode": True}),
    "visitor where guests are allowed": Caller(
        _stranger,
        is_visitor=True,
        settings={"demo_mode": True, "allow_without_key": True},
    ),
    "user": Caller(_with_key("alice")),
    "user in a demo": Caller(_with_key("alice"), settings={"demo_mode": True}),
    "expired key": Caller(
        _with_key("alice", expires_at=timezone.now() - timedelta(days=1)),
        is_known=False,
    ),
    "expired key where guests are allowed": Caller(
        _with_key("alice", expires_at=timezone.now() - timedelta(days=1)),
        is_known=False,
        settings={"allow_without_key": True},
    ),
    "revoked key": Caller(_with_key("alice", is_active=False), is_known=False),
    "key of another address": Caller(
        _with_key("alice", allowed_addresses=["192.0.2.0/24"]), is_known=False
    ),
    "operator": Caller(_with_key("olga"), is_operator=True),
    "user's page": Caller(_signed_in("alice"), has_session=True),
    "operator's page": Caller(_signed_in("olga"), has_session=True, is_operator=True),
    **{
        f"user's key to {scope}": Caller(
            _with_key("alice", scopes=[scope]), scopes=_of_scope(scope)
        )
        for scope in KeyScope
    },
    **{
        f"operator's key to {scope}": Caller(
            _with_key("olga", scopes=[scope]), scopes=_of_scope(scope), is_operator=True
        )
        for scope in KeyScope
    },
    **{
        f"page opened by an operator's key to {scope}": Caller(
            _signed_in_with_key("olga", scopes=[scope]),
            scopes=_of_scope(scope),
            is_operator=True,
            has_session=True,
        )
        for scope in KeyScope
    },
}


def settle(caller: Caller) -> None:
    """Set who may come in as this caller's server does."""
    access = AccessSettings.get_solo()
    for name, value in caller.settings.items():
        setattr(access, name, value)
    access.save()
