"""Pages of the admin: tasks, webhook calls, banned words, the dashboard."""

from tasks.admin import accounts, dashboard, forms, lists, settings, tasks

__all__ = ["accounts", "dashboard", "forms", "lists", "settings", "tasks"]
