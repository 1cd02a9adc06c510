"""The only way upward: signals, sent after commit.

Those of tasks come with `task_id`, and `task` as it was at the commit, which spares
receivers a query.
"""

from django.dispatch import Signal

task_submitted = Signal()  # a task waits to be sent
task_changed = Signal()  # a task's row changed in a way its owner can see
errand_submitted = Signal()  # an errand waits to be run; with `errand_id`
