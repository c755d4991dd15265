"""The error of both clients."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from futuretracker_client.types import FieldError


class FutureTrackerError(Exception):
    """The error of every call that fails.

    Attributes:
        message: A sentence for the user. ``str`` returns it too.
        code: Identifies the kind of error. It never changes, so programs may compare it. The client
            adds ``no_token``, ``connection_failed``, ``timeout`` and ``unexpected_response``.
        status: The status of the response; 0 if there was none.
        fields: The invalid fields by name: ``error.fields["title"]["message"]``. Each also has a
            ``code`` for programs, such as ``too_long``.
        request_id: Identifies the request in the log of the service.
        retry_after: Send the request again after this many seconds.
    """

    def __init__(  # noqa: PLR0913 - all but one are keywords
        self,
        message: str,
        *,
        code: str,
        status: int = 0,
        fields: Mapping[str, FieldError] | None = None,
        request_id: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.status = status
        self.fields = dict(fields or {})
        self.request_id = request_id
        self.retry_after = retry_after


def error_of(response: httpx.Response, body: Any) -> FutureTrackerError:
    """Return the error that a response describes. A proxy may send a body that is not JSON."""
    said = body if isinstance(body, dict) else {}
    details: list[FieldError] = said.get("details") or []
    sentence = ", ".join(detail["message"] for detail in details) or said.get("message")
    return FutureTrackerError(
        sentence or f"Unexpected response with status {response.status_code}",
        # An error that has only a title has this title in snake_case as its code.
        code=said.get("code") or said.get("error", "unexpected response").lower().replace(" ", "_"),
        status=response.status_code,
        fields={detail["field"]: detail for detail in details},
        request_id=said.get("requestId") or response.headers.get("X-Request-Id"),
        retry_after=_seconds_until(response.headers.get("Retry-After", "")),
    )


def _seconds_until(header: str) -> int | None:
    """Read Retry-After: the service sends seconds, a proxy may send a date."""
    if header.isdecimal():
        return int(header)
    try:
        date = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0, ceil((date - datetime.now(UTC)).total_seconds()))
