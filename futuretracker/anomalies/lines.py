"""Turn log lines of the service into observations.

Anybody who may write to the journal or the file can write a line. So every value is checked, and a
line with a wrong one is skipped.
"""

from __future__ import annotations

import json
import re
import time
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from futuretracker.anomalies.observations import IDS, REQUEST_IDS, Observation
from futuretracker.web.addresses import address_of

LONGEST: Final = 64 * 1024  # bytes of a line
LATEST: Final = 300  # seconds that a line may be ahead of this host's clock
SPAN: Final = 3600  # seconds that a line may cover
COUNT: Final = 10**9
BYTES: Final = 10**15
LISTED: Final = 20  # request ids in a line
PAGE: Final = 100  # rows of an export that count as a page: the longest page of a list
# 401s of honest clients: no token, an old one, a clock that is wrong, a session that has ended.
HARMLESS: Final = frozenset(
    {
        *("token-missing", "token-scheme", "token-expired", "token-not-active-yet"),
        *("token-session-pending", "session-revoked", "user-revoked", "metrics-token-invalid"),
        *("signature-stale", "signature-from-the-future", "signature-expired"),
    }
)
# What a client sends that has no real token or key.
FORGED = re.compile(
    r"token-(malformed|invalid-[a-z]+)|jwk-kid-[a-z]+|key-(malformed|checksum|unknown|secret)"
    r"|signature-(invalid|replayed)"
).fullmatch
REASON = re.compile(r"[a-z0-9-]{1,60}").fullmatch
USER = re.compile(r"user_[A-Za-z0-9]{1,128}").fullmatch
SESSION = re.compile(r"(sess_[A-Za-z0-9_-]{1,128}|key_[0-9A-Za-z]{12})").fullmatch
CLIENT = re.compile(r"(web|extension|app|key:[0-9A-Za-z]{12})").fullmatch
KEY = re.compile(r"[0-9A-Za-z]{12}").fullmatch
REQUEST_ID = re.compile(r"[!-~]{1,128}").fullmatch
COUNTS: Final = ("requests", "reads", "missing", "ids", "pages", "bytes")
MARKS: Final = (b'"ACTIVITY"', b'"AUTH"', b'"WEBHOOK"')


class Skipped(Exception):
    """The line is not used. ``reason`` is a code for the metrics."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Read(NamedTuple):
    """What a line says. ``credential`` names what a stranger has tried, or is empty."""

    observation: Observation
    credential: str = ""


def parse(line: bytes) -> Read | None:
    """Return what a line says, or None if it is a line of another kind; raise Skipped."""
    if len(line) > LONGEST:
        raise Skipped("too-long")
    line = line.strip()
    if not (line.startswith(b"{") and line.endswith(b"}")):
        raise Skipped("not-json")
    if not any(mark in line for mark in MARKS):
        return None  # most lines; to parse them takes longer than everything else
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise Skipped("not-json") from None
    read = READERS.get(fields.get("type")) if isinstance(fields.get("type"), str) else None
    if read is None:
        return None
    try:
        return read(fields)
    except (KeyError, TypeError, ValueError):
        raise Skipped("malformed") from None


def _activity(fields: dict[str, Any]) -> Read:
    until = _time(fields["timestamp"])
    at = _time(fields["since"])
    if not until - SPAN <= at <= until:
        raise Skipped("time")
    counts = {name: _number(fields[name], BYTES if name == "bytes" else COUNT) for name in COUNTS}
    counts["ids"] = min(counts["ids"], IDS)
    # An export returns with one request what a client would read page by page. Lines that an older
    # release has written have no rows.
    counts["pages"] += _number(fields.get("rows", 0), COUNT) // PAGE
    observation = Observation(
        at=at,
        until=until,
        user=_matching(USER, fields["userId"]),
        session=_matching(SESSION, fields["session"]),
        client=_matching(CLIENT, fields["client"]),
        address=_address(fields["ip"]),
        agent=_agent(fields["agent"]),
        request_ids=_request_ids(fields["requestIds"]),
        **counts,
    )
    return Read(observation)


def _auth(fields: dict[str, Any]) -> Read | None:
    at, reason = _time(fields["timestamp"]), _matching(REASON, fields["reason"])
    address, ids = _address(fields["ip"]), _request_ids([fields["requestId"]])
    key = fields.get("keyId") or ""
    credential = _matching(KEY, key) if key else (reason if FORGED(reason) else "")
    if reason in HARMLESS:
        return None
    observation = Observation(
        at, at, address=address, failures=1, credentials=bool(credential) * 1, request_ids=ids
    )
    return Read(observation, credential)


def _webhook(fields: dict[str, Any]) -> Read:
    at, address = _time(fields["timestamp"]), _address(fields["ip"])
    _matching(REASON, fields["reason"])
    ids = _request_ids([fields["requestId"]])
    return Read(Observation(at, at, address=address, webhooks=1, request_ids=ids))


READERS: Final = {"ACTIVITY": _activity, "AUTH": _auth, "WEBHOOK": _webhook}


@lru_cache(maxsize=1024)
def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() if text.endswith("Z") else float("nan")


def _time(value: object) -> float:
    """Return a time in UTC as UNIX seconds."""
    if not isinstance(value, str):
        raise TypeError
    seconds = _seconds(value)
    if not 0 <= seconds <= time.time() + LATEST:
        raise Skipped("time")
    return seconds


def _number(value: object, highest: int) -> int:
    if type(value) is not int or not 0 <= value <= highest:
        raise ValueError
    return value


def _matching(pattern: Any, value: object) -> str:
    if not isinstance(value, str) or not pattern(value):
        raise ValueError
    return value


def _address(value: object) -> str:
    """Return an IP address in its usual spelling, without a port. A unix socket has none."""
    if value is None:
        return ""
    if not isinstance(value, str) or (address := address_of(value)) is None:
        raise ValueError
    return str(address)


def _agent(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError
    return value[:200]


def _request_ids(values: object) -> tuple[str, ...]:
    if not isinstance(values, list) or len(values) > LISTED:
        raise ValueError
    return tuple(_matching(REQUEST_ID, value) for value in values[:REQUEST_IDS])
