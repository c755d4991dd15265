"""An endpoint that fails, is down or has a wrong certificate: a 503, and no secret leaks."""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from futuretracker.auth.keys import Jwks
from futuretracker.web.errors import Unavailable
from tests.auth.keys.endpoint import WELL_KNOWN
from tests.auth.keys.service_client import ServiceClient, expect_unavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from flask import Flask

    from tests.auth.forge import Forge
    from tests.auth.keys.certificates import Certificates
    from tests.auth.keys.endpoint import Endpoint


@pytest.mark.parametrize("status", [204, 400, 401, 403, 404, 429, 500, 503])
def test_an_error_of_the_endpoint_is_a_503(
    service: ServiceClient, endpoint: Endpoint, forge: Forge, status: int
) -> None:
    endpoint.status = status

    expect_unavailable(service.ask(forge.token()))


def test_an_endpoint_that_refuses_connections_is_a_503(
    build: Callable[..., Flask], endpoint: Endpoint, forge: Forge
) -> None:
    key = endpoint.publishable_key
    endpoint.shutdown()
    endpoint.server_close()

    expect_unavailable(ServiceClient(build(CLERK_PUBLISHABLE_KEY=key)).ask(forge.token()))


def test_a_host_that_does_not_exist_is_a_503(build: Callable[..., Flask], forge: Forge) -> None:
    service = ServiceClient(build(CLERK_ISSUER="https://clerk.invalid"))

    expect_unavailable(service.ask(forge.token({"iss": "https://clerk.invalid"})))


def test_an_invalid_url_is_a_503() -> None:
    for url in ("https://localhost:port/keys", "https://[::1/keys", "https:///keys", ""):
        with pytest.raises(Unavailable):
            Jwks(url, None).get("ins_1")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(
    service: ServiceClient, endpoint: Endpoint, forge: Forge, status: int
) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        if handler.path != WELL_KNOWN:
            endpoint.send_document(handler)
            return
        handler.send_response(status)
        handler.send_header("Location", f"https://{endpoint.host}/elsewhere")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    endpoint.respond = respond

    expect_unavailable(service.ask(forge.token()))
    assert endpoint.requests == [(WELL_KNOWN, None)]


def test_a_certificate_of_an_unknown_authority_is_refused(
    service: ServiceClient, endpoint: Endpoint, forge: Forge, monkeypatch: pytest.MonkeyPatch
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
    service = ServiceClient(build(CLERK_PUBLISHABLE_KEY=other.publishable_key))

    expect_unavailable(service.ask(forge.token({"iss": f"https://{other.host}"})))
    assert other.requests == []


def test_a_secret_is_never_sent_without_tls() -> None:
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
def test_a_secret_that_is_not_a_valid_header_value_is_not_logged(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, secret: str
) -> None:
    with pytest.raises(Unavailable):
        Jwks(f"https://{endpoint.host}/v1/jwks", secret).get("ins_1")

    assert caplog.records
    assert "1secret" not in repr([vars(record) for record in caplog.records])


def test_an_unexpected_error_of_a_fetch_is_a_503_and_one_line(
    service: ServiceClient,
    forge: Forge,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr("futuretracker.auth.keys.download", fail)
    for _ in range(3):
        expect_unavailable(service.ask(forge.token()))

    (record,) = [r for r in caplog.records if r.name == "futuretracker.auth.keys"]
    assert record.getMessage() == "sign-in keys not fetched"
    assert record.cause == "MemoryError"  # type: ignore[attr-defined]


def test_a_failed_fetch_logs_one_line(
    service: ServiceClient, endpoint: Endpoint, forge: Forge, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.status = 500
    token = forge.token()
    for _ in range(3):
        service.ask(token)

    (record,) = [r for r in caplog.records if r.name == "futuretracker.auth.keys"]
    assert record.getMessage() == "sign-in keys not fetched"
    assert re.search(r"\b500\b", str(record.cause))  # type: ignore[attr-defined]
    assert token not in repr(vars(record))
