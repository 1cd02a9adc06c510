"""Members of the storage: one bucket under the name of its service."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.enums import BucketLinks, BucketNames, Place, StorageKind
from tasks.models import DrawingSettings, KeptFile, StorageSettings
from tests.conftest import ApiClient
from tests.mjproxy.setting_document.test_views import PATH, refused, shown, written

SECRET = "the-secret-of-the-bucket"
OSS = {
    "bucketName": "pictures",
    "region": "cn-hangzhou",
    "accessKeyId": "key",
    "accessKeySecret": SECRET,
    "endpoint": "oss-cn-hangzhou.aliyuncs.com",
}
COS = {"bucket": "p-1", "region": "ap-hongkong", "secretId": "k", "secretKey": SECRET}
R2 = {"accountId": "abc", "bucket": "pics", "accessKey": "k", "secretKey": SECRET}
S3 = {
    "endpoint": "http://10.0.0.5:9000",
    "bucket": "pictures",
    "region": "us-east-1",
    "accessKey": "key",
    "secretKey": SECRET,
    "forcePathStyle": True,
}
ALL: dict[str, tuple[str, dict[str, Any]]] = {
    "OSS": ("aliyunOss", OSS),
    "COS": ("tencentCos", COS),
    "R2": ("cloudflareR2", R2),
    "S3": ("s3Storage", S3),
}


def use(api: ApiClient, service: str, **more: Any) -> StorageSettings:
    name, values = ALL[service]
    written(api, {"imageStorageType": service, name: values | more})
    return StorageSettings.get_solo()


@pytest.mark.parametrize(
    ("service", "endpoint", "names"),
    [
        ("OSS", "https://s3.oss-cn-hangzhou.aliyuncs.com", BucketNames.HOST),
        ("COS", "https://cos.ap-hongkong.myqcloud.com", BucketNames.HOST),
        ("R2", "https://abc.r2.cloudflarestorage.com", BucketNames.AUTO),
        ("S3", "http://10.0.0.5:9000", BucketNames.PATH),
    ],
)
def test_each_service_is_written_shown_and_sent_back(
    operator_api: ApiClient, service: str, endpoint: str, names: str
) -> None:
    row = use(operator_api, service)

    assert (row.kind, row.endpoint) == (StorageKind.BUCKET, endpoint)
    assert (row.secret_key, row.bucket_names) == (SECRET, names)
    found = shown(operator_api)
    assert found["imageStorageType"] == service
    assert SECRET not in operator_api.get(PATH).content.decode()
    for name, values in ALL.values():
        secret = found[name].get("accessKeySecret", found[name].get("secretKey"))
        assert secret == ("****" if values is ALL[service][1] else "")

    written(operator_api, found)

    after = StorageSettings.get_solo()
    assert shown(operator_api) == found
    assert (after.endpoint, after.secret_key) == (endpoint, SECRET)


def test_the_older_switch_of_oss_works_alone(operator_api: ApiClient) -> None:
    written(operator_api, {"aliyunOss": {"enable": True, **OSS}})
    assert StorageSettings.get_solo().kind == StorageKind.BUCKET
    assert shown(operator_api)["aliyunOss"]["enable"] is True

    written(operator_api, shown(operator_api) | {"aliyunOss": {"enable": False}})

    assert StorageSettings.get_solo().kind == StorageKind.LOCAL
    assert shown(operator_api)["imageStorageType"] == "LOCAL"


def test_a_changed_type_outranks_the_switch(operator_api: ApiClient) -> None:
    use(operator_api, "OSS")

    written(operator_api, shown(operator_api) | {"imageStorageType": "LOCAL"})

    assert StorageSettings.get_solo().kind == StorageKind.LOCAL


def test_another_service_takes_the_place_of_the_bucket(operator_api: ApiClient) -> None:
    use(operator_api, "OSS")

    row = use(operator_api, "COS")

    assert (row.bucket, row.region, row.access_key) == ("p-1", "ap-hongkong", "k")
    assert shown(operator_api)["aliyunOss"]["bucketName"] == ""


def test_objects_of_other_services_are_not_written(operator_api: ApiClient) -> None:
    use(operator_api, "S3")

    written(operator_api, {"tencentCos": COS, "cloudflareR2": R2, "aliyunOss": OSS})

    row = StorageSettings.get_solo()
    assert (row.endpoint, row.bucket) == (S3["endpoint"], "pictures")


def test_a_cdn_makes_links_public_with_styles(operator_api: ApiClient) -> None:
    cdn = "https://cdn.example/"
    style = "x-oss-process=style/full"
    row = use(
        operator_api, "OSS", customCdn=cdn, imageStyle=style, thumbnailImageStyle="!s"
    )
    assert (row.links, row.public_base) == (BucketLinks.PUBLIC, "https://cdn.example")
    assert (row.full_style, row.thumbnail_style) == (f"?{style}", "!s")

    written(operator_api, {"aliyunOss": {"customCdn": ""}})

    row.refresh_from_db()
    assert (row.links, row.public_base) == (BucketLinks.THROUGH, "")
    assert (row.full_style, row.thumbnail_style) == ("", "")


def test_links_are_signed_for_so_many_minutes(operator_api: ApiClient) -> None:
    row = use(operator_api, "COS", expiredMinutes=15)
    assert (row.links, row.link_minutes) == (BucketLinks.SIGNED, 15)
    assert shown(operator_api)["tencentCos"]["expiredMinutes"] == 15

    written(operator_api, {"tencentCos": {"expiredMinutes": 0}})

    row.refresh_from_db()
    assert (row.links, row.link_minutes) == (BucketLinks.THROUGH, 15)
    row = use(operator_api, "S3", enablePresignedUrl=True, expiredMinutes=5)
    assert (row.links, row.link_minutes) == (BucketLinks.SIGNED, 5)


def test_pictures_are_kept_or_not(operator_api: ApiClient) -> None:
    written(operator_api, {"ngDiscord": {"saveToLocal": False}})

    assert DrawingSettings.get_solo().keep_pictures is False
    assert shown(operator_api)["ngDiscord"]["saveToLocal"] is False


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"imageStorageType": "NONE"}, "ngDiscord.saveToLocal"),
        ({"imageStorageType": 0}, "ngDiscord.saveToLocal"),
        ({"imageStorageType": "FTP"}, "imageStorageType"),
        ({"imageStorageType": "COS"}, "tencentCos.bucket"),
        (
            {"imageStorageType": "COS", "tencentCos": COS | {"region": ""}},
            "tencentCos.region: It is not an endpoint of COS",
        ),
        ({"imageStorageType": "S3"}, "A bucket needs it"),
        (
            {"imageStorageType": "S3", "s3Storage": {"bucket": "../x"}},
            "s3Storage.bucket",
        ),
        ({"s3Storage": {"endpoint": "http://169.254.169.254"}}, "s3Storage.endpoint"),
        ({"s3Storage": {"endpoint": "file:///etc/passwd"}}, "s3Storage.endpoint"),
        ({"s3Storage": {"endpoint": "a b"}}, "s3Storage.endpoint"),
        ({"s3Storage": {"secretKey": "clé"}}, "s3Storage.secretKey"),
        ({"s3Storage": {"imageStyle": "x"}}, "Only public links"),
        ({"s3Storage": {"customCdn": "cdn.example"}}, "s3Storage.customCdn"),
        ({"s3Storage": {"expiredMinutes": 10_081}}, "expiredMinutes"),
        (
            {"imageStorageType": "R2", "cloudflareR2": R2 | {"accountId": "a/../b"}},
            "cloudflareR2.accountId",
        ),
        (
            {"imageStorageType": "OSS", "aliyunOss": OSS | {"endpoint": "e.example"}},
            "endpoint of OSS",
        ),
        (
            {
                "imageStorageType": "COS",
                "tencentCos": COS | {"region": "evil.example/"},
            },
            "tencentCos.region",
        ),
    ],
)
def test_what_cannot_work_is_refused(
    operator_api: ApiClient, body: dict[str, Any], said: str
) -> None:
    before = shown(operator_api)

    assert said in refused(operator_api, body)

    assert shown(operator_api) == before


def test_the_bucket_stays_while_pictures_lie_there(operator_api: ApiClient) -> None:
    use(operator_api, "S3")
    KeptFile.objects.create(name="a", place=Place.BUCKET)

    said = refused(operator_api, {"s3Storage": {"bucket": "other"}})

    assert "s3Storage.bucket: Pictures lie in the bucket." in said
    assert StorageSettings.get_solo().bucket == "pictures"
    written(operator_api, {"s3Storage": {"expiredMinutes": 9, "secretKey": "new"}})
    assert StorageSettings.get_solo().secret_key == "new"
