"""The firewall refuses attacks in the service's format, and lets the API's own requests pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from tests.deploy.edge.waf.waf_server import Firewall

pytestmark = pytest.mark.needs("nginx", "modsecurity")

ROWS = "/api/v1/opportunities"
ATTACK = "<script>alert(document.cookie)</script>"


def test_an_attack_in_a_body_gets_a_403_in_the_services_format(waf: Firewall, token: str) -> None:
    response = waf.request("POST", ROWS, token=token, body={"title": ATTACK})

    made = response.header("X-Request-Id")
    assert response.status == 403
    assert response.json["error"] == "Forbidden"
    assert response.json["code"] == "blocked_by_firewall"
    assert response.json["requestId"] == made
    assert made
    assert made in response.json["message"]
    assert response.header("Content-Type") == "application/json; charset=utf-8"
    for name, value in EVERYWHERE.items():
        assert response.header(name) == value, name
    assert {941100, 949110} <= waf.refused_by(response)


def test_every_method_of_the_api_passes(waf: Firewall, token: str) -> None:
    made = waf.request(
        "POST", ROWS, token=token, body={"title": "Intern", "category": "internship"}
    )
    assert made.status == 201
    row = f"{ROWS}/{made.json['id']}"
    assert waf.request("PUT", row, token=token, body={"title": "Two"}).status == 200
    assert waf.request("PATCH", row, token=token, body={"notes": "Three"}).status == 200
    assert waf.request("GET", row, token=token).json["notes"] == "Three"
    assert waf.request("DELETE", row, token=token).status in {200, 204}
