"""Access to /metrics: with the token or on its own port; otherwise it is a 404."""

from __future__ import annotations

from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING

from tests.conftest import ORIGIN
from tests.support.servers import free_port
from tests.telemetry.metrics.scrape import LIST, TOKEN, scrape

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

    Serve = Callable[..., Service]


def test_without_a_configured_token_metrics_is_a_404(serve: Serve) -> None:
    service = serve()
    asked, unknown = (service.request("GET", path) for path in ("/metrics", "/nothing"))

    assert asked.status == unknown.status == 404
    assert asked.body == unknown.body.replace(b"/nothing", b"/metrics")


def test_a_wrong_token_gets_the_404_of_an_unknown_path(serve: Serve) -> None:
    service = serve(METRICS_TOKEN=TOKEN)
    unknown = service.request("GET", "/nothing").body.replace(b"/nothing", b"/metrics")
    for sent in (None, f"Bearer {TOKEN}x", f"Digest {TOKEN}", "Bearer", f"Bearer {TOKEN[:-1]}"):
        headers = {"Authorization": sent} if sent else {}
        response = service.request("GET", "/metrics", headers=headers)
        assert (response.status, response.body) == (404, unknown), sent
    refused = [line for line in service.lines() if line["type"] == "AUTH"]

    assert {line["reason"] for line in refused} == {"metrics-token-invalid"}
    assert TOKEN not in service.output.read_text()
    name = 'futuretracker_authentication_failures_total{reason="metrics-token-invalid"}'
    assert scrape(service)[name] == len(refused) == 4


def test_the_metrics_port_serves_no_api_and_the_api_port_no_metrics(
    serve: Serve, issuer: Issuer
) -> None:
    port = free_port()
    service = serve(METRICS_PORT=str(port))
    token = issuer.token("user_metrics", ttl=600, azp=ORIGIN)

    def inside(target: str, host: str = f"127.0.0.1:{service.port}") -> int:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        connection.putrequest("GET", target, skip_host=True)
        for name, value in {
            "Host": host,
            "Authorization": f"Bearer {token}",
            "X-Forwarded-Port": str(service.port),
            "X-Forwarded-Host": host,
        }.items():
            connection.putheader(name, value)
        connection.endheaders()
        with closing(connection):
            return connection.getresponse().status

    assert (inside("/metrics"), inside("/healthz")) == (200, 200)
    for target in (LIST, "/api/v1/health", "/docs", f"http://127.0.0.1:{service.port}{LIST}"):
        assert inside(target) == 404, target
    lie = {"Host": f"127.0.0.1:{port}", "X-Forwarded-Port": str(port)}
    assert service.request("GET", "/metrics", headers=lie).status == 404
    absolute = f"GET http://127.0.0.1:{port}/metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    whole = f"{absolute}Connection: close\r\n\r\n"
    assert b" 404 " in service.raw(whole.encode()).splitlines()[0]
