"""An HTTP/2 client that can also send what the protocol forbids."""

from __future__ import annotations

import ssl
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.exceptions import ProtocolError

from tests.deploy.edge.visitor import NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.deploy.edge.visitor import Edge

ENDS = (events.StreamEnded, events.StreamReset, events.ConnectionTerminated)
LAX = H2Configuration(
    header_encoding="latin-1",
    validate_outbound_headers=False,
    normalize_outbound_headers=False,
)


@dataclass
class Heard:
    """The response on one stream; the status is None if the proxy reset the stream."""

    status: int | None = None
    fields: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def send(edge: Edge, headers: Sequence[tuple[str, str]], body: bytes | None = None) -> Heard:
    """Send a request on a new connection; wait until the stream ends."""
    context = edge.context()
    context.set_alpn_protocols(["h2"])
    heard = Heard()
    with closing(edge.connect(context=context)) as sock:
        assert isinstance(sock, ssl.SSLSocket)
        assert sock.selected_alpn_protocol() == "h2"
        sock.settimeout(60)
        wire = H2Connection(LAX)
        wire.initiate_connection()
        wire.send_headers(1, headers, end_stream=body is None)
        if body is not None:
            wire.send_data(1, body, end_stream=True)
        with suppress(OSError, ProtocolError):  # the proxy may close the connection
            sock.sendall(wire.data_to_send())
            while data := sock.recv(65536):
                happened = wire.receive_data(data)
                sock.sendall(wire.data_to_send())
                _note(heard, happened)
                if any(isinstance(event, ENDS) for event in happened):
                    break
    return heard


def _note(heard: Heard, happened: Sequence[events.Event]) -> None:
    for event in happened:
        if isinstance(event, events.ResponseReceived):
            fields = [(_text(name), _text(value)) for name, value in event.headers]
            heard.status, heard.fields = int(fields[0][1]), fields[1:]
        elif isinstance(event, events.DataReceived):
            heard.body += event.data


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def request(method: str, path: str, *further: tuple[str, str]) -> list[tuple[str, str]]:
    """Return the headers of a valid request, followed by further ones."""
    first = [(":method", method), (":scheme", "https"), (":authority", NAME), (":path", path)]
    return [*first, *further]
