"""A request, and what the guards have found out about it."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple, cast

import flask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MAX_BODY = 2**20  # bytes
REQUEST_ID = "futuretracker.request_id"
HEADERS = "futuretracker.web.headers"


class Session(NamedTuple):
    """Who asks: Clerk's ids, when the token ends (UNIX time), the e-mail where the token has it."""

    user_id: str
    session_id: str
    expires_at: int
    email: str | None


class Request(flask.Request):
    """A request, and what the guards have found out about it."""

    # Flask asks the configuration, through a proxy, whenever this is read.
    max_content_length = MAX_BODY

    started: float  # monotonic seconds, of a write
    recalled: Session | None = None  # whose token was good a moment ago; not let in yet
    wanted: Sequence[str] = ()  # what the next visit to the store shall bring
    shared: Mapping[str, bytes | None] = {}  # what the last one has brought
    left: float = inf  # requests in the budget nearest to its end
    session: Session  # who was let in; not there on a public route
    user_id: UUID  # the internal id of who was let in
    reads_primary: bool = False  # as its session has just written
    committed: Mapping[str, object] | None = None  # the committed change, for the audit

    @property
    def id(self) -> str:
        """The id that the log lines and the answer carry."""
        identifier: str = self.environ[REQUEST_ID]
        return identifier

    @property
    def answer_headers(self) -> dict[str, str]:
        """Headers that the answer will have, whatever the answer is."""
        headers: dict[str, str] = self.environ[HEADERS]
        return headers

    @property
    def caller(self) -> str | None:
        """Clerk's id of who was let in."""
        return self.session.user_id if "session" in self.__dict__ else None


request = cast("Request", flask.request)


def current() -> Request:
    """Return the request itself, of which ``flask.request`` looks up each attribute anew."""
    this: Request = flask.request._get_current_object()  # type: ignore[attr-defined] # noqa: SLF001 - documented
    return this
