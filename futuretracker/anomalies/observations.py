"""What one session did from one address with one user agent, within some seconds."""

from __future__ import annotations

from typing import Final, NamedTuple

REQUEST_IDS: Final = 5  # of an observation
IDS: Final = 1000  # the service counts no more different ids than this in one line


class Observation(NamedTuple):
    """What a session did, from a log line, or what a user changed, from rows of the audit table."""

    at: float  # UNIX seconds of the first request
    until: float  # UNIX seconds of the last request
    user: str = ""  # Clerk's user id; "" for a stranger
    session: str = ""  # session id or "key_<id>"; "" for a stranger and for audit rows
    client: str = ""  # web, extension, app, key:<id>; "" for a stranger
    address: str = ""  # IP address; "" for audit rows
    agent: str = ""
    requests: int = 0
    reads: int = 0
    missing: int = 0  # requests for one resource that were answered 404
    ids: int = 0  # different ids asked for
    pages: int = 0  # responses of list routes
    bytes: int = 0  # of response bodies
    writes: int = 0  # from the audit table only
    deletes: int = 0  # from the audit table only
    failures: int = 0  # 401s from an address; expired tokens are not failures
    credentials: int = 0  # different key ids, or reasons that look forged
    webhooks: int = 0  # refused webhooks
    request_ids: tuple[str, ...] = ()  # at most 5


def merge(a: Observation, b: Observation) -> Observation:
    """Return the sum of two observations of the same session, client, address and agent."""
    return a._replace(
        at=min(a.at, b.at),
        until=max(a.until, b.until),
        requests=a.requests + b.requests,
        reads=a.reads + b.reads,
        missing=a.missing + b.missing,
        ids=a.ids + b.ids,
        pages=a.pages + b.pages,
        bytes=a.bytes + b.bytes,
        writes=a.writes + b.writes,
        deletes=a.deletes + b.deletes,
        failures=a.failures + b.failures,
        credentials=a.credentials + b.credentials,
        webhooks=a.webhooks + b.webhooks,
        request_ids=tuple(dict.fromkeys(a.request_ids + b.request_ids))[:REQUEST_IDS],
    )
