"""Where there is one port alone, the figures are asked for at the public URL, with the token."""

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
    """Ask as Prometheus does."""
    place = urlsplit(front.url).netloc
    connection = http.client.HTTPSConnection(place, context=ssl.create_default_context())
    connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert connection.getresponse().status == 200
    connection.close()


def test_a_scrape_with_the_token_is_seen_and_that_of_the_check_is_not(
    edge: Callable[..., Edge],
) -> None:
    front = edge(metrics="", METRICS_TOKEN=TOKEN)
    before = [front.find(ITEM) for _ in range(2)]
    scrape(front)
    after = front.find(ITEM)

    assert {finding.verdict for finding in before} == {Verdict.WARNING}
    assert before[1].found == "Nobody has scraped the metrics since the service started."
    assert after.verdict == Verdict.OK


def test_another_token_than_the_service_s_is_an_error_that_does_not_tell_it(
    edge: Callable[..., Edge],
) -> None:
    finding = edge(metrics="", METRICS_TOKEN=TOKEN).find(ITEM, METRICS_TOKEN=TOKEN[::-1])

    assert finding.verdict == Verdict.ERROR
    assert finding.found.endswith("/metrics answers 404.")
    assert TOKEN[::-1] not in f"{finding}"


def test_a_token_without_a_public_url_is_undecided(edge: Callable[..., Edge]) -> None:
    finding = edge(METRICS_TOKEN=TOKEN).find(ITEM, PUBLIC_URL="")

    assert finding.verdict == Verdict.UNKNOWN
