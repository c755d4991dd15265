"""What one session has done: the fields of an ACTIVITY line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from futuretracker.telemetry.json_lines import timestamp
from futuretracker.web.request import READS, REQUEST_ID

if TYPE_CHECKING:
    from futuretracker.web.request import Request, Session

MOST_IDS = 1000  # different ids that are counted in one line
NONE = ("", "", "")
OK, REDIRECTION, NOT_MODIFIED, NOT_FOUND = 200, 300, 304, 404  # faster than HTTPStatus's members


class SessionCounts:
    """What one session has done from one address with one User-Agent."""

    __slots__ = (
        "_address", "_agent", "_ids", "_latest", "_missed", "_missing", "_pages", "_reads",
        "_requests", "_session", "_since", "bytes", "rows", "started",
    )  # fmt: skip

    def __init__(self, session: Session, address: str | None, agent: str) -> None:
        self._session, self._address, self._agent = session, address, agent
        self._since = time.time()
        self.started = time.monotonic()
        self.bytes = 0  # of response bodies
        self.rows = 0  # of exports
        self._requests = self._reads = self._missing = self._pages = 0
        self._ids: set[int] = set()  # hashes, because a client may send ids of any length
        self._latest = NONE  # the last three request ids
        self._missed = NONE  # those that were answered with 404

    def add(self, request: Request, status: int) -> int:
        """Count a request; return how many of its ids are new.

        A route with an id in its path is about one resource. Any other may return many, so each
        new route without an id counts as a page.
        """
        self._requests += 1
        request_id = request.environ[REQUEST_ID]
        self._latest = (request_id, self._latest[0], self._latest[1])
        ids = request.view_args
        if request.method in READS and (status < REDIRECTION or status == NOT_MODIFIED):
            self._reads += 1
            self._pages += not ids and status == OK and request.method == "GET"
        if not ids:
            return 0
        if status == NOT_FOUND:
            self._missing += 1
            self._missed = (request_id, self._missed[0], self._missed[1])
        known = len(self._ids)
        if known < MOST_IDS:
            self._ids.update(map(hash, ids.values()))
        return len(self._ids) - known

    @property
    def ids(self) -> int:
        """The number of different ids."""
        return len(self._ids)

    def fields(self) -> dict[str, object]:
        """Return the fields of the line; nothing of them is secret."""
        session = self._session
        who = {"impersonator": session.impersonator} if session.impersonator else {}
        return {
            "since": timestamp(self._since),
            "userId": session.user_id,
            **who,
            "session": f"key_{session.key.id}" if session.key else session.session_id,
            "client": session.client,
            "ip": self._address,
            "agent": "".join(filter(str.isprintable, self._agent)),
            "requests": self._requests,
            "reads": self._reads,
            "missing": self._missing,
            "ids": min(len(self._ids), MOST_IDS),
            "pages": self._pages,
            "bytes": self.bytes,
            "rows": self.rows,
            "requestIds": self._request_ids(),
        }

    def _request_ids(self) -> list[str]:
        """Return the last three request ids, but first those of missing resources."""
        return [*dict.fromkeys(filter(None, (*self._missed, *self._latest)))][:3]
