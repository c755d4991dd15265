"""The firewall refuses attacks in the service's format, and lets the API's own requests pass."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import pytest

from tests.deploy.edge.h2_client import request, send
from tests.deploy.edge.test_errors import LISTED
from tests.deploy.edge.visitor import NAME
from tests.support.waiting import wait_for
from tests.web.test_headers import EVERYWHERE

if TYPE_CHECKING:
    from tests.deploy.edge.waf.conftest import BeginWaf
    from tests.deploy.edge.waf.waf_server import Firewall
    from tests.support.servers import Service

pytestmark = pytest.mark.needs("nginx", "modsecurity")

ROWS = "/api/v1/opportunities"
ATTACK = "<script>alert(document.cookie)</script>"


def nested(depth: int) -> object:
    return [nested(depth - 1)] if depth else 1


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


def test_outside_v1_a_refusal_has_neither_code_nor_id(waf: Firewall) -> None:
    response = waf.request("GET", f"/api/opportunities?status={ATTACK}")

    assert response.status == 403
    assert set(response.json) == {"error", "message"}


def test_a_listed_origin_may_read_a_refusal(waf: Firewall) -> None:
    response = waf.request("POST", ROWS, body={"title": ATTACK}, headers={"Origin": LISTED})

    assert response.status == 403
    assert response.header("Access-Control-Allow-Origin") == LISTED


def test_a_refused_request_does_not_reach_the_service(
    waf: Firewall, service: Service, token: str
) -> None:
    response = waf.request("POST", ROWS, token=token, body={"title": ATTACK})
    later = waf.request("POST", ROWS, token=token, body={"title": "Fine"})

    ids = {line.get("requestId") for line in service.lines()}
    assert later.header("X-Request-Id") in ids
    assert response.header("X-Request-Id") not in ids


def test_a_body_is_read_as_json_whatever_it_is_called(waf: Firewall, token: str) -> None:
    body = json.dumps({"title": ATTACK}).encode()
    for kind in ("application/json; charset=utf-8", "application/merge-patch+json", "text/plain"):
        headers = {"Content-Type": kind}
        response = waf.request("POST", ROWS, token=token, body=body, headers=headers)
        assert 941100 in waf.refused_by(response), kind
    assert 941100 in waf.refused_by(waf.request("POST", ROWS, token=token, body=body))


def test_what_the_firewall_cannot_read_the_service_refuses(waf: Firewall, token: str) -> None:
    """No body gets past the firewall by being JSON to the service only."""
    attack = json.dumps({"title": ATTACK})
    odd = [
        b"\xef\xbb\xbf" + attack.encode(),
        *(attack.encode(coding) for coding in ("utf-16", "utf-16-le", "utf-32")),
        *(attack.encode() + end for end in (b",", b"}", b"\x00", b"{}", b"\xff", b" // x")),
        *(attack.replace(",", sign).encode() for sign in ("/**/,", ",,", "#\n,")),
        attack.replace('"title"', "title").encode(),
        attack.replace('"', "'").encode(),
        attack.replace("<", "\x01<").encode(),
        attack.replace("<", "\\x3c").encode(),
        attack.replace("}", ', "x": NaN}').encode(),
        attack.replace("}", ', "x": 01}').encode(),
        attack.replace("}", ', "x": "\udc00"}').encode(errors="surrogatepass"),
        b'{"x": ' + b"[" * 70 + b"]" * 70 + attack.replace("{", ", ").encode(),
        b'{"x": 1' + attack.replace("{", ", ").encode()[:-1],
        b'{"a":' + b"1," * 300 + attack.encode()[1:],
        gzip.compress(attack.encode()),
    ]
    for body in odd:
        headers = {"Content-Type": "application/json"}
        response = waf.request("POST", ROWS, token=token, body=body, headers=headers)
        assert response.status in {400, 403}, body
        if response.status == 400:
            assert response.json["error"] == "Invalid JSON", body


def test_with_detection_only_the_request_passes_and_is_logged(
    service: Service, begin_waf: BeginWaf, token: str
) -> None:
    with begin_waf({"SecRuleEngine On": "SecRuleEngine DetectionOnly"}) as detecting:
        response = detecting.request("POST", ROWS, token=token, body={"title": ATTACK})

        assert response.status == 201
        made = str(response.header("X-Request-Id"))
        wait_for(lambda: 949110 in detecting.matched(made))
        # What takes too long to inspect is not inspected here either.
        slow = detecting.request("POST", ROWS, token=token, body={"x": "<script>" * 100})
        made = str(slow.header("X-Request-Id"))
        wait_for(lambda: detecting.audited(made))
        assert detecting.matched(made) == {10013}


def test_with_a_full_audit_log_attacks_are_still_refused(
    service: Service, begin_waf: BeginWaf, token: str
) -> None:
    with begin_waf({"/audit/audit.log": "/audit/../../../../../dev/full"}) as full:
        for _ in range(20):
            refused = full.request("POST", ROWS, token=token, body={"title": ATTACK})
            assert refused.status == 403
        passed = full.request("POST", ROWS, token=token, body={"title": "Fine"})
        assert passed.status == 201


@pytest.mark.parametrize(
    ("rule", "path", "body", "headers"),
    [
        (10010, ROWS, {"description": "x " * 20_000, "notes": "x " * 20_000}, {}),
        (10011, ROWS, {f"field{n}": n for n in range(51)}, {}),
        (10024, f"{ROWS}?{'&'.join(f'x{n}=1' for n in range(65))}", None, {}),
        (10012, ROWS, {"x": nested(100)}, {}),
        (10013, ROWS, {"x": "<" * 200}, {}),
        (10013, f"{ROWS}?x={'%3C' * 200}", None, {}),
        (10013, ROWS, None, {"X-Anything": "< " * 1000}),
        (10014, ROWS, {"title": "x" * 1001}, {}),
        (10015, ROWS, {"link": "https://example.com/" + "x" * 8192}, {}),
        (10019, ROWS, {f"field{n}": "x" * 950 for n in range(22)}, {}),
        (10023, ROWS, {f"field{n}": "x" * 900 for n in range(9)}, {}),
        (10020, ROWS, None, {"Cookie": "; ".join(f"c{n}=1" for n in range(51))}),
    ],
)
def test_what_would_take_too_long_is_refused_at_once(
    waf: Firewall, rule: int, path: str, body: object, headers: dict[str, str]
) -> None:
    response = waf.request("POST" if body else "GET", path, body=body, headers=headers)

    assert waf.refused_by(response) == {rule}


def test_a_second_header_of_cookies_is_refused(waf: Firewall) -> None:
    head = f"GET /api/v1/health HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n"

    assert waf.raw(f"{head}Cookie: a=1\r\n\r\n".encode()).startswith(b"HTTP/1.1 200 ")
    two = waf.raw(f"{head}Cookie: a=1\r\nCookie: b=2\r\n\r\n".encode())
    assert two.startswith(b"HTTP/1.1 403 ")


def test_over_http2_a_browser_may_send_each_cookie_in_a_field_of_its_own(waf: Firewall) -> None:
    cookies = (("cookie", "a=1"), ("cookie", "b=2"))

    assert send(waf, request("GET", "/api/v1/health", *cookies)).status == 200


def test_as_many_fields_and_cookies_as_a_client_can_have_pass(waf: Firewall, token: str) -> None:
    body = {"title": "x", **{f"field{n}": n for n in range(49)}}
    headers = {"Cookie": "; ".join(f"c{n}=1" for n in range(50))}
    response = waf.request("POST", ROWS, token=token, body=body, headers=headers)

    assert response.status == 201


def test_long_honest_texts_pass(waf: Firewall, token: str) -> None:
    body = {
        "title": "\U0001f680" * 200,
        "link": "https://example.com/" + "x" * 2028,
        "description": "\u6771" * 5000,
        "notes": "a line (with brackets)\n" * 200,
        "company": "\U0001f680" * 200,
        "location": "\U0001f680" * 200,
        "pay": "\U0001f680" * 200,
        "contact": "\U0001f680" * 500,
        "tags": [f"{n:02}" + "\U0001f680" * 48 for n in range(20)],
    }
    assert waf.request("POST", ROWS, token=token, body=body).status == 201
