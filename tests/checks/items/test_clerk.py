"""Sign-in: the keys as the service fetches them, from a real https server or not at all."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from jwt.algorithms import RSAAlgorithm

from futuretracker.checks.finding import Verdict
from tests.support import servers
from tests.support.authority import certify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from futuretracker.checks.finding import Finding
    from futuretracker.commands.local.issuer import Issuer


@contextmanager
def clerk(body: bytes, folder: Path) -> Iterator[str]:
    """Serve a document over TLS where Clerk has its keys; yield the host."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/.well-known/jwks.json" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    files = certify("127.0.0.1", folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def settings_for(host: str) -> dict[str, str | None]:
    key = base64.b64encode(f"{host}$".encode()).decode()
    return {
        "CLERK_PUBLISHABLE_KEY": f"pk_live_{key}",
        "CLERK_JWT_PUBLIC_KEY": None,
        "CLERK_ISSUER": None,
    }


def jwks(issuer: Issuer) -> bytes:
    key = RSAAlgorithm.to_jwk(issuer._key.public_key(), as_dict=True)  # noqa: SLF001
    return json.dumps({"keys": [{**key, "kid": "ins_1", "use": "sig"}]}).encode()


def test_a_key_in_the_settings_needs_no_network(find: Callable[..., Finding]) -> None:
    finding = find("clerk-keys")

    assert finding.verdict == Verdict.OK
    assert "none is fetched" in finding.found


def test_keys_that_can_be_fetched_are_ok(
    find: Callable[..., Finding],
    issuer: Issuer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
    with clerk(jwks(issuer), tmp_path) as host:
        finding = find("clerk-keys", **settings_for(host))

    assert (finding.verdict, finding.found) == (
        Verdict.OK,
        "Clerk returns 1 signing key.",
    )


def test_keys_from_somebody_whose_certificate_is_not_trusted_are_an_error(
    find: Callable[..., Finding], issuer: Issuer, tmp_path: Path
) -> None:
    with clerk(jwks(issuer), tmp_path) as host:
        finding = find("clerk-keys", **settings_for(host))

    assert finding.verdict == Verdict.ERROR
    assert "SSLCertVerificationError" in finding.found


@pytest.mark.parametrize("body", [b"", b"{}", b'{"keys": []}', b"<html>", b"[" * 60_000])
def test_a_document_without_keys_is_an_error(
    find: Callable[..., Finding],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    body: bytes,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.crt"))
    with clerk(body, tmp_path) as host:
        finding = find("clerk-keys", **settings_for(host))

    assert finding.verdict == Verdict.ERROR
    assert "holds no keys" in finding.found


def test_a_clerk_that_is_unavailable_is_an_error(find: Callable[..., Finding]) -> None:
    finding = find("clerk-keys", **settings_for(f"127.0.0.1:{servers.free_port()}"))

    assert finding.verdict == Verdict.ERROR
    assert "ConnectionRefusedError" in finding.found


def test_without_a_token_the_round_trip_is_unknown(find: Callable[..., Finding]) -> None:
    finding = find("token-accepted", PUBLIC_URL="https://api.example.com")

    assert (finding.verdict, finding.found) == (Verdict.UNKNOWN, "CHECK_TOKEN is not set.")


@pytest.mark.parametrize("token", ["a\r\nX-Forwarded-For: 1.2.3.4", "tökén"])
def test_a_token_that_would_be_more_than_a_header_is_not_sent(
    find: Callable[..., Finding], token: str
) -> None:
    finding = find("token-accepted", PUBLIC_URL="https://api.example.com", CHECK_TOKEN=token)

    assert (finding.verdict, finding.found) == (Verdict.UNKNOWN, "CHECK_TOKEN is not a token.")
