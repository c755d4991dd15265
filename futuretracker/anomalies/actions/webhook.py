"""Send a message to the operator's webhook, signed by the rules of Standard Webhooks."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

from standardwebhooks import Webhook

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.config.anomalies import ActionSettings

WITHIN: Final = 5.0  # seconds for the whole exchange
SUCCESS: Final = range(200, 300)


class SendFailed(Exception):
    """The receiver did not confirm the message; the text has neither the URL nor a secret."""


def send(settings: ActionSettings, *, message_id: str, body: str) -> None:
    """Send a message; return if the status of the response is 2xx, otherwise raise SendFailed.

    Redirects are not followed: the operator has chosen the receiver.
    """
    parts = urlsplit(settings.webhook_url)
    connection = _connection(parts.scheme, parts.netloc)
    target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    headers = _headers(settings.webhook_secret, message_id, body)
    result: SimpleQueue[int | str] = SimpleQueue()
    # In a thread, because a wait for DNS cannot be given a time limit.
    threading.Thread(
        target=_post, args=(result, connection, target, headers, body), daemon=True
    ).start()
    try:
        status = result.get(timeout=WITHIN)
    except Empty:
        _end(connection)
        raise SendFailed("no response in time") from None
    if status not in SUCCESS:
        text = f"status {status}" if isinstance(status, int) else status
        raise SendFailed(text)


def _headers(secret: str, message_id: str, body: str) -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "User-Agent": "futuretracker-watch",
        "Connection": "close",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, now, body),
    }


def _connection(scheme: str, netloc: str) -> HTTPConnection:
    if scheme == "http":
        return HTTPConnection(netloc, timeout=WITHIN)
    return HTTPSConnection(netloc, timeout=WITHIN, context=ssl.create_default_context())


def _post(
    result: SimpleQueue[int | str],
    connection: HTTPConnection,
    target: str,
    headers: Mapping[str, str],
    body: str,
) -> None:
    """Put the status of the response into the queue, or the name of an error."""
    try:
        with closing(connection):
            connection.request("POST", target, body.encode(), dict(headers))
            result.put(connection.getresponse().status)
    except (OSError, HTTPException, ValueError) as error:
        # Only the type: the text may quote the URL, which may contain a secret.
        result.put(type(error).__name__)


def _end(connection: HTTPConnection) -> None:
    """End the exchange of a receiver that sends its response byte by byte."""
    sock = connection.sock
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
