"""Random tokens and webhooks: each is refused or accepted, and none leaves an error in the log."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest

from tests.auth.forge import Forge, b64
from tests.conftest import WEBHOOK_SECRET
from tests.support.clerk import PATH, sign, user_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.servers import Service

CASES = 600
PLENTY = "1000000 per 15 minutes"
VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        1.5,
        1e308,
        10**30,
        2**63,
        "",
        " ",
        "\0",
        "\n",
        "\ud800",
        "\xe9",
    ),
    *("user_2abc", "sess_2abc", "user_", "null", "x" * 1500, "' or 1=1 --", "%s", "{0}", "..", "="),
    *([], {}, [[]], [None], {"": None}, {"sub": "user_1"}, {"sub": []}, ["user_2abc"], "RS256"),
]
CLAIMS = [
    *("sub", "sid", "iss", "exp", "iat", "nbf", "azp", "aud", "sts", "act", "o", "fea", "email"),
    *("jti", "v", "fva", "$where", "__proto__", ""),
]
MEMBERS = ["alg", "kid", "typ", "cat", "crit", "jku", "jwk", "x5c", "b64", "zip", "cty", ""]
SHAPES = [b"Bearer %s", b"bearer  %s", b"Bearer %s ", b"Basic %s", b"%s", b"Bearer %s,%s"]
SVIX = ["svix-id", "svix-timestamp", "svix-signature", "Content-Type"]
HEADER_VALUES = [
    *(b"", b"0", b"-1", b"1e9", b"nan", b"9" * 50, b"v1,", b"v1,AAAA", b"v1,====", b"v1 v1,A"),
    *(b"v1a,AAAA v1,AAAA", b"msg_\xff", b"\xff\xfe", b"\xc2\xb2", b"{0}", b"%s", b"text/plain"),
    *(b"application/json; charset=\xff", b"x" * 4000, b"a\tb", b",", b" ", b"v1," + b"A" * 4000),
]
TYPES = ["user.updated", "user.created", "user.deleted", "session.ended", "other", "user.", ""]
BODIES = [b"", b"{", b"[]", b"null", b"\xff", b"[" * 50_000, b"9" * 9000, b'{"type": NaN}', b"\0"]


@pytest.fixture
def forge() -> Forge:
    return Forge()


@pytest.fixture
def service(serve: Callable[..., Service], forge: Forge) -> Service:
    limits = ("GENERAL", "WRITE", "USER_GENERAL", "USER_WRITE")
    return serve(
        WEB_CONCURRENCY="1",
        CLERK_WEBHOOK_SECRET=WEBHOOK_SECRET,
        **{f"RATE_LIMIT_{name}": PLENTY for name in limits},
        **forge.settings(),
    )


def ask(
    connection: HTTPConnection, method: str, path: str, headers: dict[str, bytes], body: bytes = b""
) -> int:
    """Send a request with exactly these header values; return the status of the response."""
    connection.putrequest(method, path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = connection.getresponse()
    response.read()
    return response.status


def mutated(bits: random.Random, members: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Replace, add or remove up to three members."""
    changed = dict(members)
    for name in bits.sample(names, bits.randint(1, min(3, len(names)))):
        changed[name] = bits.choice(VALUES)
        if bits.random() < 0.1:
            del changed[name]
    return changed


def damaged(bits: random.Random, data: bytes) -> bytes:
    """Overwrite, insert or cut a few bytes, now and then."""
    if not data or bits.random() < 0.7:
        return data
    where = bits.randrange(len(data))
    return data[:where] + bits.randbytes(bits.randint(0, 3)) + data[where + bits.randint(0, 5) :]


def random_authorization(bits: random.Random, forge: Forge) -> bytes:
    header = mutated(bits, json.loads(forge.header({})), MEMBERS)
    if bits.random() < 0.7:  # otherwise few tokens would pass the checks of the header
        header = json.loads(forge.header({}))
    payload = mutated(bits, json.loads(forge.payload({})), CLAIMS)
    token = forge.seal(
        damaged(bits, json.dumps(header).encode()), damaged(bits, json.dumps(payload).encode())
    ).encode()
    if bits.random() < 0.2:
        token = damaged(bits, token.replace(b".", bits.choice([b".", b"..", b"", b". "])))
    shape = SHAPES[0] if bits.random() < 0.7 else bits.choice(SHAPES)
    return on_one_line(shape.replace(b"%s", token))


def on_one_line(value: bytes) -> bytes:
    """Return a header value that the HTTP client and the parser accept."""
    return value.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b"")


def random_webhook(bits: random.Random, number: int) -> tuple[dict[str, bytes], bytes]:
    data = mutated(
        bits,
        user_object(f"user_fuzz{number}", "a@example.com", updated_at=int(time.time())),
        ["id", "updated_at", "first_name", "last_name", "image_url", "email_addresses"],
    )
    sent = mutated(bits, {"type": bits.choice(TYPES), "data": data}, ["object", "instance_id"])
    if bits.random() < 0.2:
        sent = mutated(bits, sent, ["type", "data"])
    body = damaged(bits, json.dumps(sent).encode()) if bits.random() < 0.9 else bits.choice(BODIES)
    headers = {name: value.encode() for name, value in sign(body).items()}
    if bits.random() < 0.5:
        headers[bits.choice(SVIX)] = bits.choice(HEADER_VALUES)
    if bits.random() < 0.2:
        body = damaged(bits, body + b" ")
    return headers, body


def expect_no_error(service: Service) -> None:
    lines = service.lines()
    assert [line for line in lines if line.get("level") in {"ERROR", "CRITICAL"}] == []
    assert [line for line in lines if "Traceback" in json.dumps(line)] == []


def test_random_tokens_leave_no_error_in_the_log(service: Service, forge: Forge) -> None:
    bits, statuses = random.Random(7), Counter[int]()  # noqa: S311 - not a secret
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        for _ in range(CASES):
            header = random_authorization(bits, forge)
            path = bits.choice(["/api/v1/me", "/api/opportunities"])
            statuses[ask(connection, "GET", path, {"Authorization": header})] += 1

    assert set(statuses) <= {200, 400, 401}  # 400: control characters in the header
    assert min(statuses[200], statuses[401]) > CASES / 20
    expect_no_error(service)


def test_random_keys_in_place_of_tokens_leave_no_error_in_the_log(service: Service) -> None:
    bits, statuses = random.Random(11), Counter[int]()  # noqa: S311 - not a secret
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        for _ in range(CASES):
            parts = [bits.randbytes(bits.randint(0, 300)) for _ in range(bits.randint(0, 5))]
            token = ".".join(map(b64, parts)).encode() if bits.random() < 0.5 else b".".join(parts)
            header = on_one_line(b"Bearer " + token)
            statuses[ask(connection, "GET", "/api/me", {"Authorization": header})] += 1

    assert set(statuses) <= {400, 401}
    expect_no_error(service)


def test_random_webhooks_leave_no_error_in_the_log(service: Service) -> None:
    bits, statuses = random.Random(13), Counter[int]()  # noqa: S311 - not a secret
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        for number in range(CASES):
            headers, body = random_webhook(bits, number)
            statuses[ask(connection, "POST", PATH, headers, body)] += 1

    assert set(statuses) == {200, 400, 415}
    assert statuses[200] > CASES / 20
    expect_no_error(service)
