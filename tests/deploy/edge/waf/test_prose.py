"""Every payload of the corpus in the fields of prose: it is refused, or has no effect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.deploy.edge.waf.corpus.attack import ROWS
from tests.deploy.edge.waf.test_attacks import ATTACKS, PAGE, new_token, state, victim

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.deploy.edge.visitor import Response
    from tests.deploy.edge.waf.waf_server import Firewall

pytestmark = pytest.mark.needs("nginx", "modsecurity")

__all__ = ["new_token", "victim"]  # fixtures

PAYLOADS = sorted(
    {
        one.payload
        for one in ATTACKS
        if isinstance(one.payload, str) and one.payload and one.part != "raw"
    }
)
EACH = 40  # payloads of one user, so that no rate limit refuses one


def write(waf: Firewall, payload: str, token: str, source: str) -> Response:
    """Create an opportunity with the payload in its description and its notes."""
    body = {"title": "Intern", "description": payload, "notes": payload}
    return waf.request("POST", ROWS, token=token, body=body, source=source)


def search(waf: Firewall, payload: str, token: str, source: str) -> Response:
    """Search for the payload."""
    return waf.request("GET", f"{ROWS}?{urlencode({'q': payload})}", token=token, source=source)


def send_all(
    waf: Firewall,
    new_token: Callable[[], str],
    send: Callable[[Firewall, str, str, str], Response],
) -> dict[str, Response]:
    """Send each payload, four at a time."""
    tokens = [new_token() for _ in range(len(PAYLOADS) // EACH + 1)]

    def one(number: int) -> Response:
        turn = number // EACH
        return send(waf, PAYLOADS[number], tokens[turn], f"127.5.{turn}.1")

    with ThreadPoolExecutor(4) as pool:
        return dict(zip(PAYLOADS, pool.map(one, range(len(PAYLOADS))), strict=True))


def check_json(response: Response) -> None:
    assert response.header("Content-Type") == "application/json; charset=utf-8"
    assert response.header("X-Content-Type-Options") == "nosniff"


def test_each_payload_in_prose_is_refused_or_returned_unchanged(
    waf: Firewall, new_token: Callable[[], str], victim: str, owner_url: str
) -> None:
    before = state(owner_url, waf, victim)
    found = send_all(waf, new_token, write)

    for payload, response in found.items():
        check_json(response)
        if "\0" in payload:  # Postgres cannot store a NUL
            assert response.status in {400, 403}, payload
        elif response.status != 403:
            assert response.status == 201, (payload, response.body)
            assert response.json["notes"] == response.json["description"] == payload.strip()
    assert state(owner_url, waf, victim) == before
    refused = sum(response.status == 403 for response in found.values())
    assert f"{refused} of {len(found)} payloads in a description and notes" in PAGE


def test_each_payload_in_a_search_is_refused_or_searched_for(
    waf: Firewall, new_token: Callable[[], str], victim: str, owner_url: str
) -> None:
    before = state(owner_url, waf, victim)
    found = send_all(waf, new_token, search)

    for payload, response in found.items():
        check_json(response)
        # A busy database may need too long for a search; it then says so.
        slow = response.status == 503 and response.json["code"] == "search_timeout"
        assert slow or response.status in {200, 400, 403}, (payload, response.body)
        if response.status == 200:
            assert set(response.json) == {"items", "nextCursor"}
    assert state(owner_url, waf, victim) == before
    refused = sum(response.status == 403 for response in found.values())
    assert f"{refused} of {len(found)} in a search" in PAGE
