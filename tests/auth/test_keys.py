"""Where the keys come from, against a real https server: often enough, and never too often."""

from __future__ import annotations

import json
import logging
import re
import secrets
import socket
import ssl
import threading
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from futuretracker.auth import keys
from futuretracker.auth.keys import Jwks
from futuretracker.config import ConfigError
from futuretracker.errors import Unavailable
from tests.auth.forge import ISSUER, NOT_THERE, Clock, Forge, b64

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

WELL_KNOWN = "/.well-known/jwks.json"
UNAVAILABLE = {
    "error": "Service Unavailable",
    "message": "Sign-in keys are currently unavailable. Please try again in a moment.",
}


@dataclass
class Certificates:
    """An authority of the tests' own, and certificates that it signed."""

    authority: Path
    localhost: Path
    elsewhere: Path


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    key = ec.generate_private_key(ec.SECP256R1())
    authority = certificate("tests", key, key)
    files = Certificates(*(folder / name for name in ("ca.pem", "localhost.pem", "elsewhere.pem")))
    files.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    for file, host in ((files.localhost, "localhost"), (files.elsewhere, "elsewhere.example")):
        own = ec.generate_private_key(ec.SECP256R1())
        leaf = certificate(host, own, key)
        file.write_bytes(
            own.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + leaf.public_bytes(serialization.Encoding.PEM)
        )
    return files


def certificate(
    host: str, key: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """Make a certificate for a host, or the authority's own where a key signs itself."""
    is_authority = key is signer
    names = [x509.DNSName(host), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    signer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    usage = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
            *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
        ),
        False,
    )
    usage["key_cert_sign" if is_authority else "digital_signature"] = True
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)]))
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(signer_id, critical=False)
    )
    if not is_authority:
        builder = builder.add_extension(
            x509.SubjectAlternativeName(names if host == "localhost" else names[:1]), critical=False
        )
    return builder.sign(signer, hashes.SHA256())


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers.get("Authorization")))
        self.server.answer(self)

    def log_message(self, *_: object) -> None:
        pass


class Endpoint(ThreadingHTTPServer):
    """Clerk's JWKS endpoint over TLS, which remembers the path and key of each request.

    A test may take over with an ``answer`` of its own; those that wait should heed ``over``.
    """

    daemon_threads = False

    def __init__(self, certificate: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.requests: list[tuple[str, str | None]] = []
        self.status = 200
        self.document = b""
        self.over = threading.Event()
        self.answer: Callable[[BaseHTTPRequestHandler], None] = self.answer_plainly

    @property
    def host(self) -> str:
        return f"localhost:{self.server_port}"

    @property
    def publishable_key(self) -> str:
        return "pk_test_" + b64encode(f"{self.host}$".encode()).decode()

    def publish(self, *entries: object) -> None:
        self.document = json.dumps({"keys": entries}).encode()

    def answer_plainly(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(self.status)
        handler.send_header("Content-Length", str(len(self.document)))
        handler.end_headers()
        handler.wfile.write(self.document)

    def answer_after(self, event: threading.Event) -> Callable[[BaseHTTPRequestHandler], None]:
        """Answer plainly, but not before ``event``."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            event.wait(2)
            self.answer_plainly(handler)

        return answer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that hangs up is what many tests are about."""


@pytest.fixture
def open_endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path], Endpoint]]:
    opened: list[tuple[Endpoint, threading.Thread]] = []

    def start(certificate: Path) -> Endpoint:
        endpoint = Endpoint(certificate)
        thread = threading.Thread(target=endpoint.serve_forever, args=[0.01])
        thread.start()
        opened.append((endpoint, thread))
        return endpoint

    yield start
    for endpoint, thread in opened:
        endpoint.over.set()
        endpoint.shutdown()
        endpoint.server_close()
        thread.join()


@pytest.fixture
def endpoint(
    open_endpoint: Callable[[Path], Endpoint],
    certificates: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    forge: Forge,
) -> Endpoint:
    """An endpoint whose certificate this process trusts, and which publishes the forge's key."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))
    endpoint = open_endpoint(certificates.localhost)
    forge.issuer = f"https://{endpoint.host}"
    endpoint.publish(forge.jwk())
    return endpoint


@pytest.fixture(scope="module")
def keys_of_forges() -> list[Any]:
    return [Forge().key for _ in range(2)]


@pytest.fixture
def forge(keys_of_forges: list[Any]) -> Forge:
    """The Clerk instance that the service trusts."""
    return Forge(key=keys_of_forges[0])


@pytest.fixture
def stranger(keys_of_forges: list[Any], endpoint: Endpoint) -> Forge:
    """Another key that claims to be the same instance's, under the same key id."""
    return Forge(key=keys_of_forges[1], issuer=f"https://{endpoint.host}")


@pytest.fixture
def settings(settings: dict[str, str]) -> dict[str, str]:
    """The settings without Clerk's: each test names its own source."""
    return {name: value for name, value in settings.items() if not name.startswith("CLERK_")}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(keys, "time", clock)
    return clock


class Asker:
    """Asks a service with tokens."""

    def __init__(self, app: Flask) -> None:
        self._client: FlaskClient = app.test_client()

    def ask(self, token: str) -> TestResponse:
        return self._client.get("/api/me", headers={"Authorization": f"Bearer {token}"})

    def status(self, token: str) -> int:
        return self.ask(token).status_code


@pytest.fixture
def service(build: Callable[..., Flask], endpoint: Endpoint, clock: Clock) -> Asker:
    """A service that takes its keys from the endpoint."""
    return Asker(build(CLERK_PUBLISHABLE_KEY=endpoint.publishable_key))


def eventually(holds: Callable[[], bool]) -> bool:
    """Wait for what another thread brings about."""
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return False


# The sources, in their order.

SPELLINGS: dict[str, Callable[[str], str]] = {
    "new lines": lambda pem: pem,
    "no new line at the end": lambda pem: pem.strip(),
    "escapes": lambda pem: pem.replace("\n", "\\n"),
    "escapes, none at the end": lambda pem: pem.strip().replace("\n", "\\n"),
    "double quotes": lambda pem: f'"{pem}"',
    "single quotes": lambda pem: f"'{pem}'",
    "quotes and escapes": lambda pem: '"' + pem.replace("\n", "\\n") + '"',
    "carriage returns": lambda pem: pem.replace("\n", "\r\n"),
    "spaces around": lambda pem: f"  {pem}  ",
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_pem_works_however_it_is_spelt_and_without_a_network(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge, stranger: Forge, name: str
) -> None:
    service = Asker(
        build(
            CLERK_JWT_PUBLIC_KEY=SPELLINGS[name](forge.pem),
            CLERK_PUBLISHABLE_KEY=endpoint.publishable_key,
            CLERK_SECRET_KEY="sk_test_1",
        )
    )

    assert service.status(forge.token()) == 200
    assert service.status(forge.token(header={"kid": NOT_THERE})) == 200
    assert service.status(stranger.token()) == 401
    assert endpoint.requests == []


def test_a_pem_that_is_no_strong_rsa_key_stops_the_start(build: Callable[..., Flask]) -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    pems = [
        Forge(bits=1024).pem,
        Forge(exponent=3).pem,
        curve.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ).decode(),
        "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----",
    ]

    for pem in pems:
        with pytest.raises(ConfigError, match=r"CLERK_JWT_PUBLIC_KEY"):
            build(CLERK_JWT_PUBLIC_KEY=pem, CLERK_ISSUER=ISSUER)


@pytest.mark.parametrize("kind", ["pk_test_", "pk_live_"])
@pytest.mark.parametrize("padding", ["=", ""], ids=["padded", "not padded"])
def test_a_publishable_key_names_the_frontend_api(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge, kind: str, padding: str
) -> None:
    host = b64encode(f"{endpoint.host}$".encode()).decode()
    key = kind + (host if padding else host.rstrip("="))
    # The Frontend API is everybody's: the secret stays here.
    service = Asker(build(CLERK_PUBLISHABLE_KEY=key, CLERK_SECRET_KEY="sk_test_1"))

    assert service.status(forge.token()) == 200
    assert service.status(forge.token({"iss": ISSUER})) == 401
    assert endpoint.requests == [(WELL_KNOWN, None)]


def test_a_secret_key_opens_the_backend_api(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge
) -> None:
    service = Asker(
        build(
            CLERK_SECRET_KEY="sk_test_1",
            CLERK_API_URL=f"https://{endpoint.host}",
            CLERK_ISSUER=ISSUER,
        )
    )

    assert service.status(forge.token({"iss": ISSUER})) == 200
    assert service.status(forge.token()) == 401
    assert endpoint.requests == [("/v1/jwks", "Bearer sk_test_1")]


def test_an_issuer_alone_publishes_its_own_keys(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge
) -> None:
    service = Asker(build(CLERK_ISSUER=forge.issuer))

    assert service.status(forge.token()) == 200
    assert endpoint.requests == [(WELL_KNOWN, None)]


def test_an_issuer_of_its_own_overrides_the_publishable_keys(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge
) -> None:
    service = Asker(build(CLERK_PUBLISHABLE_KEY=endpoint.publishable_key, CLERK_ISSUER=ISSUER))

    assert service.status(forge.token({"iss": ISSUER})) == 200
    assert service.status(forge.token()) == 401
    assert endpoint.requests == [(WELL_KNOWN, None)]


def test_a_token_without_a_key_id_is_refused_without_a_fetch(
    service: Asker, endpoint: Endpoint, forge: Forge
) -> None:
    assert service.status(forge.token(header={"kid": NOT_THERE})) == 401
    assert endpoint.requests == []


# How often: five minutes of memory, refreshed behind the requests' back.


def test_keys_are_kept_for_five_minutes(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    for _ in range(10):
        assert service.status(forge.token()) == 200
        clock.forward(29.9)

    assert len(endpoint.requests) == 1
    clock.forward(2)
    assert service.status(forge.token()) == 200
    assert eventually(lambda: len(endpoint.requests) == 2)


def test_a_refresh_is_never_in_the_path_of_a_known_key(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge, stranger: Forge
) -> None:
    assert service.status(forge.token()) == 200
    go_on = threading.Event()
    endpoint.answer = endpoint.answer_after(go_on)
    endpoint.publish(stranger.jwk(kid="ins_2"), forge.jwk())
    clock.forward(301)

    started = time.monotonic()
    assert [service.status(forge.token()) for _ in range(10)] == [200] * 10
    assert time.monotonic() - started < 1
    assert eventually(lambda: len(endpoint.requests) == 2)
    go_on.set()
    # The fetch behind their back brought the second key along.
    assert service.status(stranger.token(header={"kid": "ins_2"})) == 200
    assert len(endpoint.requests) == 2


def test_a_fetch_for_an_unknown_key_id_does_not_hold_up_known_ones(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    assert service.status(forge.token()) == 200
    go_on = threading.Event()
    endpoint.answer = endpoint.answer_after(go_on)
    clock.forward(31)

    with ThreadPoolExecutor() as pool:
        unknown = pool.submit(service.status, forge.token(header={"kid": "ins_2"}))
        assert eventually(lambda: len(endpoint.requests) == 2)
        assert service.status(forge.token()) == 200
        assert not unknown.done()
        go_on.set()
        assert unknown.result() == 401


def test_eight_first_requests_cost_one_fetch(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge
) -> None:
    app = build(CLERK_PUBLISHABLE_KEY=endpoint.publishable_key)
    together = threading.Barrier(8)

    def ask(_: int) -> int:
        together.wait()
        return Asker(app).status(forge.token())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [200] * 8
    assert len(endpoint.requests) == 1


def test_stale_keys_are_served_for_an_hour_while_the_endpoint_errs(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    assert service.status(forge.token()) == 200
    endpoint.status = 500
    clock.forward(301)
    for asked in range(2, 13):  # 3,599 seconds in the end
        assert service.status(forge.token()) == 200
        assert eventually(lambda asked=asked: len(endpoint.requests) == asked)  # type: ignore[misc]
        clock.forward(299.8)
    assert service.status(forge.token()) == 200

    clock.forward(2)
    assert service.status(forge.token()) == 503
    endpoint.status = 200
    clock.forward(31)
    assert service.status(forge.token()) == 200


# A rotated key.


def test_an_unknown_key_id_is_looked_up_at_once(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge, stranger: Forge
) -> None:
    assert service.status(forge.token()) == 200
    endpoint.publish(forge.jwk(), stranger.jwk(kid="ins_2"))
    rotated = {"kid": "ins_2"}

    assert service.status(stranger.token(header=rotated)) == 401
    clock.forward(30)
    assert service.status(stranger.token(header=rotated)) == 200
    assert service.status(forge.token()) == 200
    assert len(endpoint.requests) == 2


def test_a_key_that_was_rotated_under_the_same_id_is_looked_up_at_once(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge, stranger: Forge
) -> None:
    assert service.status(forge.token()) == 200
    endpoint.publish(stranger.jwk())

    assert service.status(stranger.token()) == 401
    clock.forward(30)
    assert service.status(stranger.token()) == 200
    assert service.status(forge.token()) == 401
    assert len(endpoint.requests) == 2


def test_a_withdrawn_key_is_refused(
    *,
    service: Asker,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="futuretracker")
    endpoint.publish(forge.jwk(), stranger.jwk(kid="ins_2"))
    withdrawn = {"kid": "ins_2"}
    assert service.status(stranger.token(header=withdrawn)) == 200
    endpoint.publish(forge.jwk())
    clock.forward(301)

    assert service.status(forge.token()) == 200
    assert eventually(lambda: service.status(stranger.token(header=withdrawn)) == 401)
    assert caplog.records[-1].event["reason"] == "jwk-kid-mismatch"  # type: ignore[attr-defined]
    assert len(endpoint.requests) == 2


# Floods.


def unknown_kids(forge: Forge, _: Forge) -> list[str]:
    return [forge.token(header={"kid": f"ins_{secrets.token_hex(8)}"}) for _ in range(50)]


def bad_signatures(_: Forge, stranger: Forge) -> list[str]:
    return [stranger.token() for _ in range(50)]


floods = pytest.mark.parametrize("flood", [unknown_kids, bad_signatures])


@floods
@pytest.mark.parametrize("status", [200, 500], ids=["up", "down"])
def test_a_flood_costs_one_fetch_a_cooldown(
    *,
    service: Asker,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    flood: Callable[[Forge, Forge], list[str]],
    status: int,
) -> None:
    assert service.status(forge.token()) == 200
    endpoint.status = status

    for seconds, fetches in ((29, 1), (2, 2), (29, 2), (2, 3)):
        clock.forward(seconds)
        assert [service.status(token) for token in flood(forge, stranger)] == [401] * 50
        assert len(endpoint.requests) == fetches
        assert service.status(forge.token()) == 200


@floods
def test_a_flood_from_many_threads_costs_one_fetch(
    *,
    service: Asker,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    flood: Callable[[Forge, Forge], list[str]],
) -> None:
    assert service.status(forge.token()) == 200
    clock.forward(31)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(service.status, flood(forge, stranger))) == {401}
    assert len(endpoint.requests) == 2


@floods
def test_a_flood_before_the_first_keys_costs_one_fetch_a_cooldown_and_is_never_a_401(
    *,
    service: Asker,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    flood: Callable[[Forge, Forge], list[str]],
) -> None:
    endpoint.status = 500
    for fetches in (1, 2):
        assert {service.status(token) for token in flood(forge, stranger)} == {503}
        assert service.status(forge.token()) == 503
        assert len(endpoint.requests) == fetches
        clock.forward(31)

    endpoint.status = 200
    assert service.status(forge.token()) == 200


def test_a_key_id_that_stale_keys_do_not_hold_is_no_401(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    """It may be a new key's: a 401 would log its users out because Clerk is slow."""
    assert service.status(forge.token()) == 200
    endpoint.status = 500
    clock.forward(301)

    assert service.status(forge.token(header={"kid": "ins_2"})) == 503
    assert service.status(forge.token()) == 200


# An endpoint that fails, stalls, or is somebody else.


def expect_unavailable(answer: TestResponse) -> None:
    assert (answer.status_code, answer.json) == (503, UNAVAILABLE)
    assert int(answer.headers["Retry-After"]) > 0
    assert "WWW-Authenticate" not in answer.headers


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 429, 500, 503])
def test_an_endpoint_that_errs_is_a_503(
    service: Asker, endpoint: Endpoint, forge: Forge, status: int
) -> None:
    endpoint.status = status

    expect_unavailable(service.ask(forge.token()))


def test_an_endpoint_that_nobody_listens_at_is_a_503(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge
) -> None:
    key = endpoint.publishable_key
    endpoint.shutdown()
    endpoint.server_close()

    expect_unavailable(Asker(build(CLERK_PUBLISHABLE_KEY=key)).ask(forge.token()))


def test_a_host_that_does_not_exist_is_a_503(build: Callable[..., Flask], forge: Forge) -> None:
    service = Asker(build(CLERK_ISSUER="https://clerk.invalid"))

    expect_unavailable(service.ask(forge.token({"iss": "https://clerk.invalid"})))


def test_an_address_that_is_none_is_a_503() -> None:
    for url in ("https://localhost:port/keys", "https://[::1/keys", "https:///keys", ""):
        with pytest.raises(Unavailable):
            Jwks(url, None).get("ins_1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    service: Asker, endpoint: Endpoint, forge: Forge, status: int
) -> None:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path != WELL_KNOWN:
            endpoint.answer_plainly(handler)
            return
        handler.send_response(status)
        handler.send_header("Location", f"https://{endpoint.host}/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    endpoint.answer = answer

    expect_unavailable(service.ask(forge.token()))
    assert endpoint.requests == [(WELL_KNOWN, None)]


def test_a_certificate_of_an_unknown_authority_is_refused(
    service: Asker, endpoint: Endpoint, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    expect_unavailable(service.ask(forge.token()))
    assert endpoint.requests == []


def test_a_certificate_of_another_host_is_refused(
    build: Callable[..., Flask],
    endpoint: Endpoint,
    open_endpoint: Callable[[Path], Endpoint],
    certificates: Certificates,
    forge: Forge,
) -> None:
    other = open_endpoint(certificates.elsewhere)
    other.publish(forge.jwk())
    service = Asker(build(CLERK_PUBLISHABLE_KEY=other.publishable_key))

    expect_unavailable(service.ask(forge.token({"iss": f"https://{other.host}"})))
    assert other.requests == []


def test_a_secret_never_travels_without_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor() as pool:

        def hear() -> bytes:
            sock, _ = listener.accept()
            with sock:
                return sock.recv(65536)

        heard = pool.submit(hear)
        jwks = Jwks(f"http://127.0.0.1:{listener.getsockname()[1]}/v1/jwks", "sk_test_1")
        with pytest.raises(Unavailable):
            jwks.get("ins_1")

    assert heard.result().startswith(b"\x16\x03")  # the beginning of a TLS handshake
    assert b"sk_test_1" not in heard.result()


@pytest.mark.parametrize("secret", ["sk_test_1secret\n", "sk_test_1secret\u20ac"])
def test_a_secret_that_no_header_can_carry_stays_out_of_the_log(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    with pytest.raises(Unavailable):
        Jwks(f"https://{endpoint.host}/v1/jwks", secret).get("ins_1")

    assert caplog.records
    assert "1secret" not in repr([vars(record) for record in caplog.records])


def drip(data: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Answer these bytes, then one more every 50 ms."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        endpoint: Endpoint = handler.server  # type: ignore[assignment]
        handler.wfile.write(data)
        deadline = time.monotonic() + 2
        while not endpoint.over.wait(0.05) and time.monotonic() < deadline:
            handler.wfile.write(b" ")

    return answer


@pytest.mark.parametrize(
    "beginning",
    [
        pytest.param(b"", id="the status"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Slow: ", id="a header"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{", id="the body"),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\n{", id="a body without a length"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1", id="a chunk"),
    ],
)
def test_an_endpoint_that_drips_is_given_up_in_time(
    service: Asker,
    endpoint: Endpoint,
    forge: Forge,
    monkeypatch: pytest.MonkeyPatch,
    beginning: bytes,
) -> None:
    monkeypatch.setattr(Jwks, "TIMEOUT", 0.2)
    endpoint.answer = drip(beginning)

    started = time.monotonic()
    expect_unavailable(service.ask(forge.token()))
    assert time.monotonic() - started < 0.6


def test_an_endpoint_that_is_silent_is_given_up_after_two_seconds(
    service: Asker, endpoint: Endpoint, forge: Forge
) -> None:
    endpoint.answer = lambda _: endpoint.over.wait(3) and None

    started = time.monotonic()
    expect_unavailable(service.ask(forge.token()))
    assert 1.8 < time.monotonic() - started < 2.5


def test_a_server_that_says_nothing_at_all_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Jwks, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        jwks = Jwks(f"https://127.0.0.1:{listener.getsockname()[1]}/", None)
        started = time.monotonic()
        with pytest.raises(Unavailable):
            jwks.get("ins_1")

    assert time.monotonic() - started < 0.6


def test_a_resolver_that_does_not_answer_is_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(*_args: object, **_options: object) -> None:
        time.sleep(1)  # nothing bounds the system's own
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(Jwks, "TIMEOUT", 0.2)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        Jwks("https://keys.example.com/", None).get("ins_1")

    assert time.monotonic() - started < 0.6


def test_a_document_has_a_largest_size(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge
) -> None:
    document = endpoint.document
    endpoint.document = document.ljust(64 * 1024 + 1)
    expect_unavailable(service.ask(forge.token()))

    endpoint.document = document.ljust(64 * 1024)
    clock.forward(31)
    assert service.status(forge.token()) == 200


def test_an_endless_document_is_given_up(service: Asker, endpoint: Endpoint, forge: Forge) -> None:
    sent = 0

    def answer(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with suppress(OSError):
            while sent < 2**27:
                sent += handler.wfile.write(b" " * 2**16)

    endpoint.answer = answer

    expect_unavailable(service.ask(forge.token()))
    assert eventually(lambda: sent < 2**24)


# What stands in the document.


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"1",
        b"<html>",
        b"\xff\xfe",
        b'{"keys": null}',
        b'{"keys": {}}',
        b'{"keys": []}',
        b'{"keys": [[]]}',
        b'{"keys": [' + b"9" * 5000 + b"]}",
        b"[" * 60_000,
        b'{"keys": [' * 6000,
    ],
    ids=lambda document: document[:20].decode("latin-1"),
)
def test_a_document_that_is_no_jwks_is_a_503_and_leaves_known_keys_alone(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge, document: bytes
) -> None:
    good, endpoint.document = endpoint.document, document
    expect_unavailable(service.ask(forge.token()))

    endpoint.document = good
    clock.forward(31)
    assert service.status(forge.token()) == 200
    endpoint.document = document
    clock.forward(31)
    assert service.status(forge.token(header={"kid": "ins_2"})) == 401
    assert service.status(forge.token()) == 200


def private_jwk(forge: Forge) -> dict[str, Any]:
    numbers = forge.key.private_numbers()
    members = {name: getattr(numbers, name) for name in ("d", "p", "q")}
    members |= {"dp": numbers.dmp1, "dq": numbers.dmq1, "qi": numbers.iqmp}
    encoded = {k: b64(v.to_bytes((v.bit_length() + 7) // 8, "big")) for k, v in members.items()}
    return forge.jwk(**encoded)


COORDINATES = {"x": b64(b"\1" * 32), "y": b64(b"\2" * 32)}
POISON: dict[str, Callable[[Forge], object]] = {
    "oct": lambda _: {"kty": "oct", "kid": "ins_2", "use": "sig", "k": b64(b"secret")},
    "EC": lambda _: {"kty": "EC", "kid": "ins_2", "crv": "P-256", "use": "sig", **COORDINATES},
    "OKP": lambda _: {"kty": "OKP", "kid": "ins_2", "crv": "Ed25519", "x": b64(b"\1" * 32)},
    "1024 bits": lambda _: Forge(kid="ins_2", bits=1024).jwk(),
    "e = 3": lambda _: Forge(kid="ins_2", exponent=3).jwk(),
    "e = 1": lambda other: other.jwk(e=b64(b"\1")),
    "e = 2": lambda other: other.jwk(e=b64(b"\2")),
    "e = 0": lambda other: other.jwk(e=b64(b"\0")),
    "e empty": lambda other: other.jwk(e=""),
    "e an int": lambda other: other.jwk(e=65537),
    "e a list": lambda other: other.jwk(e=["AQAB"]),
    "n an int": lambda other: other.jwk(n=17),
    "n null": lambda other: other.jwk(n=None),
    "n not base64": lambda other: other.jwk(n="!"),
    "n not ASCII": lambda other: other.jwk(n="\xe9"),
    "no n": lambda other: other.jwk(n=NOT_THERE),
    "no e": lambda other: other.jwk(e=NOT_THERE),
    "no kid": lambda other: other.jwk(kid=NOT_THERE),
    "kid null": lambda other: other.jwk(kid=None),
    "kid int": lambda other: other.jwk(kid=2),
    "kid list": lambda other: other.jwk(kid=["ins_2"]),
    "no kty": lambda other: other.jwk(kty=NOT_THERE),
    "kty lower case": lambda other: other.jwk(kty="rsa"),
    "kty list": lambda other: other.jwk(kty=["RSA"]),
    "use enc": lambda other: other.jwk(use="enc"),
    "use null": lambda other: other.jwk(use=None),
    "use list": lambda other: other.jwk(use=["sig"]),
    "private": private_jwk,
    "null": lambda _: None,
    "a list": lambda _: ["kty", "RSA"],
    "a string": lambda _: "RSA",
    "a number": lambda _: 1,
}


@pytest.mark.parametrize("name", POISON)
def test_what_is_no_strong_rsa_signing_key_is_passed_over(
    *,
    service: Asker,
    endpoint: Endpoint,
    clock: Clock,
    forge: Forge,
    stranger: Forge,
    name: str,
) -> None:
    stranger.kid = "ins_2"
    entry = POISON[name](stranger)
    endpoint.publish(entry)
    expect_unavailable(service.ask(forge.token()))

    endpoint.publish(entry, forge.jwk(), entry)
    clock.forward(31)
    assert service.status(forge.token()) == 200
    assert service.status(stranger.token()) == 401
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize(
    "n",
    [b"\xff" * 255 + b"\xfe", b"\xff" * 2048, b"\x80" + bytes(255)],
    ids=["even", "16,384 bits", "a power of two"],
)
def test_the_tokens_of_a_modulus_that_is_none_are_refused(
    service: Asker, endpoint: Endpoint, forge: Forge, stranger: Forge, n: bytes
) -> None:
    endpoint.publish(forge.jwk(), stranger.jwk(kid="ins_2", n=b64(n)))

    assert service.status(stranger.token(header={"kid": "ins_2"})) == 401
    assert service.status(forge.token()) == 200


@pytest.mark.parametrize("use", ["sig", NOT_THERE], ids=["sig", "absent"])
def test_a_signing_key_may_say_its_use(
    service: Asker, endpoint: Endpoint, forge: Forge, use: object
) -> None:
    endpoint.publish(forge.jwk(use=use))

    assert service.status(forge.token()) == 200


def test_a_document_with_one_key_id_twice_is_refused(
    service: Asker, endpoint: Endpoint, clock: Clock, forge: Forge, stranger: Forge
) -> None:
    for pair in ((forge.jwk(), stranger.jwk()), (forge.jwk(), forge.jwk())):
        endpoint.publish(*pair)
        expect_unavailable(service.ask(forge.token()))
        clock.forward(31)

    endpoint.publish(forge.jwk())
    assert service.status(forge.token()) == 200
    endpoint.publish(stranger.jwk(), forge.jwk())
    clock.forward(31)
    assert service.status(stranger.token()) == 401
    assert service.status(forge.token()) == 200
    assert len(endpoint.requests) == 4


def test_what_goes_wrong_is_written_down_once_a_fetch(
    service: Asker, endpoint: Endpoint, forge: Forge, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.status = 500
    token = forge.token()
    for _ in range(3):
        service.ask(token)

    (record,) = [r for r in caplog.records if r.name == "futuretracker.auth.keys"]
    assert record.getMessage() == "sign-in keys not fetched"
    assert re.search(r"\b500\b", str(record.cause))  # type: ignore[attr-defined]
    assert token not in repr(vars(record))
