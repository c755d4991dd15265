"""Every forged or damaged request of the verifier's own tests, over HTTP: none is accepted."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.auth.request_signatures import Ed25519Key, HmacKey
from tests.auth.api_keys.signer import AUTHORITY, KEYS, URL
from tests.auth.request_signatures import signing
from tests.auth.request_signatures.attacks_after_signing import BODILESS, CHANGED
from tests.auth.request_signatures.attacks_by_signers import SIGNED_COMPONENTS, SIGNED_PARAMETERS
from tests.auth.request_signatures.attacks_on_headers import DAMAGED_INPUT
from tests.auth.request_signatures.signing import KEY_ID, NOW, PARAMETERS, Request, sign
from tests.conftest import ORIGIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

pytestmark = [pytest.mark.wire]
PLENTY = "1000000 per hour"
ROWS = "/api/v1/opportunities"
INSERT = """
    insert into api_keys (id, user_id, clerk_id, name, scopes, algorithm, public_key, secret_digest)
    select %s, id, clerk_id, 'Attacked', '{opportunities:read,opportunities:write}', %s, %s, %s
    from users where clerk_id = %s
"""


def now(text: str) -> str:
    """Move the times in a text from those of the attacks to the present."""
    return re.sub(r"\b\d{10}\b", lambda at: str(int(at[0]) - NOW + int(time.time())), text)


def forged(algorithm: str) -> Iterator[Request]:
    """Every forged or damaged request, except one that ends its headers before the signature."""
    for part, value, _ in CHANGED:
        if value.endswith("\r\n"):
            continue
        request = sign(Request(), algorithm, parameters=now(PARAMETERS))
        signing.change(request, part, value)
        yield request
    for old, new, _ in DAMAGED_INPUT:
        request = sign(Request(), algorithm, parameters=now(PARAMETERS))
        given, old_now = request.headers["signature-input"], now(old)
        request.headers["signature-input"] = given.replace(old_now, now(new), 1) if old else new
        yield request
    for components, _ in SIGNED_COMPONENTS:
        yield sign(Request(), algorithm, components=components, parameters=now(PARAMETERS))
    for parameters, _ in SIGNED_PARAMETERS:
        yield sign(Request(), algorithm, parameters=now(parameters))
    for components, body, _ in BODILESS:
        request = Request(body=b"", headers={})
        sign(request, algorithm, components=components, parameters=now(PARAMETERS))
        request.body = body
        yield request


def raw(request: Request) -> bytes:
    """Return the request as bytes, so that no library corrects it."""
    target = request.path + (f"?{request.query}" if request.query else "")
    headers = {"Host": AUTHORITY, "Connection": "close", **request.headers}
    headers["Content-Length"] = str(len(request.body))
    lines = [
        f"{request.method} {target} HTTP/1.1",
        *(f"{name}: {headers[name]}" for name in headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + request.body


def replied(service: Service, request: Request) -> tuple[int, dict[str, Any]]:
    head, _, body = service.raw(raw(request)).partition(b"\r\n\r\n")
    status = int(head.split()[1])
    return status, json.loads(body) if body.startswith(b"{") else {}


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    limits = {
        f"RATE_LIMIT_{of}{kind}": PLENTY
        for of in ("", "USER_", "KEY_")
        for kind in ("GENERAL", "WRITE")
    }
    return serve(PUBLIC_URL=URL, WEB_CONCURRENCY="2", patient=True, **limits)


@pytest.mark.parametrize("algorithm", signing.ALGORITHMS)
def test_no_forged_request_is_accepted(
    service: Service, issuer: Issuer, owner: psycopg.Connection[Any], algorithm: str
) -> None:
    user = f"user_forged{algorithm[:4]}"
    token = issuer.token(user, ttl=3600, azp=ORIGIN)
    assert service.request("GET", KEYS, token=token).status == 200
    key = signing.KEYS[algorithm]
    public = key.public if isinstance(key, Ed25519Key) else None
    digest = key.material if isinstance(key, HmacKey) else None
    owner.execute("delete from api_keys where id = %s", [KEY_ID])
    owner.execute(INSERT, [KEY_ID, algorithm, public, digest, user])

    good = sign(Request(query=""), algorithm, parameters=now(PARAMETERS))
    assert replied(service, good)[0] == 201

    refused: list[tuple[int, dict[str, Any]]] = [replied(service, one) for one in forged(algorithm)]
    assert len(refused) >= 150
    statuses = {status for status, _ in refused}
    assert all(400 <= status < 500 for status in statuses), statuses
    bodies = {json.dumps(body | {"requestId": ""}) for status, body in refused if status == 401}
    assert bodies == {
        json.dumps(
            {
                "error": "Unauthorized",
                "message": "Invalid token",
                "code": "unauthorized",
                "requestId": "",
            }
        )
    }
    # The others are what any request of that form is: a malformed URL, an unknown path or method.
    assert sum(status == 401 for status, _ in refused) >= 100
    rows = service.request("GET", ROWS, token=token).json["items"]
    assert len(rows) == 1
