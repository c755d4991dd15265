"""The fields of an API key, and the message for each invalid value."""

from __future__ import annotations

import datetime as dt
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from futuretracker.api.schemas.api_keys import SCOPES, ApiKeyChanges, NewApiKey, Rotation
from futuretracker.api.schemas.curve import P, is_sound
from futuretracker.api.schemas.field_errors import ValidationFailed
from futuretracker.api.schemas.loading import load
from futuretracker.api.schemas.moments import read_moment
from futuretracker.api.schemas.public_keys import FORMATS, PRIVATE, WEAK

pytestmark = pytest.mark.in_process
LEAST: dict[str, Any] = {"name": "Script", "scopes": ["account:read"]}
PAIR = ed25519.Ed25519PrivateKey.generate()
PUBLIC = PAIR.public_key()
RAW = PUBLIC.public_bytes_raw()
X = urlsafe_b64encode(RAW).decode().rstrip("=")
JWK = {"kty": "OKP", "crv": "Ed25519", "x": X}
IN_HOURS = dt.datetime.now(dt.UTC) + dt.timedelta(hours=5)
TOMORROW = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).date()
EXPIRES = (
    "expiresAt must be a date, or a time with its offset from UTC, such as 2027-01-31T18:00:00Z"
)
# The points of small order, as y (https://eprint.iacr.org/2020/1244, table 6, without the sign).
SMALL = [
    0,
    1,
    P - 1,
    P,  # the same as 0
    P + 1,  # the same as 1
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
]


def pem_of(key: Any) -> str:
    found: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return found.decode()


PEM = pem_of(PUBLIC)


def loaded(**fields: Any) -> dict[str, Any]:
    return load(NewApiKey(), {**LEAST, **fields})


def errors(schema: Any = NewApiKey, given: Any = None, **fields: Any) -> Any:
    with pytest.raises(ValidationFailed) as refusal:
        load(schema(), {**LEAST, **fields} if given is None else given)
    return refusal.value.in_v1["details"]


def error(field: str, value: object) -> tuple[str, str]:
    """Return the code and the message of a value's only error."""
    [found] = errors(**{field: value})
    assert found["field"] == field
    return found["code"], found["message"]


def test_only_the_name_and_the_scopes_are_required() -> None:
    assert load(NewApiKey(), LEAST) == {
        **LEAST,
        "expiresAt": None,
        "allowedNetworks": [],
        "publicKey": None,
        "signedOnly": False,
    }
    assert [(found["field"], found["code"]) for found in errors(given={})] == [
        ("name", "required"),
        ("scopes", "required"),
    ]


def test_null_and_an_empty_text_are_as_if_nothing_was_sent() -> None:
    null = dict.fromkeys(("expiresAt", "allowedNetworks", "publicKey", "signedOnly"))

    assert loaded(**null) == loaded(expiresAt="") == loaded()


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", None, "empty"),
        ("name", " \u200b ", "empty"),
        ("name", "x" * 101, "too_long"),
        ("name", 7, "wrong_type"),
        ("name", "a\0", "not_storable"),
        ("scopes", None, "empty"),
        ("scopes", [], "empty"),
        ("scopes", "account:read", "wrong_type"),
        ("scopes", {"account:read": True}, "wrong_type"),
        ("scopes", ["account:write"], "not_one_of"),
        ("scopes", ["account:read", None], "not_one_of"),
        ("scopes", [["account:read"]], "not_one_of"),
        ("scopes", ["account:read", {}], "not_one_of"),
        ("scopes", ["account:read", "account:read"], "repeated"),
        ("signedOnly", "true", "wrong_type"),
        ("signedOnly", 1, "wrong_type"),
        ("signedOnly", "", "wrong_type"),
        ("allowedNetworks", "10.0.0.0/8", "wrong_type"),
        ("allowedNetworks", {}, "wrong_type"),
        ("allowedNetworks", [f"10.0.0.{n}" for n in range(11)], "too_many"),
        ("allowedNetworks", ["10.0.0.1", "10.0.0.1/32"], "repeated"),
        ("allowedNetworks", ["2001:db8::", "2001:DB8:0::/128"], "repeated"),
        ("publicKey", 7, "wrong_type"),
        ("publicKey", True, "wrong_type"),
        ("publicKey", [JWK], "wrong_type"),
    ],
)
def test_a_wrong_value_has_one_error_with_a_code(field: str, value: object, code: str) -> None:
    assert error(field, value)[0] == code


def test_the_name_has_100_visible_characters_and_the_scopes_have_one_order() -> None:
    assert loaded(name=f"  {'é' * 100}\u200b")["name"] == "é" * 100
    assert loaded(scopes=list(reversed(SCOPES)))["scopes"] == list(SCOPES)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (IN_HOURS.isoformat(), IN_HOURS),
        (IN_HOURS.isoformat().replace("T", " ").replace("+00:00", "z"), IN_HOURS),
        (IN_HOURS.astimezone(dt.timezone(dt.timedelta(hours=-11))).isoformat(), IN_HOURS),
        (IN_HOURS.isoformat().replace("T", " ").replace("+00:00", "+00"), IN_HOURS),
        (f"{TOMORROW} 23:59:60Z", dt.datetime.combine(TOMORROW, dt.time(23, 59, 59), dt.UTC)),
        (f" {TOMORROW} ", dt.datetime.combine(TOMORROW, dt.time(), dt.UTC)),
    ],
)
def test_a_key_expires_at_a_time_with_an_offset_or_on_a_date(
    text: str, moment: dt.datetime
) -> None:
    assert loaded(expiresAt=text)["expiresAt"] == moment


@pytest.mark.parametrize(
    "value",
    [
        7, True, [], "soon", "2026-02-30", "2027-01-31T18:00", "2027-01-31T18:00:00", "2027-W05-1",
        "2027-01-31T24:00:00Z", "2027-01-31T18:00:60Z", "2027-01-31T18:00:00+24:00", "20270131",
        "2027-01-31T18:00:00+05:60", "٢٠٢٧-01-31", "0000-01-01", "10000-01-01", "2027-01-31T18Z",
        "2027-01-31T18:00:00Z\0", "2027-01-31T18:00:00 UTC", "now", "infinity",
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(value: object) -> None:
    assert error("expiresAt", value) == ("bad_date", EXPIRES)


def test_a_key_expires_in_the_future_and_within_a_year() -> None:
    now = dt.datetime.now(dt.UTC)
    year = dt.timedelta(days=366)

    assert error("expiresAt", now.isoformat()) == ("past", "expiresAt must be in the future")
    for text in ("0001-01-01T00:00:00+23:59", now.date().isoformat()):
        assert error("expiresAt", text)[0] == "past"
    assert loaded(expiresAt=(now + year - dt.timedelta(seconds=1)).isoformat())
    for text in ((now + year + dt.timedelta(minutes=1)).isoformat(), "9999-12-31T23:59:59-23:59"):
        [found] = errors(expiresAt=text)
        assert (found["code"], found["maximum"]) == ("too_far", 366)


@given(st.text(max_size=30) | st.from_regex(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[Z+-]\d\d:\d\d"))
@settings(max_examples=300, deadline=None, database=None, derandomize=True)
def test_reading_a_time_never_fails(text: str) -> None:
    moment = read_moment(text)

    assert moment is None or moment.tzinfo


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        (" 203.0.113.0/24 ", "203.0.113.0/24"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("2001:DB8:0:0::1", "2001:db8::1/128"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::/0", "::/0"),
        ("10.0.0.0/08", "10.0.0.0/8"),
    ],
)
def test_a_network_is_stored_in_its_usual_form(given: str, stored: str) -> None:
    assert loaded(allowedNetworks=[given])["allowedNetworks"] == [stored]


@pytest.mark.parametrize(
    ("given", "suggestion"),
    [
        ("203.0.113.7/24", "203.0.113.0/24"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("1.2.3.4/0", "0.0.0.0/0"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
        ("::ffff:cb00:7107/120", "203.0.113.0/24"),
    ],
)
def test_the_error_of_a_network_names_the_right_one(given: str, suggestion: str) -> None:
    [found] = errors(allowedNetworks=["192.0.2.0/24", given])

    assert (found["code"], found["suggestion"]) == ("bad_network", suggestion)
    assert found["message"].startswith(f"allowedNetworks: {given} is ")
    assert found["message"].endswith(f"; did you mean {suggestion}?")


@pytest.mark.parametrize(
    "value",
    [
        7, None, True, [], {}, "", "localhost", "example.com", "10.0.0", "10.0.0.0.0", "256.1.1.1",
        "010.0.0.1", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "0x0a.0.0.1",
        "10.0.0.0/255.0.0.0", "10.0.0.0/0.0.0.255", "2001:db8::/129", "1::2::3", "fe80::1%eth0",
        "[::1]", "10.0.0.1-10.0.0.9", "10.0.0.*", "10.0.0.1:80", "١٠.0.0.1", "10.0.0.1\0", "*", ":",
        "167772161", "10.0.0.0 /8", "x" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_network_is_refused(value: object) -> None:
    code, message = error("allowedNetworks", [value])

    assert code == "bad_network"
    assert message.endswith(
        "is not an IP address or a network such as 203.0.113.0/24 or 2001:db8::/32"
    )
    assert len(message) < 200


@pytest.mark.parametrize(
    "given",
    [
        PEM,
        PEM.replace("\n", "\r\n"),
        f"\n  {PEM}",
        PEM.rstrip(),
        JWK,
        {**JWK, "kid": "1", "use": "sig", "alg": "EdDSA", "key_ops": ["verify"]},
    ],
)
def test_a_public_key_is_pem_or_a_jwk(given: object) -> None:
    values = loaded(publicKey=given)

    assert (values["publicKey"], values["signedOnly"]) == (RAW, True)


PRIVATE_KEYS: list[Any] = [
    PAIR.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    PAIR.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode(),
    rsa.generate_private_key(65537, 2048)
    .private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    .decode(),
    {**JWK, "d": X},
    {"kty": "oct", "k": X},
    json.dumps({**JWK, "d": X}),
]


@pytest.mark.parametrize("given", PRIVATE_KEYS)
def test_a_private_key_is_refused_with_advice(given: object) -> None:
    assert error("publicKey", given) == ("private_key", PRIVATE)
    assert X not in json.dumps(errors(publicKey=given))


@pytest.mark.parametrize(
    "given",
    [
        "", "  ", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", X, json.dumps(JWK), PEM[:60], PEM * 2,
        PEM.replace("\n", ""), PEM.replace("A", "!"), f"{PEM}{'x' * 1000}", PEM[::-1], f"x{PEM}",
        "-----BEGIN PUBLIC KEY-----\n\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
        PEM.replace("PUBLIC KEY", "CERTIFICATE"),
        pem_of(rsa.generate_private_key(65537, 2048).public_key()),
        pem_of(ec.generate_private_key(ec.SECP256R1()).public_key()),
        pem_of(x25519.X25519PrivateKey.generate().public_key()),
        {}, {**JWK, "crv": "X25519"}, {**JWK, "kty": "EC"}, {**JWK, "kty": ["OKP"]},
        {**JWK, "x": X[:-1]}, {**JWK, "x": f"{X}="}, {**JWK, "x": 7}, {**JWK, "x": None},
        {**JWK, "x": "é" * 43}, {**JWK, "x": f"{X[:-1]}\n"}, {**JWK, "x": f"{X[:-1]}_"},
        {"keys": [JWK]}, {"kty": "OKP", "crv": "Ed25519"},
    ],
)  # fmt: skip
def test_what_is_no_public_key_is_refused(given: object) -> None:
    code, message = error("publicKey", given)

    assert code == "bad_public_key"
    assert message == FORMATS or "JWK" in message


def jwk_of(y: int, sign: int = 0) -> dict[str, str]:
    raw = (y | sign << 255).to_bytes(32, "little")
    return {**JWK, "x": urlsafe_b64encode(raw).decode().rstrip("=")}


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", SMALL)
def test_a_weak_public_key_is_refused(y: int, sign: int) -> None:
    assert error("publicKey", jwk_of(y, sign)) == ("bad_public_key", WEAK)


def test_a_point_is_on_the_curve_if_the_library_can_use_it() -> None:
    assert all(
        is_sound(ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw())
        for _ in range(200)
    )
    # 2 is no y of the curve, 3 is one.
    assert error("publicKey", jwk_of(2)) == ("bad_public_key", WEAK)
    assert loaded(publicKey=jwk_of(3))["publicKey"] == (3).to_bytes(32, "little")
    sound = sum(is_sound(y.to_bytes(32, "little")) for y in range(2, 1002))
    assert 400 < sound < 600


def test_a_public_key_is_for_signed_requests_only() -> None:
    assert loaded(publicKey=JWK, signedOnly=True)["signedOnly"] is True
    assert loaded(signedOnly=True)["publicKey"] is None
    [found] = errors(publicKey=JWK, signedOnly=False)
    assert (found["field"], found["code"]) == ("signedOnly", "contradiction")


def test_each_wrong_field_has_its_error_in_the_order_of_the_fields() -> None:
    wrong = {"publicKey": 1, "signedOnly": 1, "allowedNetworks": 1, "expiresAt": 1, "scopes": 1}

    assert [found["field"] for found in errors(**wrong, name=1)] == [
        "name", "scopes", "expiresAt", "allowedNetworks", "publicKey", "signedOnly",
    ]  # fmt: skip


def test_a_change_needs_a_field_and_has_only_what_was_sent() -> None:
    assert load(ApiKeyChanges(), {"allowedNetworks": None}) == {"allowedNetworks": []}
    assert load(ApiKeyChanges(), {"expiresAt": ""}) == {"expiresAt": None}
    for body in ({}, {"signedOnly": True, "publicKey": JWK}):
        assert errors(ApiKeyChanges, body)[0]["code"] == "nothing_to_update"
    for field in ("name", "scopes"):
        assert errors(ApiKeyChanges, {field: None})[0]["code"] == "empty"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [({}, 0), ({"keepFormerFor": None}, 0), ({"keepFormerFor": 604_800}, 604_800)],
)
def test_the_former_secret_is_kept_for_up_to_7_days(given: dict[str, Any], seconds: int) -> None:
    assert load(Rotation(), given) == {"keepFormerFor": seconds}


@pytest.mark.parametrize(
    ("value", "code"),
    [(-1, "out_of_range"), (604_801, "out_of_range"), (1.5, "wrong_type"), ("1", "wrong_type"),
     (True, "wrong_type"), (1e300, "out_of_range"), ([], "wrong_type")],
)  # fmt: skip
def test_another_time_to_keep_the_former_secret_is_refused(value: object, code: str) -> None:
    [found] = errors(Rotation, {"keepFormerFor": value})

    assert (found["code"], found["minimum"], found["maximum"]) == (code, 0, 604_800)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=50),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["kty", "crv", "x", "d", "a"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NewApiKey().fields, anything)))
@settings(max_examples=500, deadline=None, database=None, derandomize=True)
def test_any_body_is_loaded_or_refused(body: dict[str, Any]) -> None:
    for schema in (NewApiKey(), ApiKeyChanges()):
        try:
            load(schema, body)
        except ValidationFailed as refusal:
            json.dumps(refusal.in_v1)
