"""Command index of both bots."""

from dataclasses import dataclass
from typing import Any

from gateway.simulator.base.constants import BOT_AVATARS, BOT_NAMES, MIDJOURNEY, NIJI
from gateway.simulator.base.wire import Json
from gateway.simulator.state.core import Core

STRING, SUBCOMMAND, GROUP, ATTACHMENT = 3, 1, 2, 11
EVERYWHERE, NOT_PRIVATE = [0, 1, 2], [0, 1]


@dataclass(frozen=True)
class Command:
    """One entry of the index.

    `version` is the first version; `bump` replaces it.
    """

    application_id: str
    name: str
    id: str
    version: str
    options: tuple[tuple[int, str, bool], ...] = ()
    type: int = 1

    def entry(self, version: str, rank: int, longest: int = 0) -> Json:
        """Return the entry as Discord sends it.

        `longest` limits the characters of its prompt; 0 sets no limit.
        """
        narrow = self.name in ("fast", "relax", "turbo", "prefer", "show", "shorten")
        return {
            "id": self.id,
            "type": self.type,
            "application_id": self.application_id,
            "version": version,
            "name": self.name,
            "description": "" if self.type != 1 else f"Simulated {self.name}",
            "options": [
                {"type": kind, "name": name, "description": name, "required": required}
                | ({"max_length": longest} if longest and name == "prompt" else {})
                for kind, name, required in self.options
            ],
            "dm_permission": True,
            "contexts": NOT_PRIVATE if narrow else EVERYWHERE,
            "integration_types": [0, 1],
            "global_popularity_rank": rank,
        }


_PROMPT = ((STRING, "prompt", True),)
_BLEND = (
    (ATTACHMENT, "image1", True),
    (ATTACHMENT, "image2", True),
    (STRING, "dimensions", False),
    (ATTACHMENT, "image3", False),
    (ATTACHMENT, "image4", False),
    (ATTACHMENT, "image5", False),
)
_DESCRIBE = ((ATTACHMENT, "image", False), (STRING, "link", False))
_SHOW = ((STRING, "job_id", True),)
_PREFER = tuple(
    (GROUP if name == "option" else SUBCOMMAND, name, False)
    for name in ("option", "auto_dm", "suffix", "remix", "variability")
)


def _mj(
    name: str, id_: str, version: str, options: Any = (), type_: int = 1
) -> Command:
    return Command(MIDJOURNEY, name, id_, version, options, type_)


def _niji(name: str, id_: str, version: str, options: Any = ()) -> Command:
    return Command(NIJI, name, id_, version, options)


COMMANDS = (
    _mj("imagine", "938956540159881230", "1237876415471554623", _PROMPT),
    _mj("blend", "1062880104792997970", "1237876415471554624", _BLEND),
    _mj("describe", "1092492867185950852", "1237876415471554625", _DESCRIBE),
    _mj("shorten", "1121575372539039774", "1237876415471554626", _PROMPT),
    _mj("show", "1169435442328911902", "1237876415471554630", _SHOW),
    _mj("info", "972289487818334209", "1237876415735660565"),
    _mj("settings", "1000850743479255081", "1237876415790055475"),
    _mj("fast", "972289487818334212", "1237876415735660572"),
    _mj("relax", "972289487818334213", "1237876415735660573"),
    _mj("turbo", "1124132684143271996", "1237876415790055474"),
    _mj("prefer", "984273800587776053", "1237876415790055476", _PREFER),
    _mj("stealth", "1065569343456419860", "1237876415735660569"),
    _mj("private", "972289487818334210", "1237876415735660570"),
    _mj("public", "972289487818334211", "1237876415735660571"),
    _mj("Cancel Job", "987795925764280352", "1237876415790055477", (), 3),
    _mj("DM Results", "987795925764280353", "1237876415790055478", (), 3),
    _niji("imagine", "1023054140580057099", "1248805223892254774", _PROMPT),
    _niji("blend", "1061216934374424697", "1248805223892254775", _BLEND),
    _niji("describe", "1092683500743831652", "1248805223892254776", _DESCRIBE),
    _niji("shorten", "1121575453916942376", "1248805223892254777", _PROMPT),
    _niji("show", "1023054140580057101", "1248805223892254781", _SHOW),
    _niji("info", "1023054140580057102", "1248805223892254782"),
    _niji("fast", "1023054140580057107", "1248805223925940261"),
    _niji("relax", "1023054140634579024", "1248805223925940262"),
    _niji("settings", "1023054140634579025", "1248805223925940264"),
)
BY_ID = {command.id: command for command in COMMANDS}


def version_of(core: Core, command: Command) -> str:
    """Return the version of the command that Discord accepts now."""
    return core.versions.get(command.id, command.version)


def bump(core: Core, names: list[str] | None) -> dict[str, str]:
    """Give new versions to the commands of these names, or to all."""
    changed = {}
    for command in COMMANDS:
        if names is None or command.name in names:
            core.versions[command.id] = core.ids.snowflake()
            changed[f"{command.name}/{command.id}"] = core.versions[command.id]
    return changed


def index(core: Core, application_ids: list[str]) -> Json:
    """Return the command index, with the commands of these applications only."""
    return {
        "applications": [application(app) for app in application_ids],
        "application_commands": [
            command.entry(version_of(core, command), rank, core.knobs.prompt_limit)
            for rank, command in enumerate(COMMANDS, start=1)
            if command.application_id in application_ids
        ],
        "version": "1240021480897511445",
    }


def application(application_id: str) -> Json:
    """Return an application as the index and windows show it."""
    name = BOT_NAMES[application_id]
    return {
        "id": application_id,
        "name": name,
        "icon": BOT_AVATARS[application_id],
        "description": "",
        "flags": 0,
        "bot": {
            "id": application_id,
            "username": name,
            "discriminator": "9282",
            "bot": True,
        },
    }
