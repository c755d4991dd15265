"""gunicorn's request, with the rules of RFC 9112 that gunicorn does not check."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from gunicorn.http.body import Body, ChunkedReader
from gunicorn.http.errors import (
    InvalidChunkSize,
    InvalidHeader,
    InvalidRequestLine,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request
from gunicorn.http.parser import Parser

if TYPE_CHECKING:
    from gunicorn.http.unreader import Unreader

CHUNKS_MOST = 4096  # of a body; each costs some microseconds
# Bytes of a line or of trailers without their end; when more arrive, all are searched again.
CHUNK_LINE_MOST, TRAILERS_MOST = 256, 8190

# A host name or address, with a port (RFC 9110, section 7.2, and RFC 3986, section 3.2).
is_host = re.compile(
    r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?"
).fullmatch
# A path, or a URL of this service (RFC 9112, section 3.2); CONNECT and OPTIONS have others.
_is_target = re.compile(r"/.*|https?://[^/?#].*", re.IGNORECASE).fullmatch


class BoundedChunks(ChunkedReader):
    """Reads a body in chunks, with limits for what is not part of the body."""

    def __init__(self, req: Request, unreader: Unreader) -> None:
        super().__init__(req, unreader)
        self.limit_chunk_size_line, self.limit_trailer_section = CHUNK_LINE_MOST, TRAILERS_MOST
        self._chunks = 0

    def parse_chunk_size(self, unreader: Unreader, data: bytes | None = None) -> object:
        """Return the size of the next chunk, and what was read after its line."""
        self._chunks += 1
        if self._chunks > CHUNKS_MOST:
            raise InvalidChunkSize(b"too many chunks")
        return super().parse_chunk_size(unreader, data)


class StrictRequest(Request):
    """A request; it raises gunicorn's errors while it is read."""

    version: tuple[int, int]
    body: Body

    def parse_request_line(self, line_bytes: bytes) -> None:
        """Read the first line. HTTP/1.2 and later are read as HTTP/1.1 (RFC 9110, section 2.5)."""
        super().parse_request_line(line_bytes)
        if self.method != "CONNECT" and self.uri != "*" and not _is_target(self.uri):
            raise InvalidRequestLine(self.uri)
        self.version = min(self.version, (1, 1))

    def set_body_reader(self) -> None:
        """Check the headers that decide how the request is read."""
        hosts = [value for name, value in self.headers if name == "HOST"]
        if len(hosts) > 1 or (not hosts and self.version >= (1, 1)) or not all(map(is_host, hosts)):
            raise InvalidHeader("HOST", req=self)
        for name, value in self.headers:
            codings = value.lower().split(",") if name == "TRANSFER-ENCODING" else ()
            if any(coding.strip(" \t") != "chunked" for coding in codings):
                raise UnsupportedTransferCoding(value)
        super().set_body_reader()
        if isinstance(self.body.reader, ChunkedReader):
            self.body = Body(BoundedChunks(self, self.unreader))


class StrictParser(Parser):
    """Reads the requests of a connection."""

    mesg_class = StrictRequest
