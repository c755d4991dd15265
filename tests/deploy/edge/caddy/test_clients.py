"""A load balancer may set the client's address, and nobody else may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.deploy.edge.visitor import logged_ip

if TYPE_CHECKING:
    from tests.deploy.edge.conftest import Begin
    from tests.support.servers import Service

TRUSTED, STRANGER = "127.0.66.1", "127.0.67.1"
BALANCER = {
    "# trusted_proxies static 10.0.0.0/24": "trusted_proxies static 127.0.66.0/24",
    "# trusted_proxies_strict": "trusted_proxies_strict",
}
CLOUDFLARE = {
    "# trusted_proxies static 10.0.0.0/24": "trusted_proxies static 127.0.66.0/24",
    "# client_ip_headers CF-Connecting-IP": "client_ip_headers CF-Connecting-IP",
}


def test_a_load_balancer_sets_the_client_address(begin: Begin, service: Service) -> None:
    says = {"X-Forwarded-For": "192.0.2.1, 203.0.113.9"}  # the client itself sent the first address
    with begin(caddy=BALANCER) as edge:
        assert logged_ip(edge, service, TRUSTED, says) == "203.0.113.9"
        assert logged_ip(edge, service, STRANGER, says) == STRANGER


def test_cloudflare_sets_the_client_address(begin: Begin, service: Service) -> None:
    says = {"CF-Connecting-IP": "203.0.113.9", "X-Forwarded-For": "198.51.100.1"}
    with begin(caddy=CLOUDFLARE) as edge:
        assert logged_ip(edge, service, TRUSTED, says) == "203.0.113.9"
        assert logged_ip(edge, service, STRANGER, says) == STRANGER
