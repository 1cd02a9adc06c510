"""Members of the request forms, as the forms have read them."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from django.core.files.uploadedfile import UploadedFile

from tasks.submit.account import AccountFilter


class SubmitFields(TypedDict):
    """Members of every submit; a new drawing has an account filter, too."""

    state: str
    notifyHook: str
    accountFilter: NotRequired[AccountFilter]


class FilteredFields(SubmitFields):
    """Members of every submit of a new drawing."""

    botType: str


class ImagineFields(FilteredFields):
    prompt: str
    base64Array: list[str | None]
    base64: str


class BlendFields(FilteredFields):
    base64Array: list[str | None]
    dimensions: str


class DescribeFields(FilteredFields):
    base64: str
    link: str


class ShortenFields(FilteredFields):
    prompt: str


class ShowFields(FilteredFields):
    jobId: str


class ModalFields(SubmitFields):
    taskId: str
    prompt: str
    maskBase64: str


class UploadFields(TypedDict):
    base64Array: list[str | None]
    accountFilter: AccountFilter


class EditFields(FilteredFields):
    prompt: str
    image: str
    maskBase64: str


class VideoFields(FilteredFields):
    prompt: str
    motion: str
    image: str
    base64: str
    endImage: str
    loop: bool
    action: str
    index: int
    taskId: str
    videoType: str
    batchSize: int


class SwapFields(SubmitFields):
    sourceBase64: str
    sourceUrl: str
    targetBase64: str
    targetUrl: str


class VideoSwapFields(SubmitFields):
    sourceBase64: str
    sourceUrl: str
    targetFile: UploadedFile | None
    targetUrl: str


class ActionFields(SubmitFields):
    taskId: str
    customId: str
    enableRemix: bool


class ChangeFields(SubmitFields):
    taskId: str
    action: str
    index: int


class SimpleChangeFields(SubmitFields):
    content: str
