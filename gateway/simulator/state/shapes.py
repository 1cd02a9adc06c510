"""Build Discord objects: users, messages, embeds, buttons."""

from gateway.simulator.base.constants import BOT_AVATARS, BOT_NAMES, Colour
from gateway.simulator.base.wire import Json
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.channels import Channel


def bot_user(application_id: str) -> Json:
    """Return the bot user of an application."""
    return {
        "id": application_id,
        "username": BOT_NAMES[application_id],
        "global_name": None,
        "discriminator": "9282",
        "bot": True,
        "public_flags": 589824,
        "avatar": BOT_AVATARS[application_id],
        "avatar_decoration_data": None,
    }


def own_user(account: Account) -> Json:
    """Return the account's user with the fields that only itself sees."""
    spec = account.spec
    return {
        "id": spec.user_id,
        "username": spec.username,
        "global_name": spec.username,
        "discriminator": "0",
        "avatar": None,
        "bot": False,
        "email": f"{spec.username}@example.invalid",
        "phone": None,
        "verified": True,
        "mfa_enabled": False,
        "premium_type": 0,
        "premium": False,
        "nsfw_allowed": True,
        "locale": "en-US",
        "flags": 0,
        "public_flags": 0,
        "pronouns": "",
        "bio": "",
        "banner": None,
        "accent_color": None,
        "avatar_decoration_data": None,
    }


def dm_channel(channel: Channel) -> Json:
    """Return a DM channel with a bot."""
    return {
        "id": channel.id,
        "type": 1,
        "recipients": [bot_user(channel.bot_id or "")],
        "last_message_id": next(reversed(channel.message_ids), None),
        "flags": 0,
    }


def guild_channel(channel: Channel) -> Json:
    """Return a text channel of a server, as its members see it."""
    return {
        "id": channel.id,
        "type": 0,
        "guild_id": channel.guild_id,
        "name": f"channel-{channel.id[-4:]}",
        "position": 0,
        "flags": 0,
        "permission_overwrites": [],
        "last_message_id": next(reversed(channel.message_ids), None),
    }


def embed(
    title: str,
    description: str = "",
    *,
    color: Colour = Colour.RED,
    footer: str = "",
) -> Json:
    """Return a rich embed."""
    d: Json = {
        "type": "rich",
        "color": int(color),
        "title": title,
        "description": description,
        "content_scan_version": 0,
    }
    if footer:
        d["footer"] = {"text": footer}
    return d


def button(custom_id: str, label: str = "", *, emoji: str = "", style: int = 2) -> Json:
    """Return a button with a custom id."""
    d: Json = {"type": 2, "style": style, "custom_id": custom_id}
    if label:
        d["label"] = label
    if emoji:
        d["emoji"] = {"name": emoji}
    return d


def link_button(label: str, url: str) -> Json:
    return {"type": 2, "style": 5, "label": label, "url": url}


def rows(*buttons: list[Json]) -> list[Json]:
    """Return action rows; each component gets Discord's running number."""
    number = 0
    result = []
    for line in buttons:
        number += 1
        row: Json = {"type": 1, "id": number, "components": []}
        for item in line:
            number += 1
            row["components"].append({**item, "id": number})
        result.append(row)
    return result


def holds(components: list[Json], custom_id: str) -> Json | None:
    """Return the component of this custom id anywhere in the tree, or None."""
    for component in components:
        if component.get("custom_id") == custom_id:
            return component
        found = holds(component.get("components") or [], custom_id)
        if found is not None:
            return found
    return None


def pressed(components: list[Json], custom_id: str) -> list[Json]:
    """Return a copy of the tree in which this button is blue."""
    result = []
    for component in components:
        fresh = dict(component)
        if fresh.get("custom_id") == custom_id:
            fresh["style"] = 1
        if "components" in fresh:
            fresh["components"] = pressed(fresh["components"], custom_id)
        result.append(fresh)
    return result
