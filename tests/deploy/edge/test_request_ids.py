"""A request has one id: in the edge's log, in the service's, in the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.waiting import wait_for
from tests.web.test_headers import GOOD_IDS

if TYPE_CHECKING:
    from tests.deploy.edge.visitor import Edge
    from tests.support.servers import Service

# Of the bad ones those that a header can hold.
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
def test_an_id_that_fits_is_kept(edge: Edge, service: Service, given: str) -> None:
    answer = edge.ask("POST", "/api/v1/nowhere", headers={"X-Request-Id": given})

    assert answer.header("X-Request-Id") == given
    assert answer.json["requestId"] == given
    assert "REQUEST" in in_the_log(service, given)
    wait_for(lambda: given in edge.ids(), 5)


@pytest.mark.parametrize("given", BAD_IDS)
def test_an_id_that_does_not_fit_is_replaced(edge: Edge, service: Service, given: str) -> None:
    answer = edge.ask("POST", "/api/v1/nowhere", headers={"X-Request-Id": given})

    made = answer.header("X-Request-Id")
    assert made
    assert made not in {given, ""}
    assert "REQUEST" in in_the_log(service, made)
    wait_for(lambda: made in edge.ids(), 5)


def test_every_request_has_its_own(edge: Edge) -> None:
    paths = ["/api/v1/nowhere", "/metrics"] * 5

    assert len({edge.ask("GET", path).header("X-Request-Id") for path in paths}) == len(paths)


def test_what_the_edge_answers_itself_has_the_clients_id_too(edge: Edge) -> None:
    answer = edge.ask("GET", "/metrics", headers={"X-Request-Id": "mine"})

    assert answer.header("X-Request-Id") == "mine"
