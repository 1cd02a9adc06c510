"""One interaction, as Discord accepted it."""

import asyncio
from dataclasses import dataclass, field

from gateway.simulator.base.constants import Kind
from gateway.simulator.base.wire import Json
from gateway.simulator.state.files import Upload
from gateway.simulator.state.knobs import Knobs
from gateway.simulator.state.preferences import Preferences
from gateway.simulator.state.rules import Occasion
from gateway.simulator.state.world import Account, Message


@dataclass
class Interaction:
    """A command, a click or a modal submit, with everything its handler may need."""

    id: str
    kind: Kind
    nonce: str
    account: Account
    application_id: str
    channel_id: str
    guild_id: str | None
    session_id: str
    data: Json
    knobs: Knobs  # of this interaction, rules included
    command: str = ""
    custom_id: str = ""
    message: Message | None = None
    files: dict[str, Upload] = field(default_factory=dict)  # by option name
    follow_up: bool = False  # a further job of it: no nonce, no INTERACTION_* events
    effects: Json = field(default_factory=dict)  # of the rules that match it
    occasion: Occasion | None = None  # what rules see of it; they ask for kinds later
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    foreign: bool = False  # made by the simulator for a user without sessions
    click: "Interaction | None" = None  # of a submit: what opened its window
    written: str | None = None  # the new prompt, of a window or a page
    facts: Json = field(default_factory=dict)  # of its job, found out before it starts

    def option(self, name: str) -> str:
        """The value of a string option, or "" if it was not given."""
        for option in self._path()[1]:
            if option.get("name") == name:
                return str(option.get("value", ""))
        return ""

    @property
    def name(self) -> str:
        """The command with its subcommands, as messages name it."""
        return " ".join([self.command, *self._path()[0]])

    def _path(self) -> tuple[list[str], list[Json]]:
        """The chosen subcommands, and the options of the last of them."""
        names: list[str] = []
        options = self.data.get("options") or []
        while options and options[0].get("type") in (1, 2):
            names.append(str(options[0].get("name")))
            options = options[0].get("options") or []
        return names, options

    @property
    def prompt(self) -> str:
        return self.option("prompt") if self.written is None else self.written

    @property
    def pressed_id(self) -> str:
        """The custom id of the button behind it all."""
        return self.click.custom_id if self.click is not None else self.custom_id

    @property
    def preferences(self) -> Preferences:
        return self.account.preferences[self.application_id]

    @property
    def remix(self) -> bool:
        """Whether remix mode is on for this user and bot."""
        chosen = self.preferences.remix
        return self.knobs.remix if chosen is None else chosen

    def user(self) -> Json:
        spec = self.account.spec
        return {
            "id": spec.user_id,
            "username": spec.username,
            "global_name": None,
            "discriminator": "0",
            "avatar": None,
            "public_flags": 0,
        }

    def metadata(self) -> Json:
        """The `interaction_metadata` of messages that this interaction causes."""
        meta: Json = {
            "id": self.id,
            "type": int(self.kind),
            "user": self.user(),
            "authorizing_integration_owners": {"0": self.guild_id or "0"},
        }
        if self.kind is Kind.COMMAND:
            meta["name"] = self.name
            meta["command_type"] = self.data.get("type", 1)
            if target := self.data.get("target_id"):
                meta["target_message_id"] = str(target)
        if self.click is not None:
            meta["triggering_interaction_metadata"] = self.click.metadata()
        elif self.message is not None:
            meta["interacted_message_id"] = self.message.id
        return meta
