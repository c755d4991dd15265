"""The check of the outer walls: a host behind Cloudflare, and each mistake alone."""

from __future__ import annotations

from contextlib import closing, contextmanager
from socket import create_server
from typing import TYPE_CHECKING

import pytest

from futuretracker.checks.finding import Verdict
from tests.deploy.checks.conftest import HOST, nginx
from tests.support.authority import certify
from tests.support.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from futuretracker.checks.finding import Finding
    from tests.deploy.checks.conftest import Edge

    Front = Callable[..., Edge]

UNSET = "ORIGIN_ADDRESS is not set: clients reach this host directly."
BLOCKS = "if ($args ~ etc/passwd) { return 403; }"


@contextmanager
def origin(folder: Path, verify: str, then: str = "") -> Iterator[str]:
    """Run the host's nginx, which Cloudflare would reach; yield its address.

    ``verify`` is how it looks at client certificates.
    """
    place = folder / "origin"
    place.mkdir()
    files = certify(HOST, place)
    pulls = f"ssl_client_certificate {files.authority}; ssl_verify_client {verify}; {then}"
    with nginx(folder / "api.sock", files, place, metrics=pulls) as (https, _):
        yield f"{HOST}:{https}"


def found(front: Edge, address: str) -> tuple[Finding, Finding]:
    """Return the findings of both checks that go past Cloudflare."""
    return (
        front.find("origin-hidden", ORIGIN_ADDRESS=address),
        front.find("origin-pulls", ORIGIN_ADDRESS=address),
    )


@pytest.mark.parametrize(
    "then",
    ["", "error_page 495 496 = @closed; location @closed { return 444; }"],
    ids=["nginx's own response", "no response"],
)
def test_authenticated_origin_pulls_are_recognised(edge: Front, tmp_path: Path, then: str) -> None:
    front = edge()
    with origin(tmp_path, "on", then) as address:
        hidden, pulls = found(front, address)

    assert (hidden.verdict, hidden.found) == (
        Verdict.OK,
        f"{address} gives no response to a client that is not Cloudflare.",
    )
    assert (pulls.verdict, pulls.found) == (
        Verdict.OK,
        f"{address} refuses a client certificate that is not Cloudflare's.",
    )


@pytest.mark.parametrize("verify", ["off", "optional_no_ca"])
def test_a_host_that_serves_everybody_is_an_error(edge: Front, tmp_path: Path, verify: str) -> None:
    front = edge()
    with origin(tmp_path, verify) as address:
        hidden, pulls = found(front, address)

    assert (hidden.verdict, hidden.found) == (
        Verdict.ERROR,
        f"The service responds at {address}, past Cloudflare.",
    )
    assert (pulls.verdict, pulls.cause) == (Verdict.ERROR, "origin-hidden")


def test_a_host_that_accepts_any_certificate_is_an_error(edge: Front, tmp_path: Path) -> None:
    front = edge()
    without = "if ($ssl_client_verify = NONE) { return 403; }"
    with origin(tmp_path, "optional_no_ca", without) as address:
        hidden, pulls = found(front, address)

    assert hidden.verdict == Verdict.OK
    assert (pulls.verdict, pulls.found) == (
        Verdict.ERROR,
        f"The service responds at {address} to any client certificate, or to none.",
    )


def test_a_host_that_a_firewall_closes_is_hidden_and_its_certificate_unknown(edge: Front) -> None:
    address = f"{HOST}:{free_port()}"
    hidden, pulls = found(edge(), address)

    assert (hidden.verdict, hidden.found) == (
        Verdict.OK,
        f"{address} accepts no connection from here.",
    )
    assert pulls.verdict == Verdict.UNKNOWN


def test_a_port_without_tls_is_hidden(edge: Front) -> None:
    """It closes the connection, because it has accepted none that it could read."""
    front = edge()
    hidden, _ = found(front, f"{HOST}:{front.http_port}")

    assert hidden.verdict == Verdict.OK


def test_a_name_that_leads_to_the_host_itself_is_an_error(edge: Front) -> None:
    front = edge()
    address = front.url.removeprefix("https://")
    hidden, _ = found(front, address)

    assert (hidden.verdict, hidden.found) == (
        Verdict.ERROR,
        f"The DNS name of PUBLIC_URL has the address {HOST} itself.",
    )


def test_a_host_that_is_not_behind_cloudflare_is_ok(edge: Front) -> None:
    hidden, pulls = found(edge(), "")

    assert {hidden.found, pulls.found} == {UNSET}
    assert {hidden.verdict, pulls.verdict} == {Verdict.OK}


def test_a_silent_host_is_hidden(edge: Front) -> None:
    with closing(create_server((HOST, 0))) as silent:
        address = f"{HOST}:{silent.getsockname()[1]}"
        hidden, _ = found(edge(), address)

    assert hidden.verdict == Verdict.OK


@pytest.mark.parametrize(
    ("further", "verdict", "text"),
    [
        (BLOCKS, Verdict.OK, "A request that looks like an attack is blocked with 403."),
        ("", Verdict.WARNING, "A request that looks like an attack reaches the service."),
        (
            BLOCKS.replace("403", "503"),
            Verdict.UNKNOWN,
            "The response to a request that looks like an attack is 503.",
        ),
    ],
    ids=["blocked", "passed", "unclear"],
)
def test_a_firewall_is_recognised_by_its_403(
    edge: Front, further: str, verdict: Verdict, text: str
) -> None:
    finding = edge(further=further).find("attacks-blocked")

    assert (finding.verdict, finding.found) == (verdict, text)
