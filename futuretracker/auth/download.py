"""One GET over https, bounded in time and size."""

from __future__ import annotations

import ssl
import threading
import time
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPException, HTTPSConnection
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


class DownloadFailed(Exception):
    """The document could not be had; the message holds nothing secret."""


class _Socket(ssl.SSLSocket):
    """Times all reads together: a timeout of each alone lets a server drip for ever."""

    ends_at: float

    def recv_into(self, *args: Any, **options: Any) -> int:
        self.settimeout(max(self.ends_at - time.monotonic(), 0.001))
        return super().recv_into(*args, **options)


def download(url: str, *, headers: Mapping[str, str], within: float, max_bytes: int) -> bytes:
    """Return the document at ``url``, had ``within`` seconds; raise DownloadFailed.

    TLS is spoken whatever the URL's scheme says, and no redirect is followed.
    """
    request = (url, headers, time.monotonic() + within, max_bytes + 1)
    found: SimpleQueue[bytes | str] = SimpleQueue()
    # A thread of its own: nothing else can end a wait for the resolver.
    threading.Thread(target=_put, args=(found, *request), daemon=True).start()
    try:
        body = found.get(timeout=within)
    except Empty:
        raise DownloadFailed("TimeoutError") from None
    if isinstance(body, str):
        raise DownloadFailed(body)
    if len(body) > max_bytes:
        raise DownloadFailed("too large")
    return body


def _put(found: SimpleQueue[bytes | str], *request: Any) -> None:
    """Put the document, or what kept it away."""
    try:
        found.put(_get(*request))
    except DownloadFailed as error:
        found.put(str(error))
    except (OSError, HTTPException, ValueError) as error:
        # The kind alone: the text may quote a header, and that the secret key.
        found.put(type(error).__name__)


def _get(url: str, headers: Mapping[str, str], ends_at: float, size: int) -> bytes:
    parts = urlsplit(url)
    context = ssl.create_default_context()
    context.sslsocket_class = _Socket
    timeout = ends_at - time.monotonic()
    with closing(HTTPSConnection(parts.netloc, timeout=timeout, context=context)) as connection:
        connection.connect()
        cast("_Socket", connection.sock).ends_at = ends_at
        connection.request("GET", parts.path, headers=headers)
        response = connection.getresponse()
        if response.status != HTTPStatus.OK:
            raise DownloadFailed(f"status {response.status}")
        return response.read(size)
