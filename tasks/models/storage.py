"""StorageSettings and KeptFile: where kept pictures are to lie, and where each lies."""

from __future__ import annotations

from typing import ClassVar, Final

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone
from solo.models import SingletonModel

from mjproxy.lib.db.encrypted_field import EncryptedTextField
from mjproxy.lib.safe_http.networks import is_allowed
from mjproxy.lib.validators.addresses import (
    MAX_LENGTH,
    base_address,
    numeric,
    parts_of,
)
from mjproxy.lib.validators.header_values import one_word
from mjproxy.lib.validators.number_limits import between
from tasks.enums import BucketLinks, BucketNames, Place, StorageKind, Thumbnails
from tasks.models.task import Task

STORAGE_SECRETS: Final = ("secret_key",)
# What names the objects of a bucket. It stays while pictures lie there.
WHERE: Final = ("endpoint", "bucket", "prefix")
WEEK: Final = 7 * 24 * 60  # minutes; services sign no link for longer

_bucket_name = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9._-]{1,254}\Z", "The name of a bucket, without slashes."
)
_region = RegexValidator(r"^[A-Za-z0-9-]+\Z", "A region such as eu-central-1.")
_prefix = RegexValidator(
    r"^(?:[A-Za-z0-9_-][A-Za-z0-9_.-]*/)*[A-Za-z0-9_-][A-Za-z0-9_.-]*/?\Z",
    "Folders such as mj/pictures: no part begins with a dot.",
)
_style = RegexValidator(
    r"^[?!@/-][A-Za-z0-9._~!@$&'()*+,;=:/?%-]*\Z",
    "Begins with ? ! @ / or - and has no blanks, such as ?x-oss-process=style/small.",
)


def storage_address(value: str) -> None:
    """Raise ValidationError if no storage may be at an address.

    A private address is fine, that of a metadata service is not.
    """
    base_address(value)
    address = numeric(parts_of(value).host)
    if address and not is_allowed(address, private=True):
        raise ValidationError("No storage may be at this address.")


class StorageSettings(SingletonModel):
    """Where kept pictures are to lie, and how they get from there to people."""

    kind = models.CharField(
        "store pictures in",
        max_length=8,
        choices=StorageKind,
        default=StorageKind.LOCAL,
        help_text="For pictures that are kept from now on. “Storage now” moves those "
        "that are there.",
    )
    endpoint = models.CharField(
        max_length=MAX_LENGTH,
        blank=True,
        validators=[storage_address],
        help_text="Such as https://s3.oss-cn-hangzhou.aliyuncs.com. Empty: Amazon's.",
    )
    region = models.CharField(
        max_length=60,
        blank=True,
        validators=[_region],
        help_text="Of the bucket, such as eu-central-1.",
    )
    bucket = models.CharField(
        max_length=255,
        blank=True,
        validators=[_bucket_name],
        help_text="Its name. It must be there already.",
    )
    bucket_names = models.CharField(
        "bucket in addresses",
        max_length=8,
        choices=BucketNames,
        default=BucketNames.AUTO,
        help_text="Whether the name of the bucket is part of the host or of the path.",
    )
    access_key = models.CharField(
        max_length=200,
        blank=True,
        validators=[one_word],
        help_text="The id of the key that may write to the bucket.",
    )
    secret_key = EncryptedTextField(blank=True, validators=[one_word])
    prefix = models.CharField(
        max_length=200,
        blank=True,
        validators=[_prefix],
        help_text="Folder in the bucket, such as mj/pictures.",
    )

    links = models.CharField(
        "people get pictures",
        max_length=8,
        choices=BucketLinks,
        default=BucketLinks.THROUGH,
        help_text="Links in tasks lead to this server in any case, so they stay when "
        "pictures move. Other links need a bucket that allows other origins (CORS).",
    )
    link_minutes = models.PositiveIntegerField(
        "life of signed links",
        default=60,
        validators=between(1, WEEK),
        help_text="Minutes.",
    )
    public_base = models.CharField(
        "address of the CDN",
        max_length=MAX_LENGTH,
        blank=True,
        validators=[base_address],
        help_text="Public links begin with it, followed by the prefix and the name. "
        "Empty: the bucket's own address.",
    )
    full_style = models.CharField(
        "style of pictures",
        max_length=200,
        blank=True,
        validators=[_style],
        help_text="Appended to public links of pictures (OSS, COS).",
    )
    thumbnail_style = models.CharField(
        "style of thumbnails",
        max_length=200,
        blank=True,
        validators=[_style],
        help_text="Appended to the picture's public link in place of a thumbnail of "
        "ours.",
    )

    thumbnails = models.BooleanField(
        "make thumbnails",
        default=True,
        help_text="WebP pictures of 320 and 640 pixels, for pictures that are kept "
        "from now on. “Storage now” makes those of the others.",
    )

    keep_previews = models.BooleanField(
        default=False,
        help_text="Keep a copy of the newest preview of each running task, in the data "
        "folder. It is shown when Discord has it no more. "
        "It goes when the task ends.",
    )

    keep_brought = models.BooleanField(
        "keep brought pictures",
        default=False,
        help_text="Off: pictures that people bring are removed when their task ends. "
        "On: they are kept with the task, and go with its picture or with the task. "
        "They may show other persons: tell your users. Only the task's owner is shown "
        "them here; who may read the data folder or the bucket can see them.",
    )

    # Of the last test, which a worker runs.
    test_asked_at = models.DateTimeField(null=True, editable=False)
    tested_at = models.DateTimeField(null=True, editable=False)
    test_error = models.CharField(max_length=400, blank=True, editable=False)

    class Meta:
        verbose_name = "storage settings"

    def __str__(self) -> str:
        return "Storage settings"

    def clean(self) -> None:
        """Raise ValidationError if the fields do not fit together."""
        wrong = {**self._missing(), **self._wrong_styles()}
        if wrong:
            raise ValidationError(wrong)

    def _missing(self) -> dict[str, str]:
        needed = ("bucket", "access_key") if self.kind == StorageKind.BUCKET else ()
        return {
            name: "A bucket needs it." for name in needed if not getattr(self, name)
        }

    def _wrong_styles(self) -> dict[str, str]:
        if self.links == BucketLinks.PUBLIC:
            return {}
        names = ("full_style", "thumbnail_style", "public_base")
        text = "Only public links have it."
        return {name: text for name in names if getattr(self, name)}


class KeptFile(models.Model):
    """A kept picture: one row for all tasks that drew the same bytes.

    Its name is made of the SHA-256 of the bytes, and is the same at every place.
    """

    name = models.CharField(max_length=100, unique=True)
    size = models.PositiveBigIntegerField(default=0)
    uses = models.PositiveIntegerField(default=0, help_text="Tasks that show it.")
    place = models.CharField(max_length=8, choices=Place, default=Place.LOCAL)
    wanted = models.CharField(
        max_length=8, choices=StorageKind, default=StorageKind.LOCAL
    )
    thumbnails = models.CharField(
        max_length=8, choices=Thumbnails, default=Thumbnails.DUE
    )
    is_removed = models.BooleanField(default=False, help_text="To be removed.")
    is_settled = models.BooleanField(default=False, help_text="Nothing is to be done.")
    kept_at = models.DateTimeField(default=timezone.now)
    next_at = models.DateTimeField(null=True, help_text="Next work on it.")
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["is_settled", "next_at"], name="kept_file_due"),
        ]

    def __str__(self) -> str:
        return self.name


class KeptPreview(models.Model):
    """The kept preview of a running task: at most one, replaced by newer ones."""

    task = models.OneToOneField(
        Task, models.CASCADE, primary_key=True, related_name="kept_preview"
    )
    file = models.CharField(max_length=100, blank=True)
    next_at = models.DateTimeField(null=True, help_text="Until when it is fetched.")

    def __str__(self) -> str:
        return self.file
