"""Open windows, and keep them until they are submitted or expire."""

import re
import time
from dataclasses import dataclass, field

from gateway.simulator.base.wire import Json
from gateway.simulator.bot.catalogue import application
from gateway.simulator.http.answers import Refused, invalid_form, unknown
from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.state.interactions import Interaction
from gateway.simulator.windows.kinds import Form, Page, Window, form, text_inputs

KEEP = 10_000


@dataclass(frozen=True)
class Opened:
    """A window or page that waits for its user."""

    click: Interaction
    ends: float  # monotonic seconds
    form: Form | None = None

    @property
    def alive(self) -> bool:
        return time.monotonic() < self.ends


@dataclass
class Opener:
    """Open windows and pages of all accounts."""

    tools: Tools
    _forms: dict[str, Opened] = field(default_factory=dict)  # by the click's id
    _pages: dict[str, Opened] = field(default_factory=dict)  # by token

    @staticmethod
    def wanted(window: Window | Page | None, ix: Interaction) -> bool:
        """Return whether the click opens this window."""
        if window is None or ix.click is not None or ix.follow_up:
            return False
        forced = ix.effects.get("window")
        if forced is not None:
            return bool(forced != "none")
        return window.always or ix.remix

    async def open(
        self, window: Window | Page, ix: Interaction, found: re.Match[str]
    ) -> None:
        """Answer the click with a window or a page."""
        await self.tools.core.clock.sleep(ix.knobs.modal_delay)
        if isinstance(window, Page):
            token = self.tools.core.ids.hex(32)
            self._keep(self._pages, token, ix, ix.knobs.iframe_ttl)
            self.show_page(window, ix, token)
            return
        shown = form(window, self.tools, ix, found)
        self._keep(self._forms, ix.id, ix, ix.knobs.modal_ttl, shown)
        self._tell(
            ix,
            "INTERACTION_MODAL_CREATE",
            custom_id=shown.custom_id,
            title=shown.title,
            components=shown.components(ix.knobs.modal_wrap, ix.knobs.window_limit),
        )

    def show_page(self, page: Page, ix: Interaction, token: str) -> None:
        """Answer the interaction with the page that has this token."""
        self._tell(
            ix,
            "INTERACTION_IFRAME_MODAL_CREATE",
            custom_id=f"MJ::iframe::{token}",
            title=page.title,
            modal_size=page.size,
            iframe_path=page.path,
        )

    def page(self, token: str) -> Opened | None:
        """Return the open page of this token, or None if it is unknown or expired."""
        opened = self._pages.get(token)
        return opened if opened is not None and opened.alive else None

    def close_page(self, token: str) -> None:
        self._pages.pop(token, None)

    def submit(self, ix: Interaction) -> None:
        """Accept the submit of a window; raises Refused as Discord would."""
        click_id = str(ix.data.get("id"))
        opened = self._forms.get(click_id)
        if opened is None or opened.form is None or not _same(opened, ix):
            raise unknown("Interaction", 10062)
        ix.custom_id = str(ix.data.get("custom_id"))
        if ix.custom_id != opened.form.custom_id:
            raise invalid_form(
                "data.custom_id", "COMPONENT_VALIDATION_FAILED", "Not this window"
            )
        longest = opened.click.knobs.window_limit
        ix.written = _written(ix.data, opened.form, longest)
        ix.click, ix.message = opened.click, opened.click.message
        del self._forms[click_id]

    def _tell(self, ix: Interaction, event: str, **facts: object) -> None:
        posts, replies = self.tools.posts, self.tools.replies
        if ix.effects.get("window") != "lost":
            app = application(ix.application_id)
            place = {"channel_id": ix.channel_id, "application": app}
            posts.signal(ix, event, "window", **place, **facts)
        replies.success(ix)

    @staticmethod
    def _keep(
        kept: dict[str, Opened],
        key: str,
        ix: Interaction,
        seconds: float,
        shown: Form | None = None,
    ) -> None:
        kept[key] = Opened(ix, time.monotonic() + seconds, shown)
        if len(kept) > KEEP:
            del kept[next(iter(kept))]


def _same(opened: Opened, ix: Interaction) -> bool:
    """Return whether the submit is in time and from the window's place and session."""
    click = opened.click
    place = (click.account, click.application_id, click.channel_id, click.session_id)
    return opened.alive and place == (
        ix.account,
        ix.application_id,
        ix.channel_id,
        ix.session_id,
    )


def _written(data: Json, shown: Form, longest: int) -> str:
    """Return the submitted text; raises Refused if it is missing or too long."""
    texts = text_inputs(data.get("components"))
    if list(texts) != [shown.field_id]:
        raise _bad_components("COMPONENT_VALIDATION_FAILED", "Other text inputs")
    text = texts[shown.field_id]
    if not text:
        raise _bad_components("BASE_TYPE_REQUIRED", "This field is required")
    if len(text) > longest:
        raise _bad_components("BASE_TYPE_BAD_LENGTH", f"At most {longest} characters")
    return text


def _bad_components(code: str, message: str) -> Refused:
    return invalid_form("data.components", code, message)
