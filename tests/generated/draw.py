"""Draws with a generated client: submit, wait, read. Prints what came of it."""

from __future__ import annotations

import json
import sys
import threading
import urllib.request

import mjclient  # type: ignore[import-not-found]


def main(url: str, key: str, prompt: str) -> None:
    pause = threading.Event()
    configuration = mjclient.Configuration(host=url, api_key={"secretHeader": key})
    with mjclient.ApiClient(configuration) as client:
        submits, tasks = mjclient.SubmitApi(client), mjclient.TaskApi(client)
        wanted = mjclient.Imagine(prompt=prompt, state="generated")
        answer = submits.submit_imagine(imagine=wanted)
        assert answer.code in (1, 22), answer
        task = tasks.task_fetch(answer.result)
        while task.status not in ("SUCCESS", "FAILURE"):
            pause.wait(0.1)  # as a program would
            task = tasks.task_fetch(answer.result)
        many = tasks.task_list_by_ids_create(mjclient.ByIds(ids=[task.id]))
        home = mjclient.AdminApi(client).home()
        with urllib.request.urlopen(task.image_url) as picture:  # noqa: S310
            size = len(picture.read())
    said = {
        "id": task.id,
        "status": task.status.value,
        "state": task.state,
        "submitTime": task.submit_time,
        "buttons": len(task.buttons),
        "listed": [each.id for each in many.actual_instance],
        "mode": task.mode and task.mode.value,
        "home": home.success,
        "bytes": size,
    }
    print(json.dumps(said))  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
