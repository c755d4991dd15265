"""What both clients send, and when they send it again. Nothing here waits or uses the network."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote

import httpx

from futuretracker_client._errors import FutureTrackerError, error_of

if TYPE_CHECKING:
    from collections.abc import Mapping

# The service has changed nothing. A slow search is not sent again: it would be slow again.
UNCHANGED = frozenset({429, 503})
RUNNING = "request_in_progress"  # the request with this key that was sent before
POINTLESS = frozenset({"no_token", "search_timeout"})
# A change may have been saved. 0: no response.
UNKNOWN = frozenset({0, 502, 504})
# Without a key, a second POST may create a second opportunity, and a second DELETE return 404.
REPEATABLE = frozenset({"GET", "PUT", "PATCH"})
KEY = "Idempotency-Key"
FIRST_DELAY = 0.5
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Request:
    """One call of the API."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    content: bytes | None = None  # a file, in place of the body
    is_public: bool = False
    headers: Mapping[str, str | None] = field(default_factory=dict)
    # The statuses that return a result; by default 200 to 299.
    statuses: tuple[int, ...] = ()
    is_download: bool = False


class Tagged(dict[str, Any]):
    """A body that came with an ETag."""

    def __init__(self, body: Mapping[str, Any], etag: str) -> None:
        super().__init__(body)
        self.etag = etag


def etag_of(body: Mapping[str, Any]) -> str | None:
    """Return the ETag with which a method has returned this; None if it had none.

    It is the ``if_match`` of a change that must not overwrite the change of another client.
    """
    return body.etag if isinstance(body, Tagged) else None


@dataclass(frozen=True)
class Retries:
    """How often a request is sent again, and the longest wait before that, in seconds."""

    limit: int
    longest_delay: float

    def delay(self, request: Request, error: FutureTrackerError, attempt: int) -> float | None:
        """Return how long to wait before sending again, or None if that is not safe."""
        if attempt >= self.limit or error.code in POINTLESS:
            return None
        delay: float | None = None
        unchanged = error.status in UNCHANGED or error.code == RUNNING
        repeatable = request.method in REPEATABLE or request.headers.get(KEY) is not None
        if unchanged and error.retry_after is not None:
            delay = error.retry_after
        elif isinstance(error.__cause__, NEVER_SENT) or (
            (unchanged or error.status in UNKNOWN) and repeatable
        ):
            delay = FIRST_DELAY * 2**attempt
        return delay if delay is not None and delay <= self.longest_delay else None


def origin_of(base_url: str) -> str:
    """Return the address of the service without ``/api/v1``."""
    # None, for example of a setting that is missing, gets the same message.
    if not re.match(r"https?://[^/\s]", str(base_url), re.IGNORECASE):
        raise ValueError(
            "base_url must be the address of the service with http:// or https://, for example "
            f"'https://api.example.com', not {base_url!r}"
        )
    return base_url.rstrip("/").removesuffix("/api/v1")


def segment(text: str) -> str:
    """Return an id as part of a path. An empty one, or a slash, would lead to another operation."""
    if text in {"", ".", ".."} or "/" in text:
        raise ValueError(f"{text!r} is not an id")
    return quote(text, safe="")


def build(
    http: httpx.Client | httpx.AsyncClient,
    base: str,
    request: Request,
    token: str | None,
    *,
    is_signed: bool = False,
) -> httpx.Request:
    """Return the HTTP request."""
    headers = {"Accept": "*/*" if request.is_download else "application/json"}
    headers |= {name: value for name, value in request.headers.items() if value is not None}
    if not (request.is_public or is_signed):
        if not token:
            raise FutureTrackerError(
                "No request was sent, because there is no session token. Sign the user in first; "
                "the `token` of the client must be or return the token of the session.",
                code="no_token",
            )
        headers["Authorization"] = f"Bearer {token}"
    # Without its empty lists: they are no filter.
    query = {
        name: query_value(value)
        for name, value in request.query.items()
        if value is not None and value not in ([], ())
    }
    return http.build_request(
        request.method,
        base + request.path,
        params=query or None,
        headers=headers,
        content=request.content,
        json=json_of(request.body),
    )


def query_value(value: Any) -> str | int:
    """Return a value as the query has it: a list becomes ``applied,ghosted``."""
    if isinstance(value, str | int):
        return value
    # The service accepts only days in a query, so the time of a datetime is left out.
    return value.isoformat()[:10] if isinstance(value, date) else ",".join(value)


def bytes_of(file: bytes | BinaryIO) -> bytes:
    """Return the content of a file. A request that is sent again needs it once more."""
    return file if isinstance(file, bytes) else file.read()


def json_of(value: Any) -> Any:
    """Return a body, or a part of it, with its dates as text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: json_of(each) for name, each in value.items()}
    return [json_of(each) for each in value] if isinstance(value, list | tuple) else value


def auth_of(request: Request, auth: httpx.Auth | None) -> Any:
    """Return what signs a request. A public request is not signed.

    httpx does not export the type of its default.
    """
    return httpx.USE_CLIENT_DEFAULT if request.is_public or auth is None else auth


def result_of(request: Request, response: httpx.Response) -> Any:
    """Return the body of a response, or raise the error that it describes."""
    try:
        body = response.json() if response.content else None
    except (JSONDecodeError, UnicodeDecodeError):
        raise error_of(response, None) from None
    good = response.status_code in request.statuses if request.statuses else response.is_success
    if not good:
        raise error_of(response, body)
    etag = response.headers.get("ETag")
    return Tagged(body, etag) if etag and isinstance(body, dict) else body


def next_page(request: Request, response: httpx.Response) -> Request | None:
    """Return the request for the page that the Link header names; None on the last page.

    Only its query changes, so a token is never sent anywhere else.
    """
    target = response.links.get("next", {}).get("url")
    return replace(request, query=dict(httpx.URL(target).params)) if target else None


def no_response(base: str, cause: httpx.RequestError) -> FutureTrackerError:
    """Return the error for a request without a response."""
    if isinstance(cause, httpx.TimeoutException):
        return FutureTrackerError("No response in time", code="timeout")
    return FutureTrackerError(f"No connection to {base}: {cause}", code="connection_failed")
