"""Every header of a response appears once, whether the service or the proxy made it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from tests.deploy.edge.visitor import Edge, Response

ROWS = "/api/v1/opportunities"
# How to get a response from each source.
ASKED = {
    "the service: 200": ("GET", "/api/v1/health", {}),
    "the service: 204": (
        "OPTIONS",
        ROWS,
        {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"},
    ),
    "the service: 401": ("GET", ROWS, {}),
    "the service: 404": ("GET", "/nowhere", {}),
    "the service: 405": ("PUT", "/api/v1/me", {}),
    "the service, compressed": ("GET", "/api/v1/openapi.json", {"Accept-Encoding": "gzip"}),
    "the service's page, compressed": ("GET", "/docs", {"Accept-Encoding": "gzip"}),
    "the edge: 404": ("GET", "/metrics", {}),
}
LOOSER = {"cache-control", "content-security-policy", "vary"}  # for public documents


def names_of(response: Response) -> list[str]:
    return [name for name, _ in response.fields]


@pytest.mark.parametrize("situation", ASKED)
def test_every_header_of_every_response_appears_once(edge: Edge, situation: str) -> None:
    method, path, headers = ASKED[situation]
    response = edge.request(method, path, headers=headers)

    assert len(names_of(response)) == len(set(names_of(response)))
    for name, value in EVERYWHERE.items():
        if not (name.lower() in LOOSER and response.status == 200):
            assert response.header(name) == value, name
    assert response.header("X-Request-Id")
    assert response.header("Permissions-Policy")
    assert response.header("Cross-Origin-Resource-Policy")


def test_no_header_names_the_software(edge: Edge) -> None:
    for method, path, headers in ASKED.values():
        response = edge.request(method, path, headers=headers)
        assert response.header("Server") in {None, "nginx"}
        assert not {"via", "x-powered-by", "alt-svc"} & set(names_of(response))


def test_metrics_are_not_public(edge: Edge) -> None:
    for path in ("/metrics", "/metrics/", "/metrics?name[]=x", "/%6detrics", "/docs/../metrics"):
        response = edge.request("GET", path)
        assert response.status == 404
        assert json.loads(response.body) == {"error": "Not Found", "message": "Route not found"}
