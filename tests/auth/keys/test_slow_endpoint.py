"""However slow the JWKS endpoint is, an unknown key delays only the requests that name it."""

from __future__ import annotations

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.auth.keys.gate import gate
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler

    from tests.auth.forge import Forge
    from tests.auth.keys.certificates import Certificates
    from tests.auth.keys.endpoint import Endpoint
    from tests.auth.keys.gate import Gate
    from tests.support.servers import Service


pytestmark = pytest.mark.event_loop("each request that waits occupies one of THREADS")


def shut(gate: Gate, _endpoint: Endpoint) -> None:
    gate.is_shut = True


def drip(gate: Gate, _endpoint: Endpoint) -> None:
    gate.drips = True


def be_silent(gate: Gate, endpoint: Endpoint) -> None:
    endpoint.respond = endpoint.respond_after(gate.opened)


def drip_headers(gate: Gate, endpoint: Endpoint) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not gate.opened.wait(0.3):
            handler.wfile.write(b"A")
        handler.wfile.write(b": b\r\n\r\n")

    endpoint.respond = respond


def send_half(gate: Gate, endpoint: Endpoint) -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(endpoint.document)))
        handler.end_headers()
        handler.wfile.write(endpoint.document[:100])
        gate.opened.wait(60)
        handler.wfile.write(endpoint.document[100:])

    endpoint.respond = respond


SLOW = {
    "silent": be_silent,
    "dripping": drip_headers,
    "no handshake": shut,
    "slow TLS": drip,
    "half a body": send_half,
}


@pytest.fixture
def gated(
    serve: Callable[..., Service], endpoint: Endpoint, certificates: Certificates, forge: Forge
) -> Iterator[tuple[Service, Gate]]:
    """A service that reaches the endpoint through a gate."""
    with gate(endpoint.server_port) as opened:
        host = f"localhost:{opened.port}"
        forge.issuer = f"https://{host}"
        yield (
            serve(
                WEB_CONCURRENCY="1",
                CLERK_PUBLISHABLE_KEY="pk_test_" + b64encode(f"{host}$".encode()).decode(),
                SSL_CERT_FILE=str(certificates.authority),
                GUNICORN_CMD_ARGS="--worker-class tests.auth.keys.patient.Worker",
            ),
            opened,
        )


def forged(forge: Forge, stranger: Forge) -> list[str]:
    """Tokens that anybody can send: with unknown keys, and with a wrong signature.

    A worker has fewer places for requests in progress.
    """
    stranger.issuer = forge.issuer
    unknown = [forge.token(header={"kid": f"ins_unknown{number}"}) for number in range(40)]
    return [*unknown, stranger.token()]


@pytest.mark.parametrize("slow_down", SLOW.values(), ids=SLOW.keys())
def test_other_requests_never_wait(
    gated: tuple[Service, Gate],
    endpoint: Endpoint,
    forge: Forge,
    stranger: Forge,
    slow_down: Callable[[Gate, Endpoint], None],
) -> None:
    service, gate = gated
    token = forge.token()
    assert service.request("GET", "/api/me", token=token).status == 200
    fetched = gate.connections
    slow_down(gate, endpoint)
    with ThreadPoolExecutor(50) as pool:
        waiting = [
            pool.submit(service.request, "GET", "/api/me", token=each)
            for each in forged(forge, stranger)
        ]
        wait_for(lambda: gate.connections > fetched)
        for _ in range(5):
            for path, known in (
                ("/healthz", None),
                ("/api/v1/health", None),
                ("/api/me", token),
                ("/api/me", forge.token()),  # a new token with the known key
            ):
                assert service.request("GET", path, token=known).status == 200
        assert not any(request.done() for request in waiting)
        gate.opened.set()
        assert {request.result().status for request in waiting} == {401}


def test_a_redirect_is_not_followed(
    gated: tuple[Service, Gate], endpoint: Endpoint, forge: Forge, stranger: Forge
) -> None:
    service, _gate = gated
    token = forge.token()
    assert service.request("GET", "/api/me", token=token).status == 200

    def redirect(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("Location", "/loop")
        handler.end_headers()

    endpoint.respond = redirect
    for each in forged(forge, stranger):
        assert service.request("GET", "/api/me", token=each).status == 401
        assert service.request("GET", "/api/me", token=token).status == 200
    assert "/loop" not in {path for path, _ in endpoint.requests}
