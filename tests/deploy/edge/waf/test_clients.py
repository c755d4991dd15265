"""HTTP/2, chunked and large bodies are inspected, and the log has the client's own address."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from futuretracker.web.request import MAX_FILE
from tests.deploy.edge.h2_client import request, send
from tests.deploy.edge.nginx.test_real_ip import BALANCER, CLOUDFLARE, TRUSTED
from tests.deploy.edge.test_files import file_of
from tests.deploy.edge.visitor import NAME
from tests.support.clerk import PATH, event, sign, user_object
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.deploy.edge.waf.conftest import BeginWaf
    from tests.deploy.edge.waf.waf_server import Firewall
    from tests.support.servers import Service

pytestmark = pytest.mark.needs("nginx", "modsecurity")

ROWS = "/api/v1/opportunities"
ATTACK = "<script>alert(1)</script>"


def test_a_body_over_http2_is_inspected(waf: Firewall, token: str) -> None:
    sent = request(
        "POST",
        ROWS,
        ("authorization", f"Bearer {token}"),
        ("content-type", "application/json"),
    )
    statuses = [
        send(waf, sent, json.dumps({"title": title}).encode()).status for title in ("Fine", ATTACK)
    ]

    assert statuses == [201, 403]


def test_a_chunked_body_is_inspected(waf: Firewall, token: str) -> None:
    for title, status in (("Fine", b"201"), (ATTACK, b"403")):
        body = json.dumps({"title": title}).encode()
        chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
        head = f"POST {ROWS} HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Bearer {token}\r\n"
        head += "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        assert waf.raw(head.encode() + chunks).startswith(b"HTTP/1.1 " + status)


def test_a_body_that_nginx_writes_to_a_file_is_inspected(waf: Firewall, token: str) -> None:
    """A body over 64 KiB, most of which is no text."""
    spaces = " " * 500_000
    for title, status in (("Fine", 201), (ATTACK, 403)):
        body = f'{{"x": 1, {spaces} "title": {json.dumps(title)}}}'.encode()
        assert waf.request("POST", ROWS, token=token, body=body).status == status


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/vnd.api+json; charset=utf-8",
        'application/json; profile="x/y"',
    ],
)
def test_every_type_of_json_is_accepted_and_inspected(
    waf: Firewall, token: str, content_type: str
) -> None:
    for title, status in (("Fine", 201), (ATTACK, 403)):
        sent = {"Content-Type": content_type}
        response = waf.request("POST", ROWS, token=token, body={"title": title}, headers=sent)
        assert response.status == status


@pytest.mark.parametrize(
    "content_type", ["application/x-php", "application/json; x=${jndi:ldap://x}"]
)
def test_another_type_is_refused(waf: Firewall, token: str, content_type: str) -> None:
    sent = {"Content-Type": content_type}
    response = waf.request("POST", ROWS, token=token, body={"title": "Fine"}, headers=sent)

    assert waf.refused_by(response)


FORM = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="Ada\'s jobs.csv"\r\n'
    b"Content-Type: text/csv\r\n\r\ntitle,notes\nTeam,<script>${jndi:ldap://x}</script>\n\r\n--x--\r\n"
)


@pytest.mark.parametrize(
    ("content_type", "file"),
    [
        ("text/csv", b'title,notes\nSELECT a team; DROP in,"\' OR 1=1 -- <script>x</script>"\n'),
        ("application/json", b'[{"title": "SELECT a team; DROP in", "notes": "../../etc/passwd"}]'),
        ("text/csv", b"title,notes\n" + b"Team,SELECT * FROM teams; DROP TABLE x\n" * 9000),
        ("text/csv; header=present; charset=us-ascii", b"title,notes\nTeam,%uff1cscript\n"),
        ('multipart/form-data; boundary="x"', FORM),
    ],
    ids=["csv", "json", "long", "parameters", "form"],
)
def test_a_file_to_import_may_have_any_text(
    waf: Firewall, token: str, content_type: str, file: bytes
) -> None:
    sent = {"Content-Type": content_type}
    path = f"{ROWS}/import?dry_run=true"
    response = waf.request("POST", path, token=token, body=file, headers=sent)

    assert response.status == 200, response.body
    assert response.json["created"] == 1


def test_a_file_of_five_mib_passes_and_a_larger_one_does_not(waf: Firewall, token: str) -> None:
    path, sent = f"{ROWS}/import?dry_run=true", {"Content-Type": "text/csv"}
    statuses = [
        waf.request("POST", path, token=token, body=file_of(size), headers=sent).status
        for size in (MAX_FILE, MAX_FILE + 1)
    ]

    assert statuses == [200, 413]


PROSE = "SELECT * FROM t WHERE 1=1; <b>hi</b> `ls -la /etc/passwd` rm -rf"


def test_a_batch_may_have_many_fields_and_any_prose(waf: Firewall, token: str) -> None:
    fields = {"company": "Example Ltd", "status": "saved", "notes": PROSE}
    operations = [
        {"op": "create", "values": {"title": f"Team {number}", **fields}} for number in range(100)
    ]

    response = waf.request("POST", f"{ROWS}/batch", token=token, body={"operations": operations})

    assert response.status == 200, response.body
    assert response.json["results"][99]["opportunity"]["notes"] == PROSE


SQL = "1' UNION SELECT name FROM users --"


# Where a body is not read, and what is sent there.
UNREAD = {
    "batch": (f"{ROWS}/batch", "application/json", b'{"operations": []}'),
    "json": (f"{ROWS}/import", "application/json", b'[{"title": "Fine"}]'),
    "csv": (f"{ROWS}/import", "text/csv", b"title\nFine\n"),
    "form": (f"{ROWS}/import", 'multipart/form-data; boundary="x"', FORM),
}


@pytest.mark.parametrize("sent", UNREAD)
@pytest.mark.parametrize(
    ("query", "headers"),
    [
        (f"?x={quote(SQL)}", {}),
        ("", {"Cookie": f"x={SQL}"}),
        ("", {"User-Agent": f"Agent {SQL}"}),
        ("", {"User-Agent": f"Agent {ATTACK}"}),
    ],
    ids=["query", "cookie", "agent", "header"],
)
def test_what_surrounds_a_batch_or_a_file_is_inspected(
    waf: Firewall, sent: str, query: str, headers: dict[str, str]
) -> None:
    path, content_type, body = UNREAD[sent]
    headers = {"Content-Type": content_type, **headers}
    response = waf.request("POST", f"{path}{query}", body=body, headers=headers)

    assert waf.refused_by(response)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", [f"{ROWS}/batch", f"{ROWS}/import"])
def test_another_method_there_is_inspected(waf: Firewall, method: str, path: str) -> None:
    body = None if method == "GET" else {"title": SQL}
    query = f"?x={quote(SQL)}" if method == "GET" else ""

    assert waf.refused_by(waf.request(method, f"{path}{query}", body=body))


@pytest.mark.parametrize("path", [f"{ROWS}/batch", f"{ROWS}/import"])
def test_another_type_there_gets_the_415_of_the_service(
    waf: Firewall, token: str, path: str
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"title;notes\nTeam;a=b&c\n" * 9000

    fine = waf.request("POST", path, token=token, body=body, headers=headers)
    refused = waf.request("POST", path, token=token, body={"title": SQL}, headers=headers)

    assert fine.status == 415
    assert waf.refused_by(refused)


def test_a_signed_webhook_is_not_inspected(waf: Firewall) -> None:
    user = user_object(f"user_waf{os.getpid()}", "ada@example.com", updated_at=1)
    body = event("user.updated", **user, public_metadata={"bio": f"{ATTACK} {'x' * 2000}"})

    assert waf.request("POST", PATH, body=body, headers=sign(body)).status == 200


@pytest.mark.parametrize(
    ("changes", "header"), [(CLOUDFLARE, "CF-Connecting-IP"), (BALANCER, "X-Forwarded-For")]
)
def test_behind_a_proxy_the_log_has_the_clients_address(
    service: Service, begin_waf: BeginWaf, changes: Mapping[str, str], header: str
) -> None:
    with begin_waf(changes) as waf:
        response = waf.request(
            "GET", f"{ROWS}?x={ATTACK}", headers={header: "203.0.113.9"}, source=TRUSTED
        )
        assert response.status == 403
        made = str(response.header("X-Request-Id"))
        wait_for(lambda: waf.audited(made))
        assert {line["client_ip"] for line in waf.audited(made)} == {"203.0.113.9"}


def test_json_with_a_wrong_type_gets_the_error_of_the_service(waf: Firewall, token: str) -> None:
    fields = ("authorization", f"Bearer {token}"), ("content-type", "text/html")
    over_http2 = send(waf, request("POST", ROWS, *fields), b'{"title": "Fine"}')
    headers = {"Content-Type": "text/html"}
    response = waf.request("POST", ROWS, token=token, body={"title": "Fine"}, headers=headers)

    assert over_http2.status == response.status == 415


@pytest.mark.parametrize(
    ("coding", "status"), [("identity", 201), ("", 201), ("gzip", 415), ("x;y", 403), ("${x}", 403)]
)
def test_a_coding_that_exists_passes(waf: Firewall, token: str, coding: str, status: int) -> None:
    headers = {"Content-Encoding": coding}
    body = {"title": "Fine"}
    response = waf.request("POST", ROWS, token=token, body=body, headers=headers)

    assert response.status == status


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("$set", {"a": 1}, 201),
        ("$where", "1", 201),
        ("status", {"$ne": "x"}, 403),
        ("$a$b", 1, 403),
    ],
)
def test_a_whole_name_may_begin_with_a_dollar(
    waf: Firewall, token: str, field: str, value: object, status: int
) -> None:
    response = waf.request("POST", ROWS, token=token, body={"title": "Fine", field: value})

    assert response.status == status
