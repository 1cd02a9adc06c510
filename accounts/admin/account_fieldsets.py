"""Field sets of an account's page, in their order."""

from __future__ import annotations

from typing import Any, Final

STANDING: Final = (
    "state",
    "state_reason",
    "state_since",
    "resume_at",
    "who_must_act",
    "what_to_do",
    "history",
    "created_at",
)
ESSENTIAL: Final = (None, {"fields": ("guild_id", "channel_id", "new_user_token")})
MORE: Final[list[tuple[str, dict[str, Any]]]] = [
    (
        "Name and order",
        {"fields": ("remark", "group", "sponsor", "sort", "weight")},
    ),
    (
        "Pace",
        {
            "fields": (
                "core_size",
                "max_queue_size",
                "timeout_minutes",
                "interval",
                "after_interval_min",
                "after_interval_max",
            )
        },
    ),
    (
        "Hours and limits",
        {"fields": ("work_time", "fishing_time", "day_draw_limit")},
    ),
    (
        "What it draws",
        {
            "fields": (
                "enable_mj",
                "enable_niji",
                "is_blend",
                "is_describe",
                "is_shorten",
                "mode",
                "allow_modes",
                "enable_fast_to_relax",
                "enable_relax_to_fast",
                "enable_auto_set_relax",
                "enable_switch_speed",
                "is_vertical_domain",
                "vertical_domains",
            )
        },
    ),
    (
        "Remix mode",
        {"fields": ("remix_auto_submit", "mj_remix_on", "niji_remix_on")},
    ),
    (
        "Channels",
        {
            "fields": (
                "sub_channels",
                "private_channel_id",
                "niji_bot_channel_id",
                "permanent_invitation_link",
            )
        },
    ),
    (
        "Connection",
        {
            "fields": (
                "new_bot_token",
                "remove_bot_token",
                "new_proxy_url",
                "remove_proxy_url",
                "user_agent",
            )
        },
    ),
]
