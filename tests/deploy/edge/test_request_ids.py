"""A request has the same id in the proxy's log, in the service's log and in the response."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_for
from tests.web.test_headers import GOOD_IDS

if TYPE_CHECKING:
    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service

# Those of the invalid ids that a header can contain.
BAD_IDS = [
    "",
    "a b",
    "x" * 129,
    "a\tb",
    "a,b",
    "a/b",
    '"a"',
    "<script>",
    "${jndi:ldap://x}",
    "{env.HOME}",
]


def in_the_log(service: Service, request_id: str | None) -> list[str]:
    return [line["type"] for line in service.lines() if line.get("requestId") == request_id]


@pytest.mark.parametrize("given", GOOD_IDS)
def test_a_valid_id_is_kept(edge: Edge, service: Service, given: str) -> None:
    response = edge.request("POST", "/api/v1/nowhere", headers={"X-Request-Id": given})

    assert response.header("X-Request-Id") == given
    assert response.json["requestId"] == given
    assert "REQUEST" in in_the_log(service, given)
    wait_for(lambda: given in edge.ids())


@pytest.mark.parametrize("given", BAD_IDS)
def test_an_invalid_id_is_replaced(edge: Edge, service: Service, given: str) -> None:
    response = edge.request("POST", "/api/v1/nowhere", headers={"X-Request-Id": given})

    made = response.header("X-Request-Id")
    assert made
    assert made not in {given, ""}
    assert "REQUEST" in in_the_log(service, made)
    wait_for(lambda: made in edge.ids())


def test_every_request_has_its_own_id(edge: Edge) -> None:
    paths = ["/api/v1/nowhere", "/metrics"] * 5

    assert len({edge.request("GET", path).header("X-Request-Id") for path in paths}) == len(paths)


def test_errors_of_the_proxy_have_the_clients_id(edge: Edge) -> None:
    response = edge.request("GET", "/metrics", headers={"X-Request-Id": "mine"})

    assert response.header("X-Request-Id") == "mine"
