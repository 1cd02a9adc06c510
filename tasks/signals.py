"""The only way upward: two signals, sent after commit, with task_id."""

from django.dispatch import Signal

task_submitted = Signal()  # a task waits to be sent
task_changed = Signal()  # a task's row changed in a way its owner can see
