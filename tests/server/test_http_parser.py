"""A simple request is parsed exactly as gunicorn parses it; gunicorn parses all others."""

from __future__ import annotations

import io
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http.message import Request
from gunicorn.http.unreader import IterUnreader
from gunicorn.http.wsgi import create
from hypothesis import given, settings
from hypothesis import strategies as st

from futuretracker.server import http_parser
from futuretracker.server.connection import SOCKET_FILE
from tests.support.servers import ROOT

CLIENT, SERVER = ("192.0.2.7", 40_000), ("127.0.0.1", 3001)
# What differs by design: gunicorn's callbacks and objects, and what depends on the worker.
ITS_OWN = {
    "wsgi.errors", "wsgi.input", "wsgi.file_wrapper", "wsgi.early_hints", "gunicorn.socket",
    "wsgi.multithread", "wsgi.multiprocess",
}  # fmt: skip
SETTINGS = {"limit_request_line": 8190, "secure_scheme_headers": {}, "forwarder_headers": ""}


@pytest.fixture(scope="module")
def cfg() -> Config:
    cfg = Config()
    for name, value in SETTINGS.items():
        cfg.set(name, value)
    return cfg


def as_gunicorn_reads(cfg: Config, data: bytes) -> tuple[dict[str, Any], bytes, bool]:
    """Return gunicorn's environ, the body, and whether it would keep the connection."""
    request = Request(cfg, IterUnreader([data]), CLIENT)
    _, environ = create(request, None, CLIENT, SERVER, cfg)
    return environ, request.body.read(), not request.should_close()


def check_alike(cfg: Config, data: bytes) -> None:
    ours = http_parser.parse(data, CLIENT, SERVER)
    keeps = http_parser.keeps_alive(ours)
    theirs, body, kept = as_gunicorn_reads(cfg, data)

    assert ours["wsgi.input"].read() == body
    assert keeps == kept
    assert {k: v for k, v in ours.items() if k not in ITS_OWN} == {
        k: v for k, v in theirs.items() if k not in ITS_OWN
    }


GET = b"GET /api/opportunities?limit=25&q=a%20b HTTP/1.1\r\nHost: localhost\r\n"
SIMPLE = {
    "a browser's list": GET
    + b"Authorization: Bearer a.b.c\r\nOrigin: http://localhost:3000\r\nAccept: */*\r\n"
    b"X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\nX-Forwarded-Proto: https\r\n\r\n",
    "a body": b"POST /api/opportunities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b'Content-Length: 13\r\n\r\n{"title":"a"}',
    "bytes in a body": b"POST /x HTTP/1.1\r\nHost: x\r\ncontent-length: 4\r\n\r\n\r\n\xff\0",
    "percent-encoded": b"GET /api/%E2%82%AC%2F%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "no fields but one": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "an empty query": b"GET /a? HTTP/1.1\r\nHost: x\r\n\r\n",
    "two question marks": b"GET /a?b?c HTTP/1.1\r\nHost: x\r\n\r\n",
    "an empty field": GET + b"X-Empty:\r\n\r\n",
    "spaces around a value": GET + b"X-Wide:   a  b   \r\n\r\n",
    "a colon in a value": GET + b"Referer: http://x:80/\r\n\r\n",
    "keep-alive": GET + b"Connection: Keep-Alive\r\n\r\n",
    "close": GET + b"Connection: close\r\n\r\n",
    "HTTP/1.0": b"GET / HTTP/1.0\r\nHost: x\r\n\r\n",
    "HTTP/1.0 without a host": b"GET / HTTP/1.0\r\n\r\n",
    "no host but the field": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "an address as the host": b"GET / HTTP/1.1\r\nHost: [2001:db8::1]:3001\r\n\r\n",
    "a semicolon in a path": b"GET /a;b=c/d:e@f HTTP/1.1\r\nHost: x\r\n\r\n",
}
NOT_SIMPLE = {
    "nothing": b"",
    "half a head": GET,
    "half a body": b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhalf",
    "more than a body": b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nab",
    "two requests": GET + b"\r\n" + GET + b"\r\n",
    "chunks": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a length and chunks": b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"
    b"\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "a length with a sign": b"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\na",
    "a length in other digits": "POST / HTTP/1.1\r\nContent-Length: \u0661\r\n\r\na".encode(),
    "an expectation": b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na",
    "an upgrade": GET + b"Upgrade: h2c\r\n\r\n",
    "another connection": GET + b"Connection: Upgrade, HTTP2-Settings\r\n\r\n",
    "a duplicate field": GET + b"X-Twice: 1\r\nx-twice: 2\r\n\r\n",
    "two hosts": GET + b"Host: elsewhere\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\nAccept: */*\r\n\r\n",
    "a path in the host": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "two ports in the host": b"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n",
    "an underscore": GET + b"X_Forwarded_For: 1.2.3.4\r\n\r\n",
    "a field without a colon": GET + b"Nonsense\r\n\r\n",
    "a field without a name": GET + b": value\r\n\r\n",
    "a space before the colon": GET + b"X-Test : 1\r\n\r\n",
    "a folded field": GET + b"X-Test: 1\r\n 2\r\n\r\n",
    "a tab": GET + b"X-Test: a\tb\r\n\r\n",
    "NUL": GET + b"X-Test: \0\r\n\r\n",
    "a bare line feed": GET + b"X-Test: a\nX-Other: b\r\n\r\n",
    "a bare carriage return": GET + b"X-Test: a\rX-Other: b\r\n\r\n",
    "a byte that is not ASCII": GET + b"X-Test: \xe9\r\n\r\n",
    "an unsupported method": b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in small letters": b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
    "another version": b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
    "HTTP/1.0 with keep-alive": b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "a whole URL": b"GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "two slashes": b"GET //evil/a HTTP/1.1\r\nHost: x\r\n\r\n",
    "an asterisk": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
    "a fragment": b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
    "a space in the target": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
    "an empty line first": b"\r\n" + GET + b"\r\n",
    "a large head": GET + b"X-Large: " + b"x" * 8_200 + b"\r\n\r\n",
    "many fields": GET + b"".join(b"X-%d: 1\r\n" % n for n in range(101)) + b"\r\n",
}


@pytest.mark.parametrize("kind", SIMPLE)
def test_a_simple_request_is_parsed_as_gunicorn_parses_it(cfg: Config, kind: str) -> None:
    check_alike(cfg, SIMPLE[kind])


@pytest.mark.parametrize("kind", NOT_SIMPLE)
def test_every_other_request_is_left_to_gunicorn(kind: str) -> None:
    with pytest.raises(http_parser.NotSimple):
        http_parser.keeps_alive(http_parser.parse(NOT_SIMPLE[kind], CLIENT, SERVER))


# The parts are mostly valid, so that many requests are simple and many are almost simple.
LINES = st.builds(
    "{} {} {}".format,
    st.sampled_from(["GET", "POST", "OPTIONS", "TRACE", "PATCH "]),
    st.one_of(st.sampled_from(["/", "/a?b=%20", "/%", "//a", "*"]), st.text("/?#%a:;@[]|\\ ~")),
    st.sampled_from(["HTTP/1.1", "HTTP/1.0", "HTTP/1.1 "]),
)
NAMES = st.sampled_from([
    "Host", "Content-Type", "Content-Length", "content-length", "Connection", "Accept", "X-A",
    "x-a", "X_A", "Te", "Transfer-Encoding", "Expect", "Trailer", "Cookie", "Proxy",
    "X-Forwarded-Proto", "Script-Name",
])  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(["", "2", "0", "close", "keep-alive", "chunked", "https", "02", "a, b"]),
    st.text('ab ,:;="\t\x7f\xe9\r\n%'),
)
FIELDS = st.lists(st.builds("{}:{}{}".format, NAMES, st.sampled_from(["", " ", "  "]), VALUES))
HOSTS = st.sampled_from(["Host: localhost", "Host: localhost:3001", "host:[::1]", "Accept: */*"])
REQUESTS = st.builds(
    lambda line, host, fields, body: (
        "\r\n".join([line, host, *fields, "", ""]).encode("latin-1") + body
    ),
    LINES, HOSTS, FIELDS, st.sampled_from([b"", b"{}", b"GET "]),
)  # fmt: skip


@settings(max_examples=3000, deadline=None)
@given(REQUESTS)
def test_every_simple_request_is_parsed_as_gunicorn_parses_it(data: bytes) -> None:
    cfg = Config()
    for name, value in SETTINGS.items():
        cfg.set(name, value)
    try:
        http_parser.keeps_alive(http_parser.parse(data, CLIENT, SERVER))
    except http_parser.NotSimple:
        return
    check_alike(cfg, data)


def test_the_settings_of_this_test_are_those_of_the_service() -> None:
    text = (ROOT / "gunicorn.conf.py").read_text()

    assert "limit_request_line = 8190" in text
    assert "secure_scheme_headers: dict[str, str] = {}" in text
    assert 'forwarder_headers = ""' in text
    assert 'http_parser = "python"' in text


def test_a_socket_file_has_no_addresses() -> None:
    environ = http_parser.parse(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "", SOCKET_FILE)

    assert environ["REMOTE_ADDR"] == ""
    assert environ["SERVER_NAME"]
    assert isinstance(environ["wsgi.input"], io.BytesIO)
