"""TLS follows Mozilla's intermediate profile, serves only our name, and is required."""

from __future__ import annotations

import ssl
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.deploy.edge.visitor import NAME

if TYPE_CHECKING:
    from tests.deploy.edge.visitor import Edge

pytestmark = pytest.mark.needs("openssl")
# The client offers everything that OpenSSL supports, so that the proxy is the one that refuses.
WEAK = ["-cipher", "ALL:@SECLEVEL=0"]
CBC = "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES128-SHA:AES128-SHA:@SECLEVEL=0"
GOOD = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]


def handshake(edge: Edge, *options: str, name: str | None = NAME) -> str:
    """Return the output of OpenSSL's client for a handshake."""
    named = ["-servername", name] if name else ["-noservername"]
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{edge.port}", *named, *options]
    done = subprocess.run(
        command, input="", capture_output=True, text=True, check=False, timeout=120
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_refused(edge: Edge, version: str) -> None:
    said = handshake(edge, version, *WEAK)

    assert "alert protocol version" in said
    assert "Cipher is (NONE)" in said


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_new_versions_are_accepted(edge: Edge, version: str) -> None:
    said = handshake(edge, version, "-CAfile", str(edge.authority), "-verify_return_error")

    assert f"Protocol  : {version[1:].replace('tls1_', 'TLSv1.')}" in said or "New, TLSv1.3" in said
    assert "Verify return code: 0 (ok)" in said


@pytest.mark.parametrize("suite", [*CBC.split(":")[:-1], "AES128-GCM-SHA256", "NULL"])
def test_suites_without_forward_secrecy_or_with_cbc_are_refused(edge: Edge, suite: str) -> None:
    said = handshake(edge, "-tls1_2", "-cipher", f"{suite}:@SECLEVEL=0")

    assert "alert handshake failure" in said
    assert "Cipher is (NONE)" in said


@pytest.mark.parametrize("suite", GOOD)
def test_suites_with_forward_secrecy_are_accepted(edge: Edge, suite: str) -> None:
    said = handshake(edge, "-tls1_2", "-cipher", f"ECDHE-ECDSA-{suite}")

    assert f"Cipher is ECDHE-ECDSA-{suite}" in said


@pytest.mark.parametrize("name", ["evil.example", "example.com", "x.api.example.com"])
def test_another_server_name_gets_no_certificate(edge: Edge, name: str) -> None:
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name|internal.error"):
        edge.connect(name=name)


def test_no_server_name_gets_no_certificate(edge: Edge) -> None:
    assert "no peer certificate available" in handshake(edge, name=None)


def test_another_host_header_gets_no_response(edge: Edge) -> None:
    asked = b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n"

    assert edge.raw(asked) == b""
    assert edge.raw(asked, tls=False) == b""


def test_plain_http_redirects_to_https_on_the_same_host(edge: Edge) -> None:
    response = edge.request("GET", "/api/v1/me?x=1", tls=False)

    assert response.status in {301, 308}
    assert response.header("Location") == f"https://{NAME}/api/v1/me?x=1"
    # Only HTTPS may send this header (RFC 6797, section 7.2).
    assert response.header("Strict-Transport-Security") is None


def test_plain_http_on_the_tls_port_is_refused(edge: Edge) -> None:
    with closing(edge.connect(tls=True)):
        pass
    plain = type(edge)(edge.kind, edge.port, edge.port, edge.authority, edge.log)
    said = plain.raw(f"GET /healthz HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode(), tls=False)

    assert said.split(b" ")[1] == b"400"
    assert b"Strict-Transport-Security" not in said
