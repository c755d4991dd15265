"""Authenticated origin pulls: only a client with Cloudflare's certificate gets a response."""

from __future__ import annotations

from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest

from tests.deploy.cloudflare.conftest import BEHIND
from tests.deploy.edge.nginx_server import NEWEST, debians, nginx
from tests.deploy.edge.visitor import request_on
from tests.support.authority import certify

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

    from tests.deploy.edge.visitor import Edge
    from tests.support.authority import Files
    from tests.support.servers import Service

PROGRAMS = {"nginx": lambda: NEWEST, "nginx of Debian": debians}
REQUEST = b"GET /healthz HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def cloudflare(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The authority of Cloudflare's client certificate, and that certificate."""
    return certify("origin-pull.example.net", tmp_path_factory.mktemp("cloudflare"))


@pytest.fixture(scope="module")
def behind(service: Service, socket_file: Path) -> Path:
    """The socket file of a running service."""
    return socket_file


@pytest.fixture(
    scope="module",
    params=["nginx", pytest.param("nginx of Debian", marks=pytest.mark.needs("nginx"))],
)
def edge(
    request: pytest.FixtureRequest,
    behind: Path,
    files: Files,
    cloudflare: Files,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Edge]:
    """nginx with authenticated origin pulls."""
    pulls = {
        "# include futuretracker/origin-pulls": "include futuretracker/origin-pulls",
        "futuretracker/origin-pull-ca.pem": str(cloudflare.authority),
    }
    folder = tmp_path_factory.mktemp("edge") / "edge"
    with nginx(PROGRAMS[request.param](), folder, behind, files, {**BEHIND, **pulls}) as running:
        yield running


def received(edge: Edge, context: ssl.SSLContext) -> bytes:
    """Send a request; return all that arrives until nginx closes the connection."""
    text = b""
    with suppress(OSError), closing(edge.connect(context=context)) as sock:
        sock.settimeout(60)
        sock.sendall(REQUEST)
        while chunk := sock.recv(65536):
            text += chunk
    return text


def with_certificate(edge: Edge, client: Files) -> ssl.SSLContext:
    context = edge.context()
    context.load_cert_chain(client.certificate, client.key)
    return context


def test_a_client_with_cloudflares_certificate_reaches_the_service(
    edge: Edge, cloudflare: Files
) -> None:
    with closing(edge.connect(context=with_certificate(edge, cloudflare))) as sock:
        assert request_on(sock, "GET", "/healthz").status == 200


def test_a_client_without_a_certificate_gets_no_response(edge: Edge) -> None:
    assert received(edge, edge.context()) == b""
    assert edge.logged()[-1]["statusCode"] == "444"


def test_a_certificate_of_another_authority_gets_no_response(edge: Edge, tmp_path: Path) -> None:
    stranger = certify("origin-pull.example.net", tmp_path)

    assert received(edge, with_certificate(edge, stranger)) == b""


def test_a_certificate_that_has_expired_gets_no_response(edge: Edge, tmp_path: Path) -> None:
    expired = certify("origin-pull.example.net", tmp_path, days=-1)

    assert received(edge, with_certificate(edge, expired)) == b""


def test_plain_http_is_redirected_as_before(edge: Edge) -> None:
    assert edge.request("GET", "/", tls=False).status == 301
