"""The type of a task in JSON names the same members as its schema."""

import pytest

from tasks import task_json
from tasks.api.shapes import answers


@pytest.mark.parametrize(
    ("shape", "form"),
    [
        (task_json.TaskButton, answers.ButtonSerializer),
        (task_json.TaskProperties, answers.TaskPropertiesSerializer),
        (task_json.TaskDisplays, answers.TaskDisplaysSerializer),
        (task_json.TaskJson, answers.TaskSerializer),
    ],
)
def test_a_shape_has_the_members_of_its_schema(
    shape: type, form: type[answers.ButtonSerializer]
) -> None:
    assert list(shape.__annotations__) == list(form().fields)
