"""Parse simple requests, which is what almost every client sends, into a WSGI environ.

A simple request has arrived completely and can be read in only one way: one request line, each
header once, names of letters, digits and dashes, printable ASCII, and either no body or one with a
Content-Length. This module rejects no request: gunicorn's parser reads or rejects all others. A
test checks that both parsers return the same environ.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from gunicorn import SERVER_SOFTWARE

from futuretracker.server.strict_request import is_host
from futuretracker.web.request import METHODS

MAX_HEAD = 8190  # bytes: below all of gunicorn's limits for a line, a field, all fields
MAX_FIELDS = 100
PRINTABLE = bytes(range(0x20, 0x7F))
# Headers that change where a request ends, or how the server must respond.
DECISIVE = frozenset({"TRANSFER-ENCODING", "EXPECT", "UPGRADE", "HTTP2-SETTINGS"})
UNPREFIXED = {"CONTENT-TYPE": "CONTENT_TYPE", "CONTENT-LENGTH": "CONTENT_LENGTH"}
_NAME = re.compile(r"[A-Za-z0-9-]+").fullmatch
# A path that begins with one slash, and no fragment.
_TARGET = re.compile(r"/(?:(?!/)[!-\"$-~]*)?").fullmatch
_LENGTH = re.compile(r"[0-9]{1,5}").fullmatch


class NotSimple(ValueError):
    """gunicorn's parser must read this request."""


def parse(data: bytes, client: Any, server: Any) -> dict[str, Any]:
    """Return the environ of a simple request; raise NotSimple.

    ``client`` and ``server`` are the addresses of the socket's two ends.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    if not end or len(head) > MAX_HEAD:
        raise NotSimple
    line, *fields = head.decode("latin-1").split("\r\n")
    # Only printable ASCII between the ends of the lines: no bare CR or LF.
    if head.translate(None, PRINTABLE) != b"\r\n" * len(fields) or len(fields) > MAX_FIELDS:
        raise NotSimple
    environ = _request(line) | _addresses(client, server)
    for field in fields:
        name, colon, value = field.partition(":")
        key = _key(name)
        if not colon or key in environ:
            raise NotSimple
        environ[key] = value.strip(" ")
    length = environ.get("CONTENT_LENGTH", "0")
    if not _LENGTH(length) or int(length) != len(body):
        raise NotSimple
    _check_host(environ)
    environ["wsgi.input"] = BytesIO(body)
    return environ


def keeps_alive(environ: dict[str, Any]) -> bool:
    """Return whether the client wants to keep the connection; raise NotSimple if it is unclear."""
    option = environ.get("HTTP_CONNECTION")
    if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        if option:
            raise NotSimple
        return False
    if option and option.lower() not in {"keep-alive", "close"}:
        raise NotSimple
    return not option or option.lower() == "keep-alive"


def _request(line: str) -> dict[str, Any]:
    method, _, rest = line.partition(" ")
    target, _, version = rest.partition(" ")
    if method not in METHODS or version not in {"HTTP/1.1", "HTTP/1.0"} or not _TARGET(target):
        raise NotSimple
    path, _, query = target.partition("?")
    return {
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "SERVER_SOFTWARE": SERVER_SOFTWARE,
        "SERVER_PROTOCOL": version,
        "REQUEST_METHOD": method,
        "RAW_URI": target,
        "QUERY_STRING": query,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in path else path,
    }


def _check_host(environ: dict[str, Any]) -> None:
    host = environ.get("HTTP_HOST")
    if host is None:
        if environ["SERVER_PROTOCOL"] != "HTTP/1.0":
            raise NotSimple
    elif not is_host(host):
        raise NotSimple


def _addresses(client: Any, server: Any) -> dict[str, str]:
    """Return the environ's addresses; a client on a socket file has no port."""
    name, port = server[:2]
    if isinstance(client, str):
        return {"REMOTE_ADDR": client, "SERVER_NAME": name, "SERVER_PORT": str(port)}
    return {
        "REMOTE_ADDR": client[0],
        "REMOTE_PORT": str(client[1]),
        "SERVER_NAME": name,
        "SERVER_PORT": str(port),
    }


@lru_cache(maxsize=512)
def _key(name: str) -> str:
    upper = name.upper()
    if not _NAME(name) or upper in DECISIVE:
        raise NotSimple
    return UNPREFIXED.get(upper) or "HTTP_" + upper.replace("-", "_")
