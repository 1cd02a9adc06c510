"""The type of a task's changes names columns of the table."""

from tasks.models import Task
from tasks.models.task_changes import TaskChanges


def test_every_change_is_a_column_of_a_task() -> None:
    columns = {field.name for field in Task._meta.concrete_fields}

    assert set(TaskChanges.__annotations__) <= columns
