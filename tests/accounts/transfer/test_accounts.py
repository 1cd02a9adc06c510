from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import DiscordAccount, DomainTag
from accounts.transfer.accounts import Refused, export_file, import_file
from mjproxy.lib import sealed_file
from mjproxy.lib.sealed_file import BadFile, WrongPassphrase, seal
from tests.conftest import ApiClient
from tests.factories import make_account

PASSPHRASE = "a long passphrase"
TOKEN = "very-secret-token"
ROW: dict[str, Any] = {
    "guildId": "1118138338562560101",
    "channelId": "1118138338562560102",
}
pytestmark = pytest.mark.django_db
# What has no place in a file: it belongs to one installation.
OWN = {
    "id", "fast_exhausted", "is_fishing", "day_draw_count", "day",
    "picked_at", "state", "state_reason", "state_since", "resume_at", "notice_id",
    "revision", "created_at",
}  # fmt: skip
FIELDS = [f.name for f in DiscordAccount._meta.concrete_fields if f.name not in OWN]


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_file, "COST", {"n": 2**14, "r": 8, "p": 1})


def exported() -> bytes:
    return export_file(DiscordAccount.objects.all(), PASSPHRASE)


def file_of(*rows: dict[str, Any]) -> bytes:
    return seal(
        [ROW | row for row in rows], [{"userToken": TOKEN} for _ in rows], PASSPHRASE
    )


_letters = st.characters(
    codec="ascii", exclude_categories=["C"], exclude_characters="<> "
)
_line = st.text(_letters, max_size=40)
_pause = st.floats(0, 3600)
accounts = st.fixed_dictionaries(
    {
        "remark": _line,
        "group": _line,
        "sponsor": _line,
        "user_token": _line.filter(lambda text: text.strip(" *")),
        "bot_token": _line.filter(lambda text: not text or text.strip(" *")),
        "user_agent": _line,
        "enabled": st.booleans(),
        "weight": st.integers(0, 1000),
        "sort": st.integers(-(10**6), 10**6),
        "enable_niji": st.booleans(),
        "mode": st.sampled_from(["", "FAST", "RELAX", "TURBO"]),
        "allow_modes": st.lists(st.sampled_from(["FAST", "RELAX"]), max_size=2),
        "remix_auto_submit": st.booleans(),
        "work_time": st.sampled_from(["", "09:00-17:30, 22:00-02:00"]),
        "day_draw_limit": st.integers(-1, 10**6),
        "core_size": st.integers(1, 100),
        "max_queue_size": st.integers(0, 10**5),
        "interval": _pause,
        "after_interval_min": _pause,
    }
)


NOTED = "https://discord.com/channels/1118138338562560101/1118138338562561111, Anna's"


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=st.lists(accounts, min_size=1, max_size=3))
def test_what_is_exported_comes_back_the_same(drawn: list[dict[str, Any]]) -> None:
    DiscordAccount.objects.all().delete()
    for fields in drawn:
        account = make_account(**fields, after_interval_max=3600)
        account.sub_channels.create(
            guild_id=account.guild_id, channel_id="1118138338562561111", line=NOTED
        )
    before = list(DiscordAccount.objects.order_by("channel_id").values(*FIELDS))

    data = exported()
    DiscordAccount.objects.all().delete()
    report = import_file(data, PASSPHRASE)

    assert len(report.added) == len(drawn)
    assert list(DiscordAccount.objects.order_by("channel_id").values(*FIELDS)) == before
    for account in DiscordAccount.objects.all():
        (further,) = account.sub_channels.all()
        assert further.channel_id == "1118138338562561111"
        assert further.line == NOTED


def test_subjects_are_named_in_the_file(account: DiscordAccount) -> None:
    account.vertical_domains.add(DomainTag.objects.create(name="foxes"))
    data = exported()
    DiscordAccount.objects.all().delete()
    DomainTag.objects.all().delete()

    with pytest.raises(Refused) as refusal:
        import_file(data, PASSPHRASE)
    assert "foxes" in refusal.value.report.errors[1]

    tag = DomainTag.objects.create(name="foxes")
    import_file(data, PASSPHRASE)
    assert list(DiscordAccount.objects.get().vertical_domains.all()) == [tag]


def test_a_known_channel_is_skipped_or_overwritten(account: DiscordAccount) -> None:
    account.remark, account.user_token = "from the file", TOKEN
    account.save()
    data = exported()
    DiscordAccount.objects.update(remark="edited since")

    skipped = import_file(data, PASSPHRASE)
    assert skipped.skipped == [account.channel_id]
    assert DiscordAccount.objects.get().remark == "edited since"

    updated = import_file(data, PASSPHRASE, update=True)
    found = DiscordAccount.objects.get()
    assert updated.updated == [account.channel_id]
    assert (found.pk, found.remark) == (account.pk, "from the file")


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"channelId": "12"}, "channelId"),
        ({"channelId": 1118138338562560102}, "channelId"),
        ({"workTime": "25:00-9"}, "workTime"),
        ({"workTime": "09:00-12:00, 11:00-13:00"}, "workTime"),
        ({"maxQueueSize": -1}, "maxQueueSize"),
        ({"coreSize": 2**40}, "coreSize"),
        ({"coreSize": [3]}, "coreSize"),
        ({"dayDrawLimit": -2}, "dayDrawLimit"),
        ({"interval": "x"}, "interval"),
        ({"afterIntervalMin": 5, "afterIntervalMax": 1}, "afterIntervalMax"),
        ({"sponsor": "<script>"}, "sponsor"),
        ({"group": "x" * 81}, "group"),
        ({"enable": {}}, "enable"),
        ({"subChannels": ["no link"]}, "subChannels"),
        ({"subChannels": [{}]}, "subChannels"),
        ({"subChannels": "x"}, "subChannels"),
        ({"verticalDomains": [{}]}, "verticalDomains"),
        ({"verticalDomains": "x"}, "verticalDomains"),
    ],
)
def test_one_wrong_row_and_nothing_is_imported(row: dict[str, Any], text: str) -> None:
    fine = {"channelId": "1118138338562560999"}

    with pytest.raises(Refused) as refusal:
        import_file(file_of(fine, row), PASSPHRASE)

    assert list(refusal.value.report.errors) == [2]
    assert text in refusal.value.report.errors[2]
    assert TOKEN not in str(refusal.value.report)
    assert not DiscordAccount.objects.exists()


def test_the_same_channel_twice_is_refused() -> None:
    with pytest.raises(Refused) as refusal:
        import_file(file_of({}, {}), PASSPHRASE)

    assert "twice" in refusal.value.report.errors[2]


def test_a_token_that_is_none_is_refused_and_not_repeated() -> None:
    data = seal([ROW], [{"userToken": "secret two words"}], PASSPHRASE)

    with pytest.raises(Refused) as refusal:
        import_file(data, PASSPHRASE)

    assert "userToken" in refusal.value.report.errors[1]
    assert "secret" not in refusal.value.report.errors[1]


def test_a_file_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("accounts.transfer.accounts.MOST_ACCOUNTS", 1)

    with pytest.raises(BadFile, match="1 accounts at most"):
        import_file(file_of({}, {"channelId": "1118138338562560999"}), PASSPHRASE)
    make_account()
    make_account()
    with pytest.raises(BadFile, match="1 accounts at most"):
        exported()


def test_the_api_answers_a_file_and_takes_it_back(
    operator_api: ApiClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    make_account(user_token=TOKEN, proxy_url=f"http://u:{TOKEN}@p:1", group="Night")
    make_account(group="day")
    search = {"passphrase": PASSPHRASE, "search": {"group": "night"}}

    answer = operator_api.send("/mj/admin/accounts-export", search)
    DiscordAccount.objects.all().delete()
    body = {"passphrase": PASSPHRASE, "file": answer.json()}
    said = operator_api.send("/mj/admin/accounts-import", body).json()

    assert answer["Content-Disposition"] == 'attachment; filename="accounts.json"'
    (channel,) = said["data"]["added"]
    found = DiscordAccount.objects.get()
    assert (found.channel_id, found.user_token) == (channel, TOKEN)
    assert found.proxy_url == f"http://u:{TOKEN}@p:1"
    seen = answer.content.decode() + str(said) + caplog.text
    assert TOKEN not in seen
    assert PASSPHRASE not in seen
    assert "1 account(s) with their tokens exported by olga" in caplog.text


def test_the_text_of_a_file_is_taken_too(operator_api: ApiClient) -> None:
    body = {"passphrase": PASSPHRASE, "file": file_of({}).decode()}

    said = operator_api.send("/mj/admin/accounts-import", body).json()

    assert (said["success"], said["data"]["added"]) == (True, [ROW["channelId"]])


@pytest.mark.parametrize(
    "members",
    [
        {"passphrase": "another passphrase"},
        {"passphrase": ""},
        {"passphrase": 7},
        {"file": None},
        {"file": {}},
        {"file": []},
        {"file": "x"},
        {"existing": "perhaps"},
    ],
)
def test_what_cannot_be_imported_is_said(
    operator_api: ApiClient, members: dict[str, Any]
) -> None:
    body = {"passphrase": PASSPHRASE, "file": orjson.loads(file_of({}))} | members

    answer = operator_api.send("/mj/admin/accounts-import", body)

    said = answer.json()
    assert (answer.status_code, said["success"], said["code"]) == (200, False, -1)
    assert TOKEN not in answer.content.decode()
    assert not DiscordAccount.objects.exists()


def test_wrong_rows_are_named_by_the_api(operator_api: ApiClient) -> None:
    file = orjson.loads(file_of({"coreSize": 0}))
    body = {"passphrase": PASSPHRASE, "file": file}

    said = operator_api.send("/mj/admin/accounts-import", body).json()

    assert said["success"] is False
    assert "coreSize" in said["data"]["errors"]["1"]


def test_a_short_passphrase_writes_no_file(operator_api: ApiClient) -> None:
    said = operator_api.send("/mj/admin/accounts-export", {"passphrase": "x"}).json()

    assert (said["success"], said["code"]) == (False, -1)


def test_commands_write_and_read_a_file(
    tmp_path: Path, account: DiscordAccount, capsys: pytest.CaptureFixture[str]
) -> None:
    file, secret = tmp_path / "accounts.json", tmp_path / "passphrase"
    secret.write_text(PASSPHRASE + "\n")
    options = {"passphrase_file": str(secret)}

    call_command("export_accounts", str(file), **options)
    account.delete()
    call_command("import_accounts", str(file), **options)

    assert DiscordAccount.objects.get().channel_id == account.channel_id
    assert file.stat().st_mode & 0o777 == 0o600
    assert "1 account(s) added" in capsys.readouterr().out
    with pytest.raises(CommandError, match="exists"):
        call_command("export_accounts", str(file), **options)


def test_commands_say_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, secret = tmp_path / "accounts.json", tmp_path / "passphrase"
    secret.write_text("another passphrase")
    file.write_bytes(file_of({"coreSize": 0}))
    options = {"passphrase_file": str(secret)}

    with pytest.raises(CommandError, match="passphrase is wrong"):
        call_command("import_accounts", str(file), **options)
    secret.write_text(PASSPHRASE)
    with pytest.raises(CommandError, match="none was"):
        call_command("import_accounts", str(file), **options)
    assert "coreSize" in capsys.readouterr().err
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_accounts", str(tmp_path / "none"), **options)
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_accounts", str(file), passphrase_file=str(file) + "x")


def test_a_typed_passphrase_is_typed_twice(
    tmp_path: Path, account: DiscordAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([PASSPHRASE, PASSPHRASE + "x"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))

    with pytest.raises(CommandError, match="differ"):
        call_command("export_accounts", str(tmp_path / "accounts.json"))


def test_a_wrong_passphrase_is_one_error_whatever_was_changed() -> None:
    with pytest.raises(WrongPassphrase):
        import_file(file_of({}), "another passphrase")
