"""Requests that the Python clients sign with an API key, against the real service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from futuretracker.auth.request_signatures import HmacKey, Message, signature_of, verify
from futuretracker_client import AsyncClient, Client, Ed25519Auth, FutureTrackerError, HmacAuth
from tests.clients.conftest import AUTHORITY
from tests.conftest import ORIGIN

if TYPE_CHECKING:
    from futuretracker.commands.local.issuer import Issuer
    from tests.clients.conftest import Addresses
    from tests.support.servers import Service

SECRET = f"ft_live_0123456789Ab_{'s' * 43}000000"
NEW_KEY = {
    "name": "Script",
    "scopes": ["opportunities:read", "opportunities:write", "account:read"],
}
Sign = Callable[..., httpx.Auth]


def create_key(api: str, token: str, **fields: Any) -> dict[str, Any]:
    """Make an API key over HTTP, as its owner."""
    response = httpx.post(
        f"{api}/api/v1/api-keys",
        json={**NEW_KEY, **fields},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert response.status_code == 201, response.text
    key: dict[str, Any] = response.json()
    return key


def hmac_auth(api: str, token: str, **options: str) -> httpx.Auth:
    return HmacAuth(create_key(api, token, signedOnly=True)["secret"], **options)


def ed25519_auth(api: str, token: str, **options: str) -> httpx.Auth:
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made = create_key(api, token, publicKey=pem.decode())
    return Ed25519Auth(made["id"], private, **options)


@pytest.fixture(params=[hmac_auth, ed25519_auth], ids=["hmac-sha256", "ed25519"])
def sign(request: pytest.FixtureRequest) -> Sign:
    """Make a key of each algorithm, and what signs with it."""
    return request.param


@pytest.fixture
def auth(sign: Sign, addresses: Addresses) -> httpx.Auth:
    return sign(addresses.api, addresses.token, authority=AUTHORITY)


def test_a_client_signs_every_kind_of_request(auth: httpx.Auth, addresses: Addresses) -> None:
    with Client(addresses.api, auth=auth) as client:
        made = client.create_opportunity(title="Ünïcode & more", category="internship")
        found = list(client.all_opportunities(q="Ünïcode", status=["applied", "ghosted"]))
        assert [each["id"] for each in found] == [made["id"]]
        assert "Ünïcode" in client.export_opportunities(format="csv").read().decode()
        file = b"title\nFrom a file\n"
        assert client.import_opportunities(file, content_type="text/csv")["created"] == 1
        assert client.update_opportunity(made["id"], status="ghosted")["status"] == "ghosted"
        assert client.get_opportunity(made["id"])["title"] == "Ünïcode & more"
        client.delete_opportunity(made["id"])
        assert client.get_me()["email"] is None


def test_an_asynchronous_client_signs_too(auth: httpx.Auth, addresses: Addresses) -> None:
    async def create() -> Any:
        async with AsyncClient(addresses.api, auth=auth) as client:
            await client.create_opportunity(title="Asynchronous")
            return [each["title"] async for each in client.all_opportunities()]

    assert asyncio.run(create()) == ["Asynchronous"]


@pytest.mark.parametrize("path", ["/api/v1/me?", "/api/v1/opportunities?q=%41+%20%2B&limit=1"])
def test_httpx_signs_without_the_client(auth: httpx.Auth, addresses: Addresses, path: str) -> None:
    assert httpx.get(addresses.api + path, auth=auth).status_code == 200


@pytest.mark.parametrize("parts", [[b'{"title": "Bytes"}'], [b'{"title": ', b'"Parts"}']])
def test_a_body_without_a_type_is_signed_as_json(
    auth: httpx.Auth, addresses: Addresses, parts: list[bytes]
) -> None:
    url = f"{addresses.api}/api/v1/opportunities"

    assert httpx.post(url, content=iter(parts), auth=auth).status_code == 201


def test_a_request_is_accepted_once(auth: httpx.Auth, addresses: Addresses) -> None:
    with httpx.Client() as http:
        first = http.get(f"{addresses.api}/api/v1/me", auth=auth)
        again = http.send(first.request)

    assert (first.status_code, again.status_code) == (200, 401)


def test_the_host_of_the_request_is_signed_by_default(
    sign: Sign, serve: Callable[..., Service], issuer: Issuer
) -> None:
    api = f"http://127.0.0.1:{serve(FUTURETRACKER_ENV='test', patient=True).port}"
    token = issuer.token("user_host", ttl=600, azp=ORIGIN)

    with Client(api, auth=sign(api, token)) as client:
        assert client.get_me()["userId"] == "user_host"
    with (
        Client(api, auth=sign(api, token, authority=AUTHORITY)) as client,
        pytest.raises(FutureTrackerError) as raised,
    ):
        client.get_me()
    assert raised.value.status == 401


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://API.example.com:443/x?", "api.example.com"),
        ("http://api.example.com:443/x", "api.example.com:443"),
        ("http://[::1]:3001/x", "[::1]:3001"),
        ("http://127.0.0.1:3001", "127.0.0.1:3001"),
    ],
)
def test_the_host_has_a_port_unless_it_is_the_default(url: str, authority: str) -> None:
    request = httpx.Request("GET", url)
    next(HmacAuth(SECRET).auth_flow(request))
    path = "/x" if "/x" in url else "/"
    message = Message("GET", authority, path, "", request.headers, lambda: b"")

    signed = signature_of(request.headers, time.time())
    verify(signed, message, HmacKey(sha256(b"s" * 43).digest()))


def test_a_key_may_be_sent_as_a_token(addresses: Addresses) -> None:
    secret = create_key(addresses.api, addresses.token)["secret"]

    with Client(addresses.api, lambda: secret) as client:
        assert client.create_opportunity(title="Bearer")["title"] == "Bearer"


def test_each_attempt_has_its_own_signature_and_no_token() -> None:
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        headers = {"Retry-After": "0"} if len(sent) == 1 else {}
        return httpx.Response(503 if len(sent) == 1 else 200, headers=headers, json=[])

    http = httpx.Client(transport=httpx.MockTransport(respond))
    Client("https://api.example.com", auth=HmacAuth(SECRET), http=http).get_me()

    first, second = (request.headers["Signature-Input"] for request in sent)
    assert first != second
    assert "Authorization" not in sent[0].headers


def test_a_public_request_is_not_signed() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"signed": "Signature" in request.headers})

    http = httpx.Client(transport=httpx.MockTransport(respond))
    client = Client("https://api.example.com", auth=HmacAuth(SECRET), http=http)

    assert dict(client.get_health()) == {"signed": False}


@pytest.mark.parametrize("key", ["", "ft_live_x", SECRET[:-1], f"{SECRET}0", f"{SECRET}\n"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="not an API key"):
        HmacAuth(key)
    with pytest.raises(ValueError, match="not the id of an API key"):
        Ed25519Auth(key, Ed25519PrivateKey.generate())


def test_a_secret_is_in_no_repr() -> None:
    assert "s" * 43 not in repr(HmacAuth(SECRET))
