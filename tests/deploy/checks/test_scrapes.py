"""With a single port, the check reads the metrics at the public URL, with the token."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from futuretracker.checks.finding import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.checks.conftest import Edge

TOKEN = "a-token-of-thirty-two-characters-or-more"
ITEM = "metrics-scraped"


def scrape(front: Edge) -> None:
    """Request the metrics like Prometheus."""
    place = urlsplit(front.url).netloc
    connection = http.client.HTTPSConnection(place, context=ssl.create_default_context())
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert connection.getresponse().status == 200
    connection.close()


def test_the_checks_own_scrape_does_not_count(
    edge: Callable[..., Edge],
) -> None:
    front = edge(metrics="", METRICS_TOKEN=TOKEN)
    before = [front.find(ITEM) for _ in range(2)]
    scrape(front)
    after = front.find(ITEM)

    assert {finding.verdict for finding in before} == {Verdict.WARNING}
    assert before[1].found == "The metrics have not been scraped since the service started."
    assert after.verdict == Verdict.OK


def test_a_wrong_metrics_token_is_an_error_without_the_token(
    edge: Callable[..., Edge],
) -> None:
    finding = edge(metrics="", METRICS_TOKEN=TOKEN).find(ITEM, METRICS_TOKEN=TOKEN[::-1])

    assert finding.verdict == Verdict.ERROR
    assert finding.found.endswith("/metrics returns 404.")
    assert TOKEN[::-1] not in f"{finding}"


def test_a_metrics_token_without_a_public_url_is_undecided(edge: Callable[..., Edge]) -> None:
    finding = edge(METRICS_TOKEN=TOKEN).find(ITEM, PUBLIC_URL="")

    assert finding.verdict == Verdict.UNKNOWN
