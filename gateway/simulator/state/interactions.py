"""Interaction: a request as Discord accepted it."""

import asyncio
from dataclasses import dataclass, field

from gateway.simulator.base.constants import Kind
from gateway.simulator.base.wire import Json
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.channels import Message
from gateway.simulator.state.files import Upload
from gateway.simulator.state.knobs import Knobs
from gateway.simulator.state.preferences import Preferences
from gateway.simulator.state.rules import Occasion


@dataclass
class Interaction:
    """A command, a click or a modal submit, with all that its handler needs."""

    id: str
    kind: Kind
    nonce: str
    account: Account
    application_id: str
    channel_id: str
    guild_id: str | None
    session_id: str
    data: Json
    knobs: Knobs  # of this interaction, with the changes of rules
    command: str = ""
    custom_id: str = ""
    message: Message | None = None
    files: dict[str, Upload] = field(default_factory=dict)  # by option name
    follow_up: bool = False  # a second or later job: no nonce, no INTERACTION_* events
    effects: Json = field(default_factory=dict)  # of the rules that match it
    occasion: Occasion | None = None  # kept, as rules on kinds are asked later
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    foreign: bool = False  # made by the simulator for a user without sessions
    click: "Interaction | None" = None  # of a submit: the click on the button
    written: str | None = None  # the new prompt from a window or a page
    facts: Json = field(default_factory=dict)  # fields of its job that are known now

    def option(self, name: str) -> str:
        """Return the value of a string option, or "" if it was not given."""
        for option in self._path()[1]:
            if option.get("name") == name:
                return str(option.get("value", ""))
        return ""

    @property
    def name(self) -> str:
        """The command with its subcommands, as messages show it."""
        return " ".join([self.command, *self._path()[0]])

    def _path(self) -> tuple[list[str], list[Json]]:
        """Return the chosen subcommands, and the options of the last one."""
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
        """The custom id of the button that was pressed, also for a submit."""
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
        """Return the `interaction_metadata` for messages of this interaction."""
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
