"""Signals of this app, sent after the commit.

Task signals carry `task_id`, and `task` as it was at the commit, which saves the
receivers a query. `task_changed` may carry `before`, the task before the change.
"""

from django.dispatch import Signal

task_submitted = Signal()  # a task waits to be sent
task_changed = Signal()  # a task changed in a way that its owner can see
link_expired = Signal()  # a finished picture's link at Discord; carries `task_id`
errand_submitted = Signal()  # an errand waits to be run; carries `errand_id`
