"""Pages of the admin: tasks, hooks, words, pictures, settings, the dashboard."""

from tasks.admin import (
    banned_words,
    dashboard,
    forms,
    lists,
    moves,
    prices,
    retention,
    settings,
    storage,
    swaps,
    tasks,
    translation,
)

__all__ = [
    "banned_words",
    "dashboard",
    "forms",
    "lists",
    "moves",
    "prices",
    "retention",
    "settings",
    "storage",
    "swaps",
    "tasks",
    "translation",
]
