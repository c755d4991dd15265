"""A body that nginx cannot read to its end leaves no request behind.

ModSecurity waits for bodies. A request that waited, and then got an error of nginx, would count
against the limits for ever: 64 such bodies would lock a token out, and 4000 everybody.
"""

from __future__ import annotations

import itertools
import os
import re
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import pytest
from h2.connection import H2Connection
from h2.exceptions import ProtocolError

from tests.deploy.edge.h2_client import LAX, request
from tests.deploy.edge.visitor import NAME
from tests.deploy.edge.waf.waf_server import WAF
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.edge.waf.conftest import BeginWaf
    from tests.deploy.edge.waf.waf_server import Firewall
    from tests.support import servers

pytestmark = pytest.mark.needs("nginx", "modsecurity")
ROWS = "/api/v1/opportunities"
PAUSE = 0.1  # seconds, so that nginx waits for the next part
numbers = itertools.count(1)
# Room for one request of a token, so one that is left keeps out the next one.
ONE = {
    "futuretracker_tokens 64": "futuretracker_tokens 1",
    "client_body_timeout 10s": "client_body_timeout 1s",
}
BLOCK = b"%x\r\n" % 2**18 + b"x" * 2**18 + b"\r\n"
CHUNKS = {
    "too large together": [BLOCK] * 25,
    "one without a length": [b"5\r\nhello\r\n", b"zz\r\n"],
    "one that ends early": [b"5\r\nhel"],
}
# The length that the headers state, the bytes that follow, and whether the stream then ends.
STREAMS = {
    "too large": (None, 7 * 2**20, True),
    "longer than it says": (10, 20, True),
    "shorter than it says": (30, 20, True),
    "never ends": (None, 20, False),
}


@pytest.fixture(scope="module")
def narrow(service: servers.Service, begin_waf: BeginWaf) -> Iterator[Firewall]:
    with begin_waf(ONE) as running:
        yield running


@pytest.fixture
def token() -> str:
    """What looks like a token, and nobody else has. The service refuses it."""
    return f"x.y.{os.getpid():032}{next(numbers):032}"


def send_chunks(waf: Firewall, line: str, token: str, chunks: list[bytes]) -> None:
    """Send a body in chunks, then read until nginx closes the connection."""
    head = f"{line} HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: Bearer {token}\r\n"
    with closing(waf.connect()) as sock, suppress(OSError):
        sock.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        for chunk in chunks:
            time.sleep(PAUSE)
            sock.sendall(chunk)
        while sock.recv(65536):
            pass


def send_stream(
    waf: Firewall, line: str, token: str, length: int | None, size: int, *, ends: bool
) -> None:
    """Send a body over HTTP/2, until it ends or nginx wants no more of it."""
    context = waf.context()
    context.set_alpn_protocols(["h2"])
    wire = H2Connection(LAX)
    wire.initiate_connection()
    fields = [("authorization", f"Bearer {token}")]
    fields += [("content-length", str(length))] if length else []
    method, path = line.split()
    wire.send_headers(1, request(method, path, *fields))
    with closing(waf.connect(context=context)) as sock, suppress(OSError, ProtocolError):
        sock.settimeout(2)
        sock.sendall(wire.data_to_send())
        time.sleep(PAUSE)
        while size:
            part = min(size, wire.local_flow_control_window(1), wire.max_outbound_frame_size)
            if part:
                size -= part
                wire.send_data(1, b"x" * part, end_stream=ends and not size)
                sock.sendall(wire.data_to_send())
            elif received := sock.recv(65536):
                wire.receive_data(received)
            else:
                return
        while sock.recv(65536):
            pass


def assert_nothing_is_left(waf: Firewall, token: str) -> None:
    wait_for(lambda: waf.request("GET", ROWS, token=token).status == 401)


@pytest.mark.parametrize("line", [f"POST {ROWS}", f"DELETE {ROWS}", f"POST {ROWS}/import"])
@pytest.mark.parametrize("chunks", CHUNKS)
def test_of_chunks(narrow: Firewall, token: str, line: str, chunks: str) -> None:
    send_chunks(narrow, line, token, CHUNKS[chunks])

    assert_nothing_is_left(narrow, token)


@pytest.mark.parametrize("line", [f"POST {ROWS}", f"DELETE {ROWS}", f"POST {ROWS}/import"])
@pytest.mark.parametrize("stream", STREAMS)
def test_of_a_stream(narrow: Firewall, token: str, line: str, stream: str) -> None:
    length, size, ends = STREAMS[stream]
    send_stream(narrow, line, token, length, size, ends=ends)

    assert_nothing_is_left(narrow, token)


def test_a_request_is_refused_after_its_body() -> None:
    """Otherwise nginx would read the body for the second inspection of a refused request."""
    ours = "".join(path.read_text() for path in WAF.glob("*.conf"))
    rules = re.findall(r"(?m)^Sec(?:Rule|Action)(?:.*\\\n)+.*$", ours)
    refusing = [rule for rule in rules if "status:403" in rule]

    assert len(refusing) > 20
    assert [rule for rule in refusing if "phase:2" not in rule] == []
