"""The types of the forms' members name the same members as the forms."""

import pytest

from mjproxy.lib.dialect.fields import DialectSerializer
from tasks.api.button_views import ActionView, ChangeView, ModalView, SimpleChangeView
from tasks.api.shapes import fields, forms
from tasks.api.submit_base import SubmitView
from tasks.api.submit_views import (
    BlendView,
    DescribeView,
    EditView,
    ImagineView,
    ShortenView,
    ShowView,
    VideoView,
)
from tasks.submit.account import AccountFilter

# Only the forms of new drawings have it.
OPTIONAL = {"accountFilter"}


@pytest.mark.parametrize(
    ("view", "read"),
    [
        (ActionView, fields.ActionFields),
        (BlendView, fields.BlendFields),
        (ChangeView, fields.ChangeFields),
        (DescribeView, fields.DescribeFields),
        (EditView, fields.EditFields),
        (ImagineView, fields.ImagineFields),
        (ModalView, fields.ModalFields),
        (ShortenView, fields.ShortenFields),
        (ShowView, fields.ShowFields),
        (SimpleChangeView, fields.SimpleChangeFields),
        (VideoView, fields.VideoFields),
    ],
)
def test_a_submit_has_the_members_of_its_form(
    view: type[SubmitView[fields.SubmitFields]], read: type
) -> None:
    assert members_of(view.form) | OPTIONAL == set(read.__annotations__)


def test_an_upload_has_the_members_of_its_form() -> None:
    found = members_of(forms.UploadSerializer)

    assert found == set(fields.UploadFields.__annotations__)


def test_an_account_filter_has_the_members_of_its_form() -> None:
    found = members_of(forms.AccountFilterSerializer)

    assert found == set(AccountFilter.__annotations__)


def members_of(form: type[DialectSerializer]) -> set[str]:
    return set(form().fields)
