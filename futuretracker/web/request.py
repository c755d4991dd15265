"""The request, with what the service finds out about it before the view runs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, cast

import flask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from werkzeug.exceptions import HTTPException

    from futuretracker.web.addresses import Network

ApiVersion: TypeAlias = Literal["original", "v1"]

# The usual methods. A client may send any other word as its method.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
READS = frozenset({"GET", "HEAD"})
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
MAX_BODY = 2**20  # bytes
MAX_FILE = 5 * MAX_BODY  # bytes of a body that is a file
REQUEST_ID = "futuretracker.request_id"
ALLOW_BODY = "futuretracker.allow_body"  # for a larger body, if the server limits it too
HEADERS = "futuretracker.web.headers"
# The blueprint of a route decides to which API version it belongs. These prefixes decide where
# there is no route: for a path that no route matches, and in the WSGI layer in front of Flask.
API: Final = "/api/"
V1: Final = "/api/v1/"
# A path that no route matches counts against the rate limits below these prefixes.
LIMITED: Final = (API, "/webhooks/")


class Key(NamedTuple):
    """An API key: its id, and what it may be used for. Without networks it works from anywhere."""

    id: str
    scopes: frozenset[str]
    networks: Sequence[Network]


class IdempotencyKey(NamedTuple):
    """The key that a client has sent with a change, so that it may send the change again.

    Both fields are digests: ``scope`` of the user, the method, the path and the key, ``payload`` of
    the rest of the request.
    """

    scope: bytes
    payload: bytes

    @property
    def lock(self) -> int:
        """The number of the lock in Postgres that a request with this key has."""
        return int.from_bytes(self.scope[:8], signed=True)


class Session(NamedTuple):
    """A verified session token: Clerk's ids, its end (UNIX time), and the e-mail if it has one.

    ``impersonator`` is Clerk's id of the user who has signed in as this one. ``client`` is "web",
    "extension" or "app". An API key also makes a session, of the client "key:<id>".
    """

    user_id: str
    session_id: str
    expires_at: float
    email: str | None
    impersonator: str | None = None
    client: str = "web"
    key: Key | None = None


class Request(flask.Request):
    """A request, with what the service finds out about it before the view runs."""

    # Without this, Flask would look the value up in the configuration at each access.
    max_content_length = MAX_BODY  # ``body_limit`` is what counts for a route that takes a file

    started: float  # monotonic seconds; set for a write
    limiter_context: Any = None  # Flask-Limiter's
    counted: tuple[object, ...] = ()  # the rate limits that were counted for this request
    session: Session  # set once the token is verified, which does not mean that it is admitted
    is_slowed: bool = False  # whether the user has the lower rate limit
    user_id: UUID  # the internal id of the user; set once the request is admitted
    visit: Any = None  # of its user's turn, in ``limits.at_once``
    reads_primary: bool = False  # because its session has written a moment ago
    committed: Mapping[str, object] | None = None  # the committed change, for the audit
    changes: Sequence[Mapping[str, object]] = ()  # the committed changes, if there may be several
    body: bytes | None = None  # once it is read
    unreadable: HTTPException | None = None  # why the body cannot be read
    parsed: Any = None  # the body as a JSON object, once it is parsed
    idempotency_key: IdempotencyKey | None = None
    is_remembered: bool = False  # whether a change was made with the key
    is_replayed: bool = False  # whether it was made by an earlier request with this key
    attempted: Mapping[str, Any] | None = None  # what a change is about, if it fails
    exported: int = 0  # opportunities in the file that is the response, for the ACTIVITY line

    @property
    def body_limit(self) -> int:
        """The bytes that the body may have."""
        view = flask.current_app.view_functions.get(self.endpoint or "")
        return MAX_FILE if getattr(view, "takes_file", False) else MAX_BODY

    @property
    def id(self) -> str:
        """The id of the request in the log lines and in the response."""
        identifier: str = self.environ[REQUEST_ID]
        return identifier

    @property
    def response_headers(self) -> dict[str, str]:
        """Headers to add to the response, whatever the response is."""
        headers: dict[str, str] = self.environ[HEADERS]
        return headers

    @property
    def caller(self) -> str | None:
        """Clerk's id of the user if the token is verified."""
        return self.session.user_id if "session" in self.__dict__ else None

    @property
    def impersonator(self) -> str | None:
        """Clerk's id of the user who has signed in as the caller; None if there is none."""
        return self.session.impersonator if "session" in self.__dict__ else None

    @property
    def client(self) -> str | None:
        """The client of the session: "web", "extension", "app" or "key:<id>"; None without one."""
        return self.session.client if "session" in self.__dict__ else None

    @property
    def key(self) -> Key | None:
        """The API key of the request; None if it has none, or another kind of token."""
        return self.session.key if "session" in self.__dict__ else None

    @property
    def is_admitted(self) -> bool:
        """Whether the request has a user and passed every check in front of the view."""
        return "user_id" in self.__dict__

    @cached_property
    def blueprints(self) -> list[str]:
        """The blueprints of the route, the innermost first; Flask asks three times a request."""
        return super().blueprints

    @cached_property
    def api_version(self) -> ApiVersion | None:
        """The API version of the route or, if no route matches, of the path."""
        if self.url_rule is None:
            if self.path.startswith(V1):
                return "v1"
            return "original" if self.path.startswith(API) else None
        blueprint = self.url_rule.endpoint.partition(".")[0]
        return cast("ApiVersion", blueprint) if blueprint in {"v1", "original"} else None


request = cast("Request", flask.request)


# Returns the current request itself; ``flask.request`` is a proxy, slower at each access.
current: Callable[[], Request] = flask.request._get_current_object  # type: ignore[attr-defined] # noqa: SLF001 - documented
