"""One GET request over https, with limits of time and size."""

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
    """The document was not received; the message contains no secret."""


class _Socket(ssl.SSLSocket):
    """Limits all reads together. With a limit for each, a server could send a byte at a time."""

    ends_at: float

    def recv_into(self, *args: Any, **options: Any) -> int:
        self.settimeout(max(self.ends_at - time.monotonic(), 0.001))
        return super().recv_into(*args, **options)


def download(url: str, *, headers: Mapping[str, str], within: float, max_bytes: int) -> bytes:
    """Return the document at ``url``; raise DownloadFailed, after ``within`` seconds at the latest.

    The request always uses TLS, whatever the URL's scheme is, and follows no redirect.
    """
    request = (url, headers, time.monotonic() + within, max_bytes + 1)
    found: SimpleQueue[bytes | str] = SimpleQueue()
    # In a thread, because a wait for DNS cannot be given a time limit.
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
    """Put the document into the queue, or the reason for a failure."""
    try:
        found.put(_get(*request))
    except DownloadFailed as error:
        found.put(str(error))
    except (OSError, HTTPException, ValueError) as error:
        # Only the type: the text may quote a header, which contains the secret key.
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
