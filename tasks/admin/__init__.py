"""Pages of the admin: tasks, webhook calls, banned words, the dashboard."""

from tasks.admin import dashboard, forms, lists, settings, tasks

__all__ = ["dashboard", "forms", "lists", "settings", "tasks"]
