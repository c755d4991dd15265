"""Plain requests, which is what nearly every client sends: from bytes to a WSGI environ.

A request is plain when it is whole and nothing in it asks for judgement: one line, headers of
letters, digits and dashes that each stand once, printable ASCII, a body with a length or none. This
room refuses nothing: what is not plain is gunicorn's parser's to read or to refuse. A test holds
both to the same environ.
"""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from gunicorn import SERVER_SOFTWARE

MAX_HEAD = 8190  # bytes: below all of gunicorn's limits for a line, a field, all fields
MAX_FIELDS = 100
PRINTABLE = bytes(range(0x20, 0x7F))
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# They change how a request is framed, or who answers it.
WEIGHTY = frozenset({"TRANSFER-ENCODING", "EXPECT", "UPGRADE", "HTTP2-SETTINGS"})
SOCKET_FILE = ("localhost", "")  # the server's address for who comes by one
UNPREFIXED = {"CONTENT-TYPE": "CONTENT_TYPE", "CONTENT-LENGTH": "CONTENT_LENGTH"}
_NAME = re.compile(r"[A-Za-z0-9-]+").fullmatch
# A path that begins with one slash, and no fragment.
_TARGET = re.compile(r"/(?:(?!/)[!-\"$-~]*)?").fullmatch
_LENGTH = re.compile(r"[0-9]{1,5}").fullmatch


class NotPlain(ValueError):
    """gunicorn's parser must look at it."""


def read(data: bytes, client: Any, server: Any) -> dict[str, Any]:
    """Return the environ of the one request that ``data`` is; raise NotPlain.

    ``client`` and ``server`` are the socket's addresses.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    if not end or len(head) > MAX_HEAD:
        raise NotPlain
    line, *fields = head.decode("latin-1").split("\r\n")
    # Nothing but printable ASCII and the ends of the lines, no bare CR or LF.
    if head.translate(None, PRINTABLE) != b"\r\n" * len(fields) or len(fields) > MAX_FIELDS:
        raise NotPlain
    environ = _request(line) | _addresses(client, server)
    for field in fields:
        name, colon, value = field.partition(":")
        key = _key(name)
        if not colon or key in environ:
            raise NotPlain
        environ[key] = value.strip(" ")
    length = environ.get("CONTENT_LENGTH", "0")
    if not _LENGTH(length) or int(length) != len(body):
        raise NotPlain
    environ["wsgi.input"] = BytesIO(body)
    return environ


def keeps_alive(environ: dict[str, Any]) -> bool:
    """Tell whether the client keeps the connection open; raise NotPlain if it says more."""
    wish = environ.get("HTTP_CONNECTION")
    if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
        if wish:
            raise NotPlain
        return False
    if wish and wish.lower() not in {"keep-alive", "close"}:
        raise NotPlain
    return not wish or wish.lower() == "keep-alive"


def _request(line: str) -> dict[str, Any]:
    method, _, rest = line.partition(" ")
    target, _, version = rest.partition(" ")
    if method not in METHODS or version not in {"HTTP/1.1", "HTTP/1.0"} or not _TARGET(target):
        raise NotPlain
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


def _addresses(client: Any, server: Any) -> dict[str, str]:
    """Return whose request it is, and where it came in; who comes by a socket file is nobody."""
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
    if not _NAME(name) or upper in WEIGHTY:
        raise NotPlain
    return UNPREFIXED.get(upper) or "HTTP_" + upper.replace("-", "_")
