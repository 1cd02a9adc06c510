from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mjproxy.lib import sealed_file
from mjproxy.lib.sealed_file import BadFile, WrongPassphrase, seal, unseal

PASSPHRASE = "a long passphrase"
ROWS = [{"channelId": "1118138338562560102", "interval": 1.2, "remark": "é"}]
SECRETS = [{"userToken": "very-secret"}]
CHEAP = {"n": 2**14, "r": 8, "p": 1}
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)
rows = st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed_file, "COST", CHEAP)


def sealed() -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(seal(ROWS, SECRETS, PASSPHRASE))
    return document


def test_what_the_operator_reads_holds_no_secret() -> None:
    data = seal(ROWS, SECRETS, PASSPHRASE)

    assert b"1118138338562560102" in data
    assert b"very-secret" not in data
    assert base64.b64encode(b"very-secret")[:12] not in data


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pairs=st.lists(st.tuples(rows, rows), max_size=4),
    passphrase=st.text(
        st.characters(exclude_categories=["Cs"]), min_size=8, max_size=40
    ),
)
def test_it_opens_with_its_passphrase(
    pairs: list[tuple[dict[str, Any], dict[str, Any]]], passphrase: str
) -> None:
    plain, secrets = [a for a, _ in pairs], [b for _, b in pairs]

    assert unseal(seal(plain, secrets, passphrase), passphrase) == (plain, secrets)


def test_two_files_of_the_same_rows_have_nothing_secret_in_common() -> None:
    one, other = sealed(), sealed()

    assert one["sealed"] != other["sealed"]
    assert one["kdf"]["salt"] != other["kdf"]["salt"]


@pytest.mark.parametrize("passphrase", ["", "a long passphrasE", "x" * 2000])
def test_another_passphrase_opens_nothing(passphrase: str) -> None:
    with pytest.raises(WrongPassphrase):
        unseal(seal(ROWS, SECRETS, PASSPHRASE), passphrase)


@pytest.mark.parametrize("passphrase", ["", "seven..", "x" * 1001])
def test_a_passphrase_has_a_length(passphrase: str) -> None:
    with pytest.raises(ValueError, match="letters"):
        seal(ROWS, SECRETS, passphrase)


def changed_row(document: dict[str, Any]) -> None:
    document["accounts"][0]["channelId"] = "1118138338562560999"


def dropped_row(document: dict[str, Any]) -> None:
    document["accounts"].clear()


def added_row(document: dict[str, Any]) -> None:
    document["accounts"].append({})


def added_member(document: dict[str, Any]) -> None:
    document["note"] = "hello"


def another_nonce(document: dict[str, Any]) -> None:
    document["nonce"] = base64.b64encode(b"0" * 12).decode()


def a_bit_of_the_seal(document: dict[str, Any]) -> None:
    data = bytearray(base64.b64decode(document["sealed"]))
    data[3] ^= 1
    document["sealed"] = base64.b64encode(data).decode()


def a_cheaper_key(document: dict[str, Any]) -> None:
    document["kdf"]["n"] = 2**15


@pytest.mark.parametrize(
    "tamper",
    [
        changed_row,
        dropped_row,
        added_row,
        added_member,
        another_nonce,
        a_bit_of_the_seal,
        a_cheaper_key,
    ],
)
def test_a_change_of_anything_is_noticed(tamper: Any) -> None:
    document = sealed()
    tamper(document)

    with pytest.raises(WrongPassphrase):
        unseal(orjson.dumps(document), PASSPHRASE)


def test_the_order_and_the_blanks_of_the_text_do_not_matter() -> None:
    document = dict(reversed(sealed().items()))

    assert unseal(orjson.dumps(document), PASSPHRASE) == (ROWS, SECRETS)


HOSTILE: list[dict[str, Any]] = [
    {"format": "another"},
    {"version": 2},
    {"version": None},
    {"kdf": None},
    {"kdf": {"name": "pbkdf2"}},
    {"kdf": {"name": "scrypt", "n": 2**30, "r": 8, "p": 1, "salt": "A" * 24}},
    {"kdf": {"name": "scrypt", "n": 2**14 + 1, "r": 8, "p": 1, "salt": "A" * 24}},
    {"kdf": {"name": "scrypt", "n": 2.0**14, "r": 8, "p": 1, "salt": "A" * 24}},
    {"kdf": {"name": "scrypt", "n": 2**14, "r": 10**9, "p": 1, "salt": "A" * 24}},
    {"kdf": {"name": "scrypt", **CHEAP, "salt": ""}},
    {"kdf": {"name": "scrypt", **CHEAP, "salt": "A" * 400}},
    {"kdf": {"name": "scrypt", **CHEAP, "salt": 7}},
    {"nonce": "é"},
    {"nonce": ""},
    {"sealed": None},
    {"sealed": ""},
    {"accounts": None},
    {"accounts": {}},
    {"accounts": [None]},
]


@pytest.mark.parametrize("members", HOSTILE, ids=str)
def test_a_hostile_member_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(BadFile) as refusal:
        unseal(orjson.dumps(sealed() | members), PASSPHRASE)

    assert "very-secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"\xff\xfe", b"[" * 10**6, b'{"a":' * 10**5, b"x" * 100],
    ids=lambda data: str(data[:8]),
)
def test_what_is_no_document_is_refused(data: bytes) -> None:
    with pytest.raises(BadFile):
        unseal(data, PASSPHRASE)


def test_deep_nesting_is_refused() -> None:
    deep = b'{"deep":' + b"[" * 500 + b"]" * 500 + b","
    data = deep + seal(ROWS, SECRETS, PASSPHRASE)[1:]

    with pytest.raises(BadFile, match="deeply"):
        unseal(data, PASSPHRASE)


def test_a_large_file_is_not_even_read() -> None:
    with pytest.raises(BadFile, match="larger"):
        unseal(b" " * (sealed_file.MOST_BYTES + 1), PASSPHRASE)
