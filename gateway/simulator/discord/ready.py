"""Build READY and READY_SUPPLEMENTAL."""

from gateway.simulator.base.constants import MIDJOURNEY, NIJI
from gateway.simulator.base.wire import Json
from gateway.simulator.discord.sessions import Session
from gateway.simulator.state.accounts import Account
from gateway.simulator.state.channels import Channel
from gateway.simulator.state.core import Core
from gateway.simulator.state.shapes import bot_user, dm_channel, guild_channel, own_user


def ready(core: Core, session: Session) -> Json:
    """Return the `d` of READY for this session."""
    account = session.account
    d: Json = {
        "v": 9,
        "user": own_user(account),
        "users": [bot_user(MIDJOURNEY), bot_user(NIJI)],
        "guilds": [
            _guild(core, account, guild_id) for guild_id in _guild_ids(core, account)
        ],
        "private_channels": [
            _dm(core, channel, channel.bot_id)
            for channel in core.world.channels.values()
            if channel.bot_id is not None and account.user_id in channel.members
        ],
        "session_id": session.id,
        "session_type": "normal",
        "sessions": [
            {
                "session_id": session.id,
                "status": "online",
                "activities": [],
                "client_info": {"version": 0, "os": "windows", "client": "web"},
            }
        ],
        "resume_gateway_url": core.resume_url(),
        "static_client_session_id": core.ids.uuid(),
        "country_code": "DE",
        "api_code_version": 1,
        "read_state": {"version": 1, "partial": False, "entries": []},
        "user_guild_settings": {"version": 1, "partial": False, "entries": []},
        "relationships": [],
        "merged_members": [[] for _ in _guild_ids(core, account)],
        "presences": [],
        "connected_accounts": [],
        "consents": {"personalization": {"consented": False}},
        "experiments": [],
        "guild_experiments": [],
        "geo_ordered_rtc_regions": [],
        "analytics_token": None,
        "auth_session_id_hash": "",
        "tutorial": None,
        "_trace": ['["gateway-sim"]'],
    }
    if core.knobs.ready_auth_token:
        d["auth_token"] = account.spec.user_token
    if core.knobs.ready_padding:
        d["experiments"] = ["x" * core.knobs.ready_padding]
    return d


def ready_supplemental(core: Core, session: Session) -> Json:
    """Return the `d` of READY_SUPPLEMENTAL for this session."""
    guild_ids = _guild_ids(core, session.account)
    return {
        "merged_presences": {"guilds": [[] for _ in guild_ids], "friends": []},
        "merged_members": [[] for _ in guild_ids],
        "guilds": [{"id": guild_id, "voice_states": []} for guild_id in guild_ids],
        "lazy_private_channels": [],
        "disclose": [],
    }


def _guild_ids(core: Core, account: Account) -> list[str]:
    """Return the ids of the account's guilds, its own first."""
    ids = dict.fromkeys(
        channel.guild_id
        for channel in core.world.channels.values()
        if channel.guild_id is not None and account.user_id in channel.members
    )
    return list(ids)


def _guild(core: Core, account: Account, guild_id: str) -> Json:
    return {
        "id": guild_id,
        "joined_at": "2026-01-01T00:00:00.000000+00:00",
        "large": False,
        "member_count": 3,
        "premium_subscription_count": 0,
        "data_mode": "full",
        "properties": {
            "id": guild_id,
            "name": f"studio of {account.name}",
            "owner_id": account.user_id,
            "icon": None,
            "features": [],
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "mfa_level": 0,
            "premium_tier": 0,
            "nsfw_level": 0,
            "system_channel_flags": 0,
            "preferred_locale": "en-US",
        },
        "roles": [
            {
                "id": guild_id,
                "name": "@everyone",
                "permissions": "2147483647",
                "position": 0,
                "color": 0,
                "hoist": False,
                "managed": False,
                "mentionable": False,
                "flags": 0,
            }
        ],
        "emojis": [],
        "stickers": [],
        "threads": [],
        "stage_instances": [],
        "guild_scheduled_events": [],
        "version": 1,
        "channels": [
            {k: v for k, v in guild_channel(channel).items() if k != "guild_id"}
            for channel in core.world.guild_channels(guild_id)
            if account.user_id in channel.members
        ],
    }


def _dm(core: Core, channel: Channel, bot_id: str) -> Json:
    d = dm_channel(channel)
    if not core.knobs.ready_recipients:
        del d["recipients"]
        d["recipient_ids"] = [bot_id]
    return d
