"""Tasks that bring pictures along, and a web site that has some."""

from __future__ import annotations

from aiohttp import web

from accounts.models import DiscordAccount, User
from gateway.sending import prepare
from mjproxy.lib.process import event_loop
from tasks.enums import InputRole
from tasks.models import Task
from tasks.pictures import inputs
from tasks.pictures.inputs import Brought
from tests.gateway.rows import again, make_waiting
from tests.pictures import bare, bomb, phone, picture

LINK = "https://cdn.discordapp.com/attachments/1/2/{name}"


def waiting(alice: User, account: DiscordAccount, *brought: Brought) -> Task:
    task = make_waiting(alice, account, "two foxes", prepared=False)
    inputs.write_rows(inputs.write_files(brought), task=task)
    return task


def given(role: InputRole, position: int = 0, colour: str = "red") -> Brought:
    return inputs.read(bare(picture(colour=colour)), role, position)


def prepared(task: Task) -> Task:
    event_loop.run(prepare.prepare(task.pk))
    return again(task)


async def site_answer(request: web.Request) -> web.Response:
    if request.path == "/page":
        return web.Response(text="<html>", content_type="text/html")
    if request.path == "/liar.png":
        return web.Response(body=b"no picture", content_type="image/png")
    if request.path == "/cut.jpg":
        body = picture((99, 99), kind="JPEG")
        return web.Response(body=body[:500], content_type="image/jpeg")
    if request.path == "/bomb.png":
        return web.Response(body=bomb(), content_type="image/png")
    if request.path == "/phone":
        return web.Response(body=phone(), content_type="application/octet-stream")
    if request.path == "/away":
        raise web.HTTPFound("http://nowhere.invalid/x.png")
    if request.path.startswith("/status/"):
        return web.Response(status=int(request.path[8:]))
    return web.Response(body=picture(colour="lime"), content_type="image/png")
