"""Scrape /metrics as Prometheus does, and parse the samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.servers import Service

TOKEN = "a-token-of-thirty-two-characters-or-more"
LIST = "/api/opportunities"


def figures(text: str) -> dict[str, float]:
    """Return each sample by its name and labels, exactly as printed."""
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def scrape(service: Service) -> dict[str, float]:
    response = service.request("GET", "/metrics", token=TOKEN)
    assert response.status == 200
    return figures(response.body.decode())


def requests(found: dict[str, float], method: str, route: str, status: int) -> float:
    labels = f'method="{method}",route="{route}",status="{status}"'
    return found.get(f"futuretracker_requests_total{{{labels}}}", 0)
