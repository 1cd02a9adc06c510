"""Core: the state that all parts of the simulator share."""

from dataclasses import dataclass, field

from gateway.simulator.base.clock import Clock
from gateway.simulator.base.config import Config
from gateway.simulator.base.constants import CDN_HOST, MEDIA_HOST, RESUME_HOST
from gateway.simulator.base.ids import Ids
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.events import Event, Outbox
from gateway.simulator.state.files import Files
from gateway.simulator.state.knobs import Knobs
from gateway.simulator.state.ledger import Ledger
from gateway.simulator.state.rules import Rules
from gateway.simulator.state.store import Store
from gateway.simulator.state.world import World

KEEP_PREVIEWS = 20_000


@dataclass
class Core:
    """The shared state; `url` is set once the server listens."""

    config: Config
    knobs: Knobs
    clock: Clock
    ids: Ids
    world: World
    ledger: Ledger
    rules: Rules
    store: Store
    outbox: Outbox
    url: str = ""
    # attachment id of a preview to its job and percentage
    previews: dict[str, tuple[str, int]] = field(default_factory=dict)
    turned_away: set[str] = field(default_factory=set)  # tokens that have got a 401
    versions: dict[str, str] = field(default_factory=dict)  # command id to version
    files: Files = field(default_factory=Files)
    # attachment id of a result to its job
    results: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)  # short code to address

    def publish(self, event: Event) -> None:
        self.outbox.publish(event)

    def keep_preview(self, attachment_id: str, uuid: str, progress: int) -> None:
        self.previews[attachment_id] = (uuid, progress)
        if len(self.previews) > KEEP_PREVIEWS:
            del self.previews[next(iter(self.previews))]

    def account(self, handle: str) -> Account | None:
        return self.world.find_account(handle)

    def cdn(self) -> str:
        """Return the address before `/attachments/...` in payloads."""
        return CDN_HOST if self.config.real_hosts else self.url

    def media(self) -> str:
        return MEDIA_HOST if self.config.real_hosts else self.url

    def resume_url(self) -> str:
        if self.config.real_hosts:
            return RESUME_HOST
        return f"{self.url.replace('http', 'ws', 1)}/gateway-resume"
