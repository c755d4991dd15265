"""Cloudflare or a load balancer may set the client's address, and nobody else may."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

import pytest

from tests.deploy.edge.nginx_server import INCLUDES
from tests.deploy.edge.visitor import logged_ip

if TYPE_CHECKING:
    from tests.deploy.edge.conftest import Begin
    from tests.support.servers import Service

CLOUDFLARE = {
    "# include futuretracker/real-ip-c": "include futuretracker/real-ip-c",
    "set_real_ip_from 173.245.48.0/20": "set_real_ip_from 127.0.66.0/24",
}
BALANCER = {
    "# include futuretracker/real-ip-l": "include futuretracker/real-ip-l",
    "set_real_ip_from 10.0.0.0/24": "set_real_ip_from 127.0.66.0/24",
}
TRUSTED, STRANGER = "127.0.66.1", "127.0.67.1"


def test_cloudflare_sets_the_client_address(begin: Begin, service: Service) -> None:
    says = {"CF-Connecting-IP": "203.0.113.9", "X-Forwarded-For": "198.51.100.1"}
    with begin(nginx=CLOUDFLARE) as edge:
        assert logged_ip(edge, service, TRUSTED, says) == "203.0.113.9"
        assert (
            logged_ip(edge, service, TRUSTED, {"CF-Connecting-IP": "2001:db8::7"}) == "2001:db8::7"
        )
        assert logged_ip(edge, service, TRUSTED, {"X-Forwarded-For": "198.51.100.1"}) == TRUSTED
        assert logged_ip(edge, service, STRANGER, says) == STRANGER


def test_a_load_balancer_sets_the_client_address(begin: Begin, service: Service) -> None:
    with begin(nginx=BALANCER) as edge:
        for said, is_taken in {
            "203.0.113.9": "203.0.113.9",
            "192.0.2.1, 203.0.113.9": "203.0.113.9",  # the client itself sent the first address
            f"192.0.2.1, 203.0.113.9, {TRUSTED}": "203.0.113.9",
        }.items():
            assert logged_ip(edge, service, TRUSTED, {"X-Forwarded-For": said}) == is_taken
            assert logged_ip(edge, service, STRANGER, {"X-Forwarded-For": said}) == STRANGER
        assert logged_ip(edge, service, TRUSTED, {"CF-Connecting-IP": "203.0.113.9"}) == TRUSTED


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("2001:db8:1:200::1", "2001:db8:1:2ff:a:b:c:d", True),
        ("2001:db8:1:200::1", "2001:db8:1:300::1", False),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("2001:db8::1", "2001:db8::a:b:c:d", True),
        ("203.0.113.9", "203.0.113.10", False),
    ],
)
def test_an_ipv6_network_of_one_customer_shares_a_limit(
    begin: Begin, service: Service, one: str, other: str, *, alike: bool
) -> None:
    small = {"burst=8000": "burst=1", "rate=100r/s": "rate=1r/m"}
    with begin(nginx=CLOUDFLARE | small) as edge:
        asked = [
            edge.request("GET", "/healthz", source=TRUSTED, headers={"CF-Connecting-IP": address})
            for address in (one, one, other)
        ]

    assert [response.status for response in asked] == [200, 200, 429 if alike else 200]


def test_the_listed_networks_are_valid() -> None:
    text = (INCLUDES / "real-ip-cloudflare.conf").read_text()
    networks = [ipaddress.ip_network(n) for n in re.findall(r"(?m)^set_real_ip_from (\S+);", text)]

    assert len(networks) > 20
    assert {network.version for network in networks} == {4, 6}
    assert all(network.is_global for network in networks)
