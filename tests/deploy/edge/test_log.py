"""The access log is JSON and contains no secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.deploy.edge.visitor import Edge

SECRETS = {
    "Authorization": "Bearer hunter2",
    "Cookie": "__session=hunter2",
    "Referer": "https://hunter2.example/?token=hunter2",
    "User-Agent": "hunter2",
    "Svix-Signature": "hunter2",
    "X-Anything": "hunter2",
}


def test_neither_headers_nor_the_query_are_logged(edge: Edge) -> None:
    response = edge.request(
        "GET", "/api/v1/opportunities?q=hunter2&cursor=hunter2", headers=SECRETS
    )
    made = response.header("X-Request-Id")
    wait_for(lambda: made in edge.ids())

    text = edge.log.read_text()
    assert "hunter2" not in text
    [line] = [line for line in map(json.loads, text.splitlines()) if made in line.values()]
    assert "/api/v1/opportunities" in json.dumps(line)
    assert "127.0.0.1" in json.dumps(line)
    assert "401" in json.dumps(line)


def test_every_request_is_one_json_line(edge: Edge) -> None:
    tricks = [
        b'GET /a"b\\c HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n',
        b"GET /\xff\xfe HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n",
        b"GET /%22%0a%00 HTTP/1.1\r\nHost: api.example.com\r\nConnection: close\r\n\r\n",
        b'GET / HTTP/1.1\r\nHost: api.example.com\r\nX-Request-Id: "}\r\nConnection: close\r\n\r\n',
        b"\x16\x03\x01\r\n\r\n",
        b'G"T / HTTP/1.1\r\nHost: api.example.com\r\n\r\n',
    ]
    for trick in tricks:
        edge.raw(trick, until=0.3)

    assert all(isinstance(line, dict) for line in edge.logged())
