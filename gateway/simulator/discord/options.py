"""Check options of commands, as Discord does before a bot sees them."""

from gateway.simulator.base.wire import Json
from gateway.simulator.bot.catalogue import ATTACHMENT, Command
from gateway.simulator.http.answers import Refused, invalid_form
from gateway.simulator.http.bodies import objects
from gateway.simulator.state.core import Core
from gateway.simulator.state.files import NoUpload, Upload

LONGEST = 6000  # characters of a string option


def check(core: Core, command: Command, data: Json) -> dict[str, Upload]:
    """Use up the uploads of attachment options and return them by option name.

    Raises Refused for missing, unknown or ill-typed options and unknown uploads.
    """
    listed = data.get("options") or []
    given = {str(o.get("name")): o for o in objects(listed)}
    if not isinstance(listed, list) or len(given) != len(listed):
        raise invalid_form("data.options", "DICT_TYPE_CONVERT", "Objects, please")
    known = {name: kind for kind, name, _ in command.options}
    for _, name, required in command.options:
        if required and name not in given:
            raise _wrong(name, "BASE_TYPE_REQUIRED", "Required")
    for name, option in given.items():
        if option.get("type") != known.get(name):
            raise _wrong(name, "INVALID_OPTION", "This option is not of the command")
        longest = (name == "prompt" and core.knobs.prompt_limit) or LONGEST
        if len(str(option.get("value", ""))) > longest:
            raise _wrong(name, "BASE_TYPE_BAD_LENGTH", f"At most {longest} characters")
    attached = [name for name in given if known[name] == ATTACHMENT]
    keys = [_key(data, name, given[name].get("value")) for name in attached]
    try:
        uploads = core.files.take(keys, core.clock.now())
    except NoUpload:
        raise _missing("attachments") from None
    return dict(zip(attached, uploads, strict=True))


def _key(data: Json, name: str, value: object) -> str:
    """Return the upload's key that an attachment option's numeric value names."""
    for entry in objects(data.get("attachments")):
        if str(entry.get("id")) == str(value):
            return str(entry.get("uploaded_filename"))
    raise _missing(f"options.{name}")


def _missing(place: str) -> Refused:
    text = "Uploaded file not found."
    return invalid_form(f"data.{place}", "UPLOADED_FILE_NOT_FOUND", text)


def _wrong(name: str, code: str, text: str) -> Refused:
    return invalid_form(f"data.options.{name}", code, text)
