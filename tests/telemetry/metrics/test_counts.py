"""Which requests and scrapes are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import ORIGIN
from tests.support.waiting import wait_for
from tests.telemetry.metrics.scrape import LIST, TOKEN, figures, requests, scrape

if TYPE_CHECKING:
    from collections.abc import Callable

    from futuretracker.commands.local.issuer import Issuer
    from tests.support.servers import Service

    Serve = Callable[..., Service]


def test_every_response_is_counted_by_its_route(serve: Serve, issuer: Issuer) -> None:
    service = serve(METRICS_TOKEN=TOKEN, RATE_LIMIT_WRITE="1 per 15 minutes")
    token = issuer.token("user_metrics", ttl=600, azp=ORIGIN)
    service.request("GET", LIST, token=token)
    service.request("GET", LIST)
    service.request("GET", "/no/such/path")
    service.request("GET", f"{LIST}/00000000-0000-4000-8000-000000000000", token=token)
    service.request("POST", LIST, token=token, body=b"{" + b" " * 2**20 + b"}")
    service.request("POST", LIST, token=token, body={"title": "x"})
    service.request("BREW", LIST)
    service.raw(b"nonsense\r\n\r\n")
    expected = [
        ("GET", LIST, 200),
        ("GET", LIST, 401),
        ("GET", "unmatched", 404),
        ("GET", f"{LIST}/<opportunity_id>", 404),
        ("POST", LIST, 413),
        ("POST", LIST, 429),
        ("other", "unmatched", 405),
    ]
    # A worker that is not scraped itself updates its counts once a second.
    wait_for(
        lambda: [requests(scrape(service), *each) for each in expected] == [1] * 7,
        5,
        "each is counted once",
    )
    found = scrape(service)

    assert [value for name, value in found.items() if 'route="worker",status="400"' in name] == [1]
    durations = f'futuretracker_request_duration_seconds_count{{method="GET",route="{LIST}"}}'
    assert found[durations] == 2


def test_a_repeated_idempotency_key_is_counted_by_its_outcome(serve: Serve, issuer: Issuer) -> None:
    service = serve(METRICS_TOKEN=TOKEN)
    token, named = issuer.token("user_repeats", ttl=600, azp=ORIGIN), {"Idempotency-Key": "key"}
    for title, status in (("a", 201), ("a", 201), ("a", 201), ("b", 422)):
        response = service.request("POST", LIST, token=token, body={"title": title}, headers=named)
        assert response.status == status
    name = 'futuretracker_repeated_idempotency_keys_total{outcome="%s"}'
    wait_for(
        lambda: [scrape(service)[name % one] for one in ("replayed", "reused")] == [2, 1],
        what="each outcome is counted",
    )

    assert [scrape(service)[name % one] for one in ("in_progress", "outdated")] == [0, 0]


def test_a_scrape_of_the_check_command_is_not_recorded(serve: Serve) -> None:
    service = serve(METRICS_TOKEN=TOKEN)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    last = "futuretracker_last_scrape_timestamp_seconds"
    check = service.request(
        "GET", "/metrics", headers={**bearer, "User-Agent": "futuretracker-check"}
    )

    assert figures(check.body.decode())[last] == 0
    service.request("GET", "/metrics", headers={**bearer, "User-Agent": "Prometheus/2.42.0"})
    assert scrape(service)[last] > 0
