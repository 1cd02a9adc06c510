"""POST /mj/admin/register: a key for who has a mail address."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from accounts.models import AccessSettings, Invitation, MailSettings, User, UserGroup
from accounts.signup import invitations
from tests.accounts.post import deliver, open_sign_up, set_up
from tests.conftest import PATIENCE, ApiClient
from tests.factories import make_user, user_of_key
from tests.mail_server import Mailbox

pytestmark = pytest.mark.django_db

PATH = "/mj/admin/register"
ANNA = {"email": "Anna@Example.com"}


@pytest.fixture
def post(db: None, box: Mailbox) -> Mailbox:
    set_up(box)
    open_sign_up()
    return box


def register(body: object, address: str = "192.0.2.1") -> Any:
    answer = ApiClient().send(PATH, body, REMOTE_ADDR=address)
    assert answer.status_code == 200
    return answer.json()


def home() -> dict[str, Any]:
    data: dict[str, Any] = ApiClient().get("/mj/home").json()["data"]
    return data


def key_in(text: str) -> str:
    found = re.search(r"\b[0-9a-f]{64}\b", text)
    assert found, text
    return found[0]


def test_a_key_is_mailed(post: Mailbox) -> None:
    group = UserGroup.objects.create(name="new people")
    open_sign_up(sign_up_group=group)

    said = register(ANNA)

    assert (said["success"], said["code"], said["message"]) == (True, 0, "操作成功")
    assert said["data"] is None
    deliver()
    assert post.mails[0]["To"] == "anna@example.com"
    assert "Midjourney Proxy 注册通知" in post.mails[0]["Subject"]
    user = user_of_key(key_in(post.text()))
    assert user
    whole = User.objects.get(pk=user.pk)
    assert (whole.username, whole.group) == ("anna", group)
    assert whole.registered_from == "192.0.2.1"
    assert not whole.has_usable_password()
    assert ApiClient(key_in(post.text())).get("/mj/task/list").status_code == 200


def test_a_mail_server_that_is_down_is_said(post: Mailbox) -> None:
    MailSettings.objects.update(port=1)
    register(ANNA)
    deliver()

    said = register({"email": "bob@example.com"}, address="192.0.2.2")

    assert (said["success"], said["code"]) == (True, 0)
    assert "邮件将稍后发送" in said["message"]
    assert "waits" in said["messageEn"]
    assert User.objects.filter(email="bob@example.com").exists()


def test_the_key_opens_the_pages_without_another_mail(post: Mailbox) -> None:
    register(ANNA)
    deliver()
    page = Client()

    answer = page.post("/sign-in", {"key": key_in(post.text())})

    assert answer["Location"] == "/"
    assert page.get("/account/").status_code == 200


@pytest.mark.parametrize(
    ("email", "message"),
    [
        ("", "参数错误"),
        ("   ", "参数错误"),
        (None, "参数错误"),
        ("a@b", "邮箱长度错误"),
        ("a@b.", "邮箱长度错误"),
        (f"{'a' * 40}@example.com", "邮箱长度错误"),
        ("anna.example.com", "邮箱格式错误"),
        ("anna@example", "邮箱格式错误"),
        ("an na@example.com", "邮箱格式错误"),
        ("anna@example.com\r\nBcc: x", "邮箱格式错误"),
        ("安娜@example.com", "邮箱格式错误"),
        ("<b>@example.com", "邮箱格式错误"),
        ("anna@other.net", "邮箱域名不允许"),
    ],
)
def test_an_address_must_be_one(post: Mailbox, email: str | None, message: str) -> None:
    open_sign_up(sign_up_domains="example.com")

    said = register({"email": email})

    assert (said["success"], said["code"], said["message"]) == (False, -1, message)
    assert not User.objects.exists()


@pytest.mark.parametrize("body", [[], "text", 7, b"{", {"email": 7}, {"email": {}}])
def test_other_bodies_are_answered_as_mistakes(post: Mailbox, body: object) -> None:
    said = register(body)

    assert (said["success"], said["code"]) == (False, -1)
    assert not User.objects.exists()


@pytest.mark.parametrize("model", [AccessSettings, MailSettings])
def test_it_is_closed_unless_switched_on(post: Mailbox, model: Any) -> None:
    assert home()["isRegister"] is True
    field = "sign_up" if model is AccessSettings else "is_on"
    row = model.get_solo()
    setattr(row, field, False)
    row.save()

    assert register(ANNA)["message"] == "注册已关闭"
    assert home()["isRegister"] is False


def test_one_a_day_for_an_address(post: Mailbox) -> None:
    assert register(ANNA)["success"]

    again = register({"email": "berta@example.com"})
    elsewhere = register({"email": "berta@example.com"}, "192.0.2.2")

    assert again["message"] == "注册太频繁"
    assert elsewhere["success"]


def test_one_a_day_for_a_network_of_ipv6(post: Mailbox) -> None:
    assert register(ANNA, "2001:db8::1")["success"]

    same = register({"email": "berta@example.com"}, "2001:db8::ffff:1")
    other = register({"email": "berta@example.com"}, "2001:db8:1::1")

    assert same["message"] == "注册太频繁"
    assert other["success"]


def test_a_header_does_not_change_the_address(post: Mailbox) -> None:
    register(ANNA)

    headers = {"x-real-ip": "198.51.100.7", "x-forwarded-for": "198.51.100.7"}
    answer = ApiClient().send(
        PATH, {"email": "b@example.com"}, headers=headers, REMOTE_ADDR="192.0.2.1"
    )

    assert answer.json()["message"] == "注册太频繁"


def test_a_known_address_is_told_once_a_day_only(post: Mailbox) -> None:
    make_user("anna", email="anna@example.com")
    make_user("berta", email="berta@example.com")

    assert register(ANNA)["message"] == "用户已存在"
    assert register({"email": "berta@example.com"})["message"] == "注册太频繁"


def test_mistakes_do_not_count(post: Mailbox) -> None:
    register({"email": "nonsense"})

    assert register(ANNA)["success"]


def test_an_invitation_is_asked_for_where_it_is_needed(post: Mailbox) -> None:
    open_sign_up(invitation_needed=True)
    code = invitations.make_code(Invitation())

    assert register(ANNA)["message"] == "邀请码无效"
    assert register(ANNA | {"invitation": "inv_x"})["message"] == "邀请码无效"
    assert register(ANNA | {"invitation": code})["success"]
    assert Invitation.objects.get().uses_left == 0


@pytest.mark.django_db(transaction=True)
def test_one_address_at_once_makes_one_user(box: Mailbox) -> None:
    set_up(box)
    open_sign_up()
    gate = threading.Barrier(16)
    said: list[str] = []

    def come(number: int) -> None:
        gate.wait(PATIENCE)
        try:
            said.append(register(ANNA, f"192.0.2.{number}")["message"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=come, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)

    assert sorted(said) == ["操作成功"] + ["用户已存在"] * 15
    assert User.objects.count() == 1
