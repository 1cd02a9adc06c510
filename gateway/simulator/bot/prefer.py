"""Commands that change what a user prefers; each answers in an ephemeral message."""

from collections.abc import Awaitable, Callable

from gateway.simulator.jobs.drawing import Tools
from gateway.simulator.state.interactions import Interaction

Handler = Callable[[Tools, Interaction], Awaitable[None]]

MODES = {
    "fast": "Done! Your jobs now consume fast-hours, but are processed instantly.",
    "relax": "Done! Your jobs now do not consume fast-hours, but might take a little"
    " longer.",
    "turbo": "Done! Your jobs now are drawn up to four times faster, for twice the"
    " fast-hours.",
}
VISIBILITY = {
    "stealth": "Done! Your jobs are now hidden from others on the website.",
    "private": "Done! Your jobs are now hidden from others on the website.",
    "public": "Done! Everybody can see your jobs on the website now.",
}


async def remix(tools: Tools, ix: Interaction) -> None:
    ix.preferences.remix = not ix.remix
    text = (
        "Remix mode turned on! Clicking the variation buttons will now give you a"
        " chance to edit your prompt! You can turn this off by running `/prefer remix`"
        " again."
        if ix.remix
        else "Remix mode turned off! You can always turn this on by running `/prefer"
        " remix` again."
    )
    await tools.replies.ephemeral(ix, content=text)


async def auto_dm(tools: Tools, ix: Interaction) -> None:
    ix.preferences.auto_dm = not ix.preferences.auto_dm
    now = "will now" if ix.preferences.auto_dm else "will no longer"
    text = f"You {now} receive finished jobs as direct messages."
    await tools.replies.ephemeral(ix, content=text)


async def variability(tools: Tools, ix: Interaction) -> None:
    ix.preferences.high_variation = not ix.preferences.high_variation
    now = "high" if ix.preferences.high_variation else "low"
    await tools.replies.ephemeral(ix, content=f"Variability is now {now}.")


async def suffix(tools: Tools, ix: Interaction) -> None:
    """Set the suffix of all later prompts; without a value, remove it."""
    ix.account.suffix = ix.option("new_value").strip()
    now = f"set to `{ix.account.suffix}`" if ix.account.suffix else "removed"
    await tools.replies.ephemeral(ix, content=f"Your suffix is {now}.")


async def set_option(tools: Tools, ix: Interaction) -> None:
    """Set a custom option; without a value, remove it."""
    name, value = ix.option("option"), ix.option("value")
    options = ix.preferences.options
    options.pop(name, None)
    if value:
        options[name] = value
    now = f"set to `{value}`" if value else "removed"
    await tools.replies.ephemeral(ix, content=f"Custom option `{name}` is {now}.")


async def list_options(tools: Tools, ix: Interaction) -> None:
    options = ix.preferences.options
    lines = [f"`{name}`: `{value}`" for name, value in options.items()]
    text = "\n".join(["**Your custom options**", *(lines or ["(none)"])])
    await tools.replies.ephemeral(ix, content=text)


def mode(name: str) -> Handler:
    """Return the command that sets the speed of later jobs, for both bots."""

    async def command(tools: Tools, ix: Interaction) -> None:
        ix.account.mode = name
        await tools.replies.ephemeral(ix, content=MODES[name])

    return command


def visibility(name: str) -> Handler:
    """Return the command that hides or shows later jobs."""

    async def command(tools: Tools, ix: Interaction) -> None:
        ix.account.stealth = name != "public"
        await tools.replies.ephemeral(ix, content=VISIBILITY[name])

    return command


COMMANDS: dict[str, Handler] = {
    "prefer remix": remix,
    "prefer auto_dm": auto_dm,
    "prefer variability": variability,
    "prefer suffix": suffix,
    "prefer option set": set_option,
    "prefer option list": list_options,
    **{name: mode(name) for name in MODES},
    **{name: visibility(name) for name in VISIBILITY},
}
