"""A mail server on the loopback that keeps what it is given, or refuses it."""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, ClassVar

PATIENCE = 30.0


@dataclass
class Mailbox:
    """What has arrived; `refuses` is said instead of taking a mail.

    `refuses_to` is said instead of taking a recipient.
    """

    host: str = "127.0.0.1"
    port: int = 0
    refuses: str = ""
    refuses_to: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    signed_in: list[str] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)

    def take(self, raw: bytes, recipients: list[str]) -> None:
        with self._news:
            mail = email.message_from_bytes(raw, policy=email.policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.recipients.append(recipients)
            self._news.notify_all()

    def wait(self, count: int) -> list[EmailMessage]:
        """Return all mails once there are so many."""
        with self._news:
            arrived = self._news.wait_for(lambda: len(self.mails) >= count, PATIENCE)
            assert arrived, self.mails
            return self.mails

    def text(self, number: int = -1) -> str:
        text: str = self.mails[number].get_content()
        return text


class _Talk(socketserver.StreamRequestHandler):
    """One client's talk with the server."""

    box: ClassVar[Mailbox]

    def handle(self) -> None:
        self._say("220 here")
        recipients: list[str] = []
        while said := self.rfile.readline().decode().strip():
            verb, _, rest = said.partition(" ")
            match verb.upper():
                case "EHLO":
                    self._say("250-here", "250 AUTH PLAIN")
                case "AUTH":
                    self._sign_in(rest)
                case "RCPT" if self.box.refuses_to:
                    self._say(self.box.refuses_to)
                case "RCPT":
                    recipients.append(rest)
                    self._say("250 ok")
                case "DATA":
                    self._take(recipients)
                case "QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    def _sign_in(self, said: str) -> None:
        user = base64.b64decode(said.split()[-1]).split(b"\0")[1:]
        self.box.signed_in.append(b":".join(user).decode())
        self._say("235 come in")

    def _take(self, recipients: list[str]) -> None:
        if self.box.refuses:
            self._say(self.box.refuses)
            return
        self._say("354 go on")
        lines = iter(self.rfile.readline, b".\r\n")
        body = b"".join(line.removeprefix(b".") for line in lines)
        self.box.take(body, recipients)
        self._say("250 taken")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        """A client that goes away is no error."""


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    box = Mailbox()
    server = _Server(("127.0.0.1", 0), type("Talk", (_Talk,), {"box": box}))
    box.port = server.server_address[1]
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield box
    finally:
        server.shutdown()
        server.server_close()
        thread.join(PATIENCE)
