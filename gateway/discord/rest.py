"""Discord's REST API for one account, over the library's HTTP client.

The library brings the browser's TLS fingerprint, headers and rate-limit buckets. Its
start-up is replaced, because it asks a third party for client properties. Interactions
bypass its retries: an interaction that Discord may have taken must not be sent again
blindly.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import orjson
from curl_cffi.requests.exceptions import ProxyError, RequestException
from discord import http as library
from discord.errors import DiscordException
from discord.http import HTTPClient, Route

from gateway import timing
from gateway.discord.addresses import Addresses
from gateway.discord.transport.browser_headers import client_headers
from gateway.discord.transport.curl_session import Session
from gateway.discord.transport.failures import failed
from gateway.discord.transport.json_bodies import NotDiscord, json_or_text, taking
from gateway.protocol.answers import Answer, Verdict, classify
from gateway.protocol.shapes import Author, ChannelMessage, Interaction, Offer
from mjproxy.lib.db.encrypted_field import UndecryptableSecret

library.json_or_text = json_or_text

# Longest answer of another host, in bytes; a longer one raises.
MOST_BYTES: Final = 4 << 20


# Curl's codes for lookup and connection, which with a proxy concern it alone.
_PROXY_CODES: Final = frozenset({5, 7, 97})


@dataclass(frozen=True)
class Identity:
    """The fields of an account's row that a client needs."""

    account_id: int
    revision: int
    guild_id: str
    channel_id: str
    token: str
    user_agent: str
    proxy_url: str
    further_channels: frozenset[str] = frozenset()
    channels_revision: int = 0
    is_anew: bool = False  # an operator asked for a new connection

    def __repr__(self) -> str:
        return f"Identity(account {self.account_id})"

    @cached_property
    def channels(self) -> frozenset[str]:
        """All server channels whose events concern the account."""
        return self.further_channels | {self.channel_id}

    @property
    def token_digest(self) -> str:
        return hashlib.sha256(self.token.encode()).hexdigest()


class DiscordHttp(HTTPClient):
    """REST client of one account.

    It lives in one event loop; `aclose` ends it.
    """

    def __init__(self, identity: Identity, addresses: Addresses) -> None:
        """Raise UndecryptableSecret if its proxy cannot be decrypted."""
        super().__init__(
            loop=asyncio.get_running_loop(),
            proxy=identity.proxy_url or addresses.proxy_url or None,
            timezone="UTC",
            max_ratelimit_timeout=30.0,
        )
        self.identity = identity
        self.addresses = addresses
        self.token = identity.token
        self.headers = client_headers(identity.user_agent, addresses.build_number)
        self._session: Session | None = None
        self._posts: Session | None = None
        # Taken before a claim is checked; `posts` has as many slots.
        self.slot = asyncio.Semaphore(timing.POSTS_AT_ONCE)
        if addresses.is_proxy_unreadable and not identity.proxy_url:
            raise UndecryptableSecret("proxy_url")

    @property
    def session(self) -> Session:
        """The account's session, opened at the first use."""
        if self._session is None:
            self._session = Session()
        return self._session

    @property
    def posts(self) -> Session:
        """The session for posts under a claim; uploads cannot take its slots."""
        if self._posts is None:
            slots, longest = timing.POSTS_AT_ONCE, timing.PLAIN_TIMEOUT
            self._posts = Session(slots, longest=longest)
        return self._posts

    async def startup(self) -> None:
        """Open the session; sends no request."""
        if self._started:
            return
        self._global_over = asyncio.Event()
        self._global_over.set()
        # The attribute that the library's methods use.
        self._HTTPClient__session = self.session
        self._started = True

    async def aclose(self) -> None:
        for session in (self._session, self._posts):
            if session is not None:
                await session.close()
        self._session = self._posts = None
        self._started = False

    async def request(self, route: Route, *, bare: bool = False, **kwargs: Any) -> Any:
        """Send a request to the configured server, whatever base the route names.

        Returns the answer's JSON; with `bare` the answer may have no body. Raises the
        library's DiscordException, RequestException, and NotDiscord.
        """
        route.url = self.addresses.api + route.url[len(Route.BASE) :]
        try:
            said = await super().request(route, **kwargs)
        except (DiscordException, RequestException):
            raise
        except (LookupError, TypeError, ValueError, AttributeError) as exc:
            raise NotDiscord(
                f"the answer is not from Discord ({type(exc).__name__})"
            ) from exc
        if isinstance(said, str) and (said or not bare):
            raise NotDiscord("the answer is not JSON")
        return said

    async def ws_connect(self, url: str, **kwargs: Any) -> Any:
        # 64 MiB, as READY of an old account is large. `drain_on_error`: frames that
        # came before the socket broke are still read.
        return await super().ws_connect(
            url, max_message_size=64 << 20, drain_on_error=True, **kwargs
        )

    async def post_interaction(self, body: Interaction) -> Answer:
        """POST one interaction once, and return the outcome. Never raises."""
        try:
            response = await self.posts.request(
                "POST",
                f"{self.addresses.api}/interactions",
                data=orjson.dumps(body),
                headers=self._headers(body["channel_id"], body.get("guild_id", "")),
                timeout=timing.INTERACTION_TIMEOUT,
                proxies={"all": self.proxy} if self.proxy else None,
                allow_redirects=False,
            )
        except RequestException as exc:
            return failed(exc)
        except OSError as exc:
            return Answer(Verdict.UNKNOWN, type(exc).__name__)
        if not response.status_code:  # the session was closed meanwhile
            return Answer(Verdict.UNKNOWN, "the request was cut off")
        return classify(
            response.status_code,
            _parsed(response.content),
            response.headers.get("Retry-After"),
        )

    async def send_plainly(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        data: bytes = b"",
        session: Session | None = None,
    ) -> tuple[int, bytes]:
        """Send one request without the token, once; return status and body.

        For the upload bucket and the activity host. Raises RequestException, OSError;
        an answer of more than MOST_BYTES raises RequestException. The time-out bounds
        the silence between bytes. A transfer as a whole is bounded only in the session
        `posts`.
        """
        response = await (session or self.session).request(
            method,  # type: ignore[arg-type]
            url,
            data=data or None,
            headers={"User-Agent": self.user_agent, "Accept": "*/*", **headers},
            timeout=timing.PLAIN_TIMEOUT,
            proxies={"all": self.proxy} if self.proxy else None,
            allow_redirects=False,
            stream=True,
            quote=False,  # a signed address must not be changed
        )
        try:
            body = bytearray()
            async for chunk in response.aiter_content():  # type: ignore[no-untyped-call]
                body += chunk
                if len(body) > MOST_BYTES:
                    raise RequestException("the answer is longer than allowed")
            return response.status_code, bytes(body)
        finally:
            await response.aclose()  # type: ignore[no-untyped-call]

    async def look(self, path: str, *, timeout: float) -> tuple[int, Any]:  # noqa: ASYNC109
        """GET a path of the API once; return the status and the parsed body.

        Unlike the library's requests it neither waits nor tries again. Raises
        RequestException, OSError. `timeout` is in seconds.
        """
        response = await self.session.request(
            "GET",
            f"{self.addresses.api}{path}",
            headers=self._headers(self.identity.channel_id),
            timeout=timeout,
            proxies={"all": self.proxy} if self.proxy else None,
            allow_redirects=False,
        )
        return response.status_code, _parsed(response.content)

    def _headers(self, channel_id: str, guild_id: str = "") -> dict[str, str]:
        place = f"{guild_id or '@me'}/{channel_id}"
        return {
            **self.headers.client_hints,
            "Accept": "*/*",
            "Accept-Language": "en-US,en;q=0.9",
            "Accept-Encoding": "gzip, deflate, br, zstd",
            "Authorization": self.identity.token,
            "Content-Type": "application/json",
            "Origin": "https://discord.com",
            "Referer": f"https://discord.com/channels/{place}",
            "User-Agent": self.user_agent,
            "X-Discord-Locale": "en-US",
            "X-Discord-Timezone": "UTC",
            "X-Super-Properties": self.headers.encoded_super_properties,
        }

    # --- reading ---------------------------------------------------------------------

    async def me(self) -> Author:
        """Return the account's user. Raises what `request` raises."""
        user: Author = await self.request(Route("GET", "/users/@me"))
        with taking():
            return {**user, "id": str(user["id"])}

    async def history(self, channel_id: str, *, after: str) -> list[ChannelMessage]:
        """Return up to 100 messages after the id `after`, oldest first."""
        page: list[ChannelMessage] = await self.request(
            Route("GET", "/channels/{channel_id}/messages", channel_id=channel_id),
            params={"after": after, "limit": 100},
        )
        with taking():
            return sorted(page, key=lambda message: int(message["id"]))

    async def offer_file(self, channel_id: str, name: str, size: int) -> Offer:
        """Return the upload address for a file of `size` bytes, and its upload name."""
        route = Route(
            "POST", "/channels/{channel_id}/attachments", channel_id=channel_id
        )
        body = {"files": [{"filename": name, "file_size": size, "id": "0"}]}
        answer = await self.request(route, json=body)
        with taking():
            offer: Offer = answer["attachments"][0]
            return {**offer}

    async def post_file(
        self, channel_id: str, name: str, upload_name: str, nonce: str
    ) -> ChannelMessage:
        """Send a message with an uploaded file; return the message."""
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=channel_id)
        file = {"id": "0", "filename": name, "uploaded_filename": upload_name}
        body = {
            "content": "",
            "nonce": nonce,
            "channel_id": channel_id,
            "type": 0,
            "sticker_ids": [],
            "attachments": [file],
        }
        message: ChannelMessage = await self.request(route, json=body)
        with taking():
            return {**message}

    async def refresh_link(self, link: str) -> str:
        """Return a link to an attachment with a new signature."""
        route = Route("POST", "/attachments/refresh-urls")
        answer = await self.request(route, json={"attachment_urls": [link]})
        with taking():
            return str(answer["refreshed_urls"][0]["refreshed"])

    async def open_dm(self, user_id: str) -> str:
        """Return the id of the direct message channel with a user."""
        route = Route("POST", "/users/@me/channels")
        answer = await self.request(route, json={"recipients": [user_id]})
        with taking():
            return str(answer["id"])

    async def react(self, channel_id: str, message_id: str, emoji: str) -> None:
        """Add the account's reaction to a message."""
        route = Route(
            "PUT",
            "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me",
            channel_id=channel_id,
            message_id=message_id,
            emoji=emoji,
        )
        params = {"location": "Message", "type": 0}
        await self.request(route, params=params, bare=True)

    async def acknowledge(self, channel_id: str, message_id: str, day: int) -> None:
        """Mark a channel as read up to a message; `day` counts from 2015-01-01."""
        route = Route(
            "POST",
            "/channels/{channel_id}/messages/{message_id}/ack",
            channel_id=channel_id,
            message_id=message_id,
        )
        await self.request(route, json={"token": None, "last_viewed": day})

    async def command_index(self, guild_id: str) -> Sequence[Mapping[str, Any]]:
        """Return the commands that the account may use in a server."""
        route = Route(
            "GET", "/guilds/{guild_id}/application-command-index", guild_id=guild_id
        )
        index = await self.request(route)
        with taking():
            return [{**command} for command in index["application_commands"]]


def _parsed(content: bytes) -> Any:
    try:
        return orjson.loads(content or b"null")
    except orjson.JSONDecodeError:
        # `text` would raise for an unknown charset.
        return content[:200].decode(errors="replace")


def why_unreachable(error: Exception, *, proxied: bool) -> str:
    """Return, for people, the reason why a connection failed."""
    code = int(getattr(error, "code", 0) or 0)
    if proxied and (isinstance(error, ProxyError) or code in _PROXY_CODES):
        return "The proxy cannot be reached, or refuses"
    return f"Discord cannot be reached ({type(error).__name__})"
