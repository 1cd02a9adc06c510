"""Moving in from the C# line: subjects, words, users, settings, accounts, tasks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from accounts.limits.meter import drawn
from accounts.models import (
    AccessSettings,
    DiscordAccount,
    DomainTag,
    MailSettings,
    PoolSettings,
    User,
)
from accounts.people.keys import GUEST_NAME
from tasks.enums import MoveSource, MoveState, StorageKind
from tasks.models import BannedWordGroup, MoveIn, StorageSettings, Task
from tests.factories import make_user, user_of_key
from tests.http_server import serving
from tests.tasks.moving.old_servers import CSharp, account, move, task

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "c" * 64


def person(number: int, **members: Any) -> dict[str, Any]:
    return {
        "id": f"{number:032x}",
        "properties": {},
        "name": f"person {number}",
        "email": f"person{number}@example.com",
        "phone": None,
        "role": "USER",
        "status": "NORMAL",
        "token": f"{number}{TOKEN}",
        "dayDrawLimit": 0,
        "isWhite": False,
        **members,
    }


def words(name: str, *keywords: str, **members: Any) -> dict[str, Any]:
    return {
        "id": f"id-of-{name}",
        "name": name,
        "keywords": list(keywords),
        "enable": True,
        "weight": 0,
        "sort": 3,
        "description": None,
        **members,
    }


def moved(source: CSharp, **options: Any) -> MoveIn:
    with serving(source) as server:
        return move(server, MoveSource.CSHARP, **options)


def told(run: MoveIn, part: str) -> dict[str, int]:
    numbers = run.report.get(part, {})
    return {name: n for name, n in numbers.items() if name != "reasons"}


def test_everything_arrives_and_belongs_together(boss: User) -> None:
    source = CSharp(
        domain_tags=[words("Animals", "fox", "cats")],
        banned_words=[words("Mine", "gore")],
        users=[person(1, dayDrawLimit=20, isWhite=True), person(2, status="DISABLED")],
        accounts=[
            account(
                1,
                isVerticalDomain=True,
                verticalDomainIds=["id-of-Animals"],
                subChannels=[
                    "https://discord.com/channels/1118138338562560101/"
                    "1118138338562790000"
                ],
                workTime="09:00-17:30",
                mode=None,
                allowModes=["FAST"],
                queueSize=10,
            )
        ],
        tasks=[
            task(1, userId=f"{1:032x}", instanceId="1118138338562700001"),
            task(2, userId=None),
            task(3, userId="admin"),
        ],
    )

    run = moved(source)

    assert (run.state, run.problem) == (MoveState.DONE, "")
    tag, mine = DomainTag.objects.get(), DiscordAccount.objects.get()
    assert (tag.name, tag.keywords, tag.sort) == ("Animals", ["fox", "cats"], 3)
    assert list(mine.vertical_domains.all()) == [tag]
    assert mine.sub_channels.get().channel_id == "1118138338562790000"
    assert (mine.enabled, mine.work_time, mine.mode) == (False, "09:00-17:30", "")
    assert (mine.max_queue_size, mine.allow_modes) == (100, ["FAST"])
    group = BannedWordGroup.objects.get(pk="idofmine")
    assert group.keywords == ["gore"]
    one = user_of_key(f"1{TOKEN}")
    assert one
    assert (one.username, one.email) == ("person 1", "person1@example.com")
    assert (one.drawings_a_day, one.is_trusted, one.is_staff) == (20, True, False)
    other = User.objects.get(username="person 2")
    assert (other.is_active, other.drawings_a_day) == (False, 0)
    owners = {pk % 10: task.owner for pk, task in Task.objects.in_bulk().items()}
    assert owners == {1: one, 2: boss, 3: boss}


def test_a_second_run_changes_nothing(boss: User) -> None:
    source = CSharp(
        domain_tags=[words("Animals", "fox")],
        banned_words=[words("Mine", "gore"), words("default", "nude", id="default")],
        users=[person(1), person(2, token="short")],
        accounts=[account(1)],
        tasks=[task(1, userId=f"{1:032x}")],
    )
    with serving(source) as server:
        move(server, MoveSource.CSHARP)
        people = set(User.objects.values_list("pk", "username"))
        again = move(server, MoveSource.CSHARP)

    for part in ("subjects", "words", "users", "accounts", "tasks"):
        assert told(again, part).keys() == {"skipped"}, part
    assert set(User.objects.values_list("pk", "username")) == people
    assert DomainTag.objects.count() == 1


def test_dates_addresses_and_the_number_drawn_come_along(boss: User) -> None:
    moment = "2024-09-06T10:01:46+08:00"
    history = {
        "registerTime": moment,
        "registerIp": "203.0.113.1",
        "lastLoginTime": moment,
        "lastLoginIp": "203.0.113.2",
        "totalDrawCount": 90,
    }
    source = CSharp(
        domain_tags=[words("Animals", "fox", createTime=moment)],
        banned_words=[words("Mine", "gore", createTime=moment)],
        users=[person(1, totalDrawLimit=100, **history)],
        accounts=[account(1, dateCreated=moment, dayDrawCount=12)],
    )

    moved(source)

    at = datetime(2024, 9, 6, 2, 1, 46, tzinfo=UTC)
    mine = User.objects.get(username="person 1")
    assert (mine.date_joined, mine.last_login) == (at, at)
    assert (mine.registered_from, mine.last_login_from) == (
        *("203.0.113.1", "203.0.113.2"),
    )
    assert (mine.drawings_in_total, drawn(mine.pk, at.date()).in_total) == (100, 90)
    assert DomainTag.objects.get().created_at == at
    assert BannedWordGroup.objects.get().created_at == at
    one = DiscordAccount.objects.get()
    assert (one.created_at, one.drawn_today) == (at, 12)


def test_hostile_dates_and_numbers_are_left_out(boss: User) -> None:
    wrong = {"registerTime": "0001-01-01T00:00:00", "lastLoginTime": "2024-99-99T1:1"}
    ips = {"registerIp": "x", "lastLoginIp": ["203.0.113.1"], "totalDrawCount": -5}
    source = CSharp(
        domain_tags=[words("Animals", "fox", createTime={})],
        users=[person(1, **wrong, **ips), person(2, totalDrawCount=10**30)],
        accounts=[account(1, dateCreated="9999-12-31T23:59:59+00:00", dayDrawCount=-1)],
    )

    run = moved(source)

    assert told(run, "users") == {"taken": 2}
    assert told(run, "accounts") == {"taken": 1}
    mine = User.objects.get(username="person 1")
    assert (mine.last_login, mine.registered_from) == (None, None)
    assert mine.date_joined.year > 2024
    assert drawn(mine.pk, date(2030, 1, 1)).in_total == 0
    assert DiscordAccount.objects.get().drawn_today == 0


def test_the_default_group_gets_the_words_that_it_lacks(boss: User) -> None:
    BannedWordGroup.objects.create(id="default", name="Default", keywords=["gore"])

    moved(CSharp(banned_words=[words("x", "nude", "gore", id="default")]))

    assert BannedWordGroup.objects.get().keywords == ["gore", "nude"]


def test_users_of_one_name_stay_two_users(boss: User) -> None:
    rows = [person(n, name="li", email=f"li@{n}.example") for n in (1, 2)]
    rows.append(person(3, name="li", email=None))

    moved(CSharp(users=rows))

    names = set(User.objects.exclude(pk=boss.pk).values_list("username", flat=True))
    assert names == {"li", "li@2.example", f"li {3:032x}"}


def test_nobody_becomes_an_operator_or_takes_a_name_that_is_here(boss: User) -> None:
    make_user(GUEST_NAME)
    rows = [
        person(1, role="ADMIN", name="admin", email=None),
        person(2, name=GUEST_NAME, email=None),
        person(3, id="admin", role="ADMIN"),
    ]

    run = moved(CSharp(users=rows))

    assert told(run, "users") == {"taken": 2, "skipped": 1}
    assert list(User.objects.filter(is_staff=True)) == [boss]
    assert "no operator here" in str(run.report["users"])


def test_a_key_that_is_too_short_or_masked_opens_nothing(boss: User) -> None:
    rows = [person(1, token="short"), person(2, token="abc***"), person(3, token=None)]

    run = moved(CSharp(users=rows))

    assert told(run, "users") == {"taken": 2, "refused": 1}
    assert "needs a new one" in str(run.report)
    assert user_of_key("short") is None


def test_a_user_whose_key_is_here_is_the_same_user(boss: User) -> None:
    moved(CSharp(users=[person(1)]))
    here = user_of_key(f"1{TOKEN}")

    with serving(CSharp(users=[person(1, id="other")], tasks=[])) as server:
        run = move(server, MoveSource.CSHARP)
    moved_tasks = CSharp(users=[person(1, id="other")], tasks=[task(1, userId="other")])
    moved(moved_tasks)

    assert told(run, "users") == {"skipped": 1}
    assert Task.objects.get().owner == here


def test_settings_are_taken_but_who_may_come_in(boss: User) -> None:
    source = CSharp()
    source.settings |= {
        "enableGuest": True,
        "enableRegister": True,
        "notify": "Closed on Sunday",
        "accountChooseRule": "Weight",
        "isVerticalDomain": True,
        "smtp": {
            "host": "mail.example",
            "port": 465,
            "enableSsl": True,
            "fromName": "x",
            "fromEmail": "bot@example.com",
            "fromPassword": "secret-of-mail",
            "to": None,
        },
        "imageStorageType": "OSS",
        "aliyunOss": {"bucketName": "old", "accessKeySecret": "secret-of-oss"},
        "bannedLimiting": None,
        "registerUserDefaultDayLimit": "many",
    }

    run = moved(source)

    access = AccessSettings.get_solo()
    assert (access.allow_without_key, access.sign_up) == (False, False)
    assert access.announcement == "Closed on Sunday"
    pool = PoolSettings.get_solo()
    assert (pool.rule, pool.is_vertical_domain) == ("Weight", True)
    mail = MailSettings.get_solo()
    assert (mail.host, mail.sender, mail.password) == (
        "mail.example",
        "bot@example.com",
        "secret-of-mail",
    )
    storage = StorageSettings.get_solo()
    assert (storage.kind, storage.secret_key) == (StorageKind.LOCAL, "")
    assert told(run, "settings") == {"taken": 4, "skipped": 6, "refused": 1}
    assert "secret-of" not in str(run.report)


def test_lists_that_a_later_version_lacks_are_no_failure(boss: User) -> None:
    source = CSharp(tasks=[task(1)])
    source.missing = {"domain-tags"}

    run = moved(source)

    assert run.state == MoveState.DONE
    source.missing = {"users"}
    assert moved(source).problem == "users: HTTP 404"


def test_a_dry_run_of_everything_writes_nothing(boss: User) -> None:
    source = CSharp(
        domain_tags=[words("Animals", "fox")],
        banned_words=[words("Mine", "gore")],
        users=[person(1)],
        accounts=[account(1)],
        tasks=[task(1)],
    )
    source.settings["notify"] = "Closed on Sunday"

    run = moved(source, is_dry=True)

    for part in ("subjects", "words", "users", "accounts", "tasks"):
        assert told(run, part) == {"taken": 1}, part
    assert set(User.objects.all()) == {boss}
    for model in (DomainTag, BannedWordGroup, DiscordAccount, Task):
        assert not model.objects.exists()
    assert AccessSettings.get_solo().announcement == ""
