from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.models import User
from mjproxy.lib.last_answers import Service, last_answers
from mjproxy.lib.process import event_loop
from tasks import jobs
from tasks.back_translation import TRY_AGAIN, WORTH_TRYING, to_translate, wants_back
from tasks.enums import TaskStatus
from tasks.models import Task
from tasks.services import advance
from tasks.wire import task_json
from tests import nudged
from tests.factories import make_finished, make_task
from tests.http_server import Handler, always, never
from tests.tasks.translator_servers import (
    DEEPL_KEY,
    FOX,
    KEY,
    SECRET,
    asked,
    baidu,
    deepl,
    deepl_says,
    gpt,
    in_english,
    says,
)

pytestmark = pytest.mark.django_db(transaction=True)
FINAL = "<https://s.mj.run/a> a red fox --no snow, ice --v 7.0"


def finished(owner: User, **fields: Any) -> Task:
    return make_finished(owner, **({"prompt": FOX, "final_prompt": FINAL} | fields))


def shown(task: Task) -> str:
    """Return what the API shows after the job of a task."""
    nudged.do("tasks.translate_back", task.pk)
    return task_json(Task.objects.get(pk=task.pk))["properties"]["finalZhPrompt"]


WORDS = {"a red fox": "红狐狸", "snow, ice": "冰雪"}


def test_words_are_translated_and_the_rest_stays(alice: User) -> None:
    with gpt(in_english(lambda line: WORDS[line]), back_to_chinese=True) as server:
        task = finished(alice)
        said = shown(task)

        assert said == "<https://s.mj.run/a> 红狐狸 --no 冰雪 --v 7.0"
        assert shown(task) == said
        assert shown(finished(alice)) == said

    assert sorted(map(asked, server.calls)) == ["a red fox", "snow, ice"]
    system = json.loads(server.calls[0].body)["messages"][0]["content"]
    assert "into Simplified Chinese" in system


def test_clients_that_watch_the_task_are_told(alice: User) -> None:
    task = finished(alice)

    with gpt(says("红狐狸"), back_to_chinese=True):
        shown(task)

    assert Task.objects.get(pk=task.pk).revision == task.revision + 1


def test_the_lines_of_an_answer_stay_lines(alice: User) -> None:
    task = finished(alice, final_prompt="1️⃣ red fox\n\n2️⃣ fox")

    with gpt(says("狐狸"), back_to_chinese=True):
        assert shown(task) == "狐狸\n\n狐狸"


def test_baidu_and_deepl_are_asked_for_chinese(alice: User) -> None:
    rows = {"trans_result": [{"dst": "红狐狸"}, {"dst": "冰雪"}]}
    with baidu(always(body=json.dumps(rows)), back_to_chinese=True) as server:
        assert "红狐狸" in shown(finished(alice))
    assert b"from=en&to=zh" in server.calls[0].body

    with deepl(deepl_says("红狐狸", "冰雪"), back_to_chinese=True) as server:
        assert "红狐狸" in shown(finished(alice))
    assert json.loads(server.calls[0].body)["target_lang"] == "ZH-HANS"


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({"back_to_chinese": False}, {}),
        ({"translator": "NONE"}, {}),
        ({"for_niji": False}, {"bot_type": "NIJI_JOURNEY"}),
        ({}, {"prompt": "a red fox"}),
        ({}, {"prompt": "赤い狐"}),
        ({}, {"final_prompt": ""}),
        ({}, {"final_prompt": "https://x/1 --v 7"}),
        ({}, {"final_prompt_zh": "狐"}),
        ({}, {"status": TaskStatus.FAILURE}),
    ],
)
def test_nobody_is_asked_where_it_is_not_wanted(
    alice: User, settings: dict[str, Any], fields: dict[str, Any]
) -> None:
    with gpt(**({"back_to_chinese": True} | settings)) as server:
        task = finished(alice, **fields)
        assert shown(task) == fields.get("final_prompt_zh", "")

    assert server.calls == []


@pytest.mark.parametrize(
    "handler",
    [
        always(401, body=json.dumps({"error": KEY})),
        always(body=f"<html>{KEY}</html>"),
        always(body=b" " * 2_000_000),
        never,
    ],
)
def test_a_bad_answer_leaves_it_empty(
    alice: User, handler: Handler, caplog: pytest.LogCaptureFixture
) -> None:
    with gpt(handler, back_to_chinese=True, translator_timeout=1):
        assert shown(finished(alice)) == ""

    assert last_answers()[Service.TRANSLATOR].failure
    secrets = (KEY, SECRET, DEEPL_KEY, FOX, "red fox")
    assert not any(secret in caplog.text for secret in secrets)


def test_a_secret_that_cannot_be_decrypted_leaves_it_empty(alice: User) -> None:
    with gpt(back_to_chinese=True) as server:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE tasks_translationsettings SET gpt_key = 'broken'")
        assert shown(finished(alice)) == ""

    assert server.calls == []


def test_the_end_of_a_task_nudges(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    nudges: list[str] = []
    monkeypatch.setattr(
        "tasks.receivers.nudge", lambda job, *ids, **how: nudges.append(job)
    )
    task = make_task(alice, status=TaskStatus.IN_PROGRESS, prompt=FOX)

    with gpt(back_to_chinese=True):
        advance(task.pk, TaskStatus.SUCCESS, final_prompt=FINAL)
        assert wants_back(Task.objects.get(pk=task.pk))

    assert "tasks.translate_back" in nudges


# --- a nudge that is lost, or a try that fails ----------------------------------------


def sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run beat's job, and wait for what it starts."""
    monkeypatch.setattr(event_loop, "spawn", event_loop.run)
    jobs.translate_missing()


def kept(task: Task) -> str:
    return Task.objects.get(pk=task.pk).final_prompt_zh


def test_a_lost_nudge_is_made_up_for(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.receivers.nudge", lambda *args, **how: None)
    task = make_task(alice, status=TaskStatus.IN_PROGRESS, prompt=FOX)

    with gpt(says("红狐狸"), back_to_chinese=True) as server:
        advance(task.pk, TaskStatus.SUCCESS, final_prompt="a red fox")
        assert kept(task) == ""
        sweep(monkeypatch)
        sweep(monkeypatch)

    assert kept(task) == "红狐狸"
    assert len(server.calls) == 1


def test_a_failed_try_is_made_again_later_and_a_few_times_only(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = finished(alice, final_prompt="a red fox")

    with (
        gpt(always(500), back_to_chinese=True) as server,
        time_machine.travel(timezone.now(), tick=False) as clock,
    ):
        for number, pause in enumerate(TRY_AGAIN, start=1):
            sweep(monkeypatch)
            sweep(monkeypatch)
            assert len(server.calls) == number
            clock.shift(pause)
        sweep(monkeypatch)

    assert kept(task) == ""
    assert len(server.calls) == len(TRY_AGAIN)


def test_a_task_that_ended_long_ago_is_left_alone(alice: User) -> None:
    now = timezone.now()
    finished(alice, finished_at=now - WORTH_TRYING - timedelta(seconds=1))
    late = finished(alice, finished_at=now - WORTH_TRYING + timedelta(minutes=1))

    with gpt(back_to_chinese=True):
        assert to_translate() == [late.pk]


def test_a_task_that_wants_none_is_looked_at_once(alice: User) -> None:
    english = finished(alice, prompt="a red fox")
    chinese = finished(alice)

    with gpt(back_to_chinese=True):
        assert to_translate(limit=1) == []
        assert to_translate(limit=1) == [chinese.pk]

    assert Task.objects.get(pk=english.pk).back_tries == len(TRY_AGAIN)


def test_words_that_need_none_are_looked_at_once(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    finished(alice, final_prompt="https://x/1 --v 7")

    with gpt(back_to_chinese=True):
        assert to_translate()
        sweep(monkeypatch)
        assert to_translate() == []


def test_a_try_that_has_begun_is_not_begun_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = finished(alice, final_prompt="a red fox")

    with gpt(never, back_to_chinese=True, translator_timeout=1) as server:
        nudged.do("tasks.translate_back", task.pk)
        nudged.do("tasks.translate_back", task.pk)
        sweep(monkeypatch)

    assert len(server.calls) == 1
