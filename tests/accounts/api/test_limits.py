"""Numbers of accounts: every form and endpoint takes and refuses the same ones."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from django.contrib import admin
from django.db import models
from django.test import Client
from django.utils import timezone

from accounts.models import DiscordAccount, DomainTag, PoolSettings, RetentionSettings
from accounts.transfer.accounts import Refused, import_file
from accounts.wire.account import WRITABLE
from accounts.wire.member import NUMBER, WHOLE
from gateway.lanes import lane
from gateway.models import GatewaySettings
from gateway.queries.ask import sync_if_due
from mjproxy.lib import sealed_file
from mjproxy.lib.admin.theme import ReadOnly
from mjproxy.lib.sealed_file import seal
from mjproxy.lib.validators.number_limits import LONGEST, limits_of, span_of
from tasks.cleanup import retention
from tasks.models import DrawingSettings, Task
from tasks.submit.seat import queue_deadline
from tests.conftest import ApiClient
from tests.factories import make_account, make_user

ACCOUNTS: Final = "/admin/accounts/discordaccount/"
PASSPHRASE: Final = "a long passphrase"
NEW: Final = {
    "guildId": "1118138338562560101",
    "channelId": "1118138338562560102",
    "userToken": "very-secret",
}
NUMBERS: Final = {
    member.name: {"queue_size": "max_queue_size"}.get(member.field, member.field)
    for member in WRITABLE.values()
    if member.kind in (WHOLE, NUMBER)
}
pytestmark = pytest.mark.django_db


def bounds(field: str) -> tuple[float, float]:
    limits = limits_of(DiscordAccount._meta.get_field(field))
    return limits["min_value"], limits["max_value"]


# The longest extra pause is not below the shortest one.
def beside(field: str) -> dict[str, Any]:
    return {"afterIntervalMax": 3600} if field == "after_interval_min" else {}


IN: Final = [(name, end) for name in NUMBERS for end in (0, 1)]
FAR: Final = 2**31 - 2  # what a 32-bit number of a generated client may be
OUT: Final = [
    (name, value)
    for name, field in NUMBERS.items()
    for value in (bounds(field)[0] - 1, bounds(field)[1] + 1, FAR, 2**63, 1e300)
] + [(name, True) for name in NUMBERS]


def put(api: ApiClient, path: str, body: Any) -> Any:
    answer: Any = api.put(path, body, "application/json")
    return answer.json()


def test_every_number_that_a_person_writes_has_two_bounds() -> None:
    written = [
        field
        for model, page in admin.site._registry.items()
        if not isinstance(page, ReadOnly)
        for field in model._meta.concrete_fields
        if field.editable and not (field.primary_key or field.choices)
        if isinstance(field, (models.IntegerField, models.FloatField))
    ]

    assert len(written) > 15
    unbounded = [str(field) for field in written if len(limits_of(field)) < 2]
    assert not unbounded
    for field in written:
        limits = limits_of(field)
        default = field.get_default()
        if default is None:  # no limit of its own
            default = limits["min_value"]
        assert limits["min_value"] <= default <= limits["max_value"]


@pytest.mark.parametrize(("name", "end"), IN)
def test_the_last_number_that_is_taken_is_drawn_with(
    operator_api: ApiClient, api: ApiClient, name: str, end: int
) -> None:
    field = NUMBERS[name]
    value = bounds(field)[end]

    added = operator_api.send("/mj/admin/account", NEW | beside(field) | {name: value})
    (row,) = DiscordAccount.objects.all()
    edited = put(operator_api, f"/mj/admin/account/{row.pk}", {name: value})
    which = {"search": {"channelId": row.channel_id}}
    together = WRITABLE[name].bulk and put(
        operator_api, "/mj/admin/accounts", which | {"changes": {name: value}}
    )

    assert (added.json()["success"], edited["success"]) == (True, True)
    assert not together or together["success"]
    assert getattr(row, field) == value
    DiscordAccount.objects.update(state="ready")
    answer = api.send("/mj/submit/imagine", {"prompt": "a red fox"}).json()
    assert answer["code"] in (1, 3, 23), answer  # 3: no drawing a day
    shown = operator_api.get(f"/mj/account/{row.pk}/fetch").json()
    assert shown[name] == value


@pytest.mark.parametrize(("name", "value"), OUT)
def test_a_number_out_of_bounds_is_refused_everywhere(
    operator_api: ApiClient, name: str, value: Any
) -> None:
    account = make_account()
    before = DiscordAccount.objects.values().get()
    changes = {name: value}

    answers = [
        operator_api.send("/mj/admin/account", NEW | changes).json(),
        put(operator_api, f"/mj/admin/account/{account.pk}", changes),
        put(
            operator_api,
            f"/mj/admin/account-reconnect/{account.pk}",
            changes | {"id": str(account.pk)},
        ),
    ]
    if WRITABLE[name].bulk:
        body = {"ids": [str(account.pk)], "changes": changes}
        answers.append(put(operator_api, "/mj/admin/accounts", body))

    for said in answers:
        assert (said["success"], said["code"]) == (False, -1)
        assert name in said["message"]
    assert DiscordAccount.objects.values().get() == before


@pytest.mark.parametrize("name", sorted(set(NUMBERS) - {"queueSize"}))
def test_a_number_out_of_bounds_is_refused_in_a_file_and_on_the_pages(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(sealed_file, "COST", {"n": 2**14, "r": 8, "p": 1})
    client = Client()
    client.force_login(make_user("olga", is_staff=True, is_superuser=True))
    account, field = make_account(), NUMBERS[name]
    value = bounds(field)[1] + 1
    file = seal([NEW | {name: value}], [{"userToken": "very-secret"}], PASSPHRASE)

    with pytest.raises(Refused) as refusal:
        import_file(file, PASSPHRASE)
    one: Any = client.post(f"{ACCOUNTS}{account.pk}/change/", {field: str(value)})
    ticked = {f"change_{field}": "on", field: str(value), "apply": "1"}
    chosen = {"action": "edit_together", "_selected_action": [account.pk]}
    many: Any = client.post(ACCOUNTS, chosen | ticked, follow=True)

    assert name in refusal.value.report.errors[1]
    assert field in one.context["adminform"].form.errors
    assert field in many.context["form"].errors
    assert f'max="{bounds(field)[1]}"' in many.content.decode()
    assert getattr(DiscordAccount.objects.get(), field) == getattr(account, field)


@pytest.mark.parametrize("member", ["sort", "weight"])
@pytest.mark.parametrize("value", [FAR, -FAR, 1e300])
def test_a_subjects_number_out_of_bounds_is_refused(
    operator_api: ApiClient, member: str, value: float
) -> None:
    body = {"name": "Animals", member: value}

    said = operator_api.send("/mj/admin/domain-tag", body).json()

    assert (said["success"], member in said["message"]) == (False, True)
    assert not DomainTag.objects.exists()


def test_rows_from_before_the_bounds_break_nothing(
    api: ApiClient, account: DiscordAccount
) -> None:
    """A row may be older than its bounds, or written by another hand."""
    most = 2**15 - 1  # that every database takes
    DiscordAccount.objects.update(
        timeout_minutes=most, core_size=most, interval=1e300, max_queue_size=2**31 - 1
    )
    account.refresh_from_db()
    RetentionSettings(task_days=most * 60_000, audit_days=2**31 - 1).save()
    DrawingSettings(window_minutes=2**31 - 1).save()
    GatewaySettings(sync_minutes=2**31 - 1).save()
    PoolSettings(waiting_per_user=2**31 - 1).save()

    assert queue_deadline(account) == LONGEST
    assert span_of(2**31 - 1) == LONGEST
    assert lane.keep_pace(account) is not None
    assert [lot.count() for lot in retention.all_lots() if lot.count()] == []
    sync_if_due(account.pk)
    answer = api.send("/mj/submit/imagine", {"prompt": "a red fox"}).json()
    assert answer["code"] == 1
    deadline = Task.objects.get().deadline_at
    assert deadline is not None
    assert deadline < timezone.now() + LONGEST + timedelta(minutes=1)
