"""Cursors: where the next page starts. They are opaque to clients, and valid for one user and sort.

The cursor of a history is valid for one opportunity, too. The digest in a cursor is not a security
feature. It only detects cursors that were made for another user, sort or opportunity. A forged
cursor still leads only to the user's own opportunities.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import re
from typing import TYPE_CHECKING, Final
from uuid import UUID

from futuretracker.api.schemas.dates import calendar_date
from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed
from futuretracker.api.schemas.storable import is_storable
from futuretracker.database.queries.one_page import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INVALID: Final = "cursor is invalid or malformed"
UPCOMING: Final = "upcoming"  # the only order of the upcoming rounds
TRASH: Final = "trash"  # the only order of the trash
HISTORY: Final = "history"  # the only order of a history
DIGEST: Final = 9  # bytes; a multiple of 3, so that base64 needs no padding

_TIME = re.compile(r"[0-9]{4}(-[0-9]{2}){2} [0-9]{2}(:[0-9]{2}){2}(\.[0-9]{1,6})?\+00").fullmatch
_NUMBER = re.compile(r"[0-9]{1,19}").fullmatch
# A date, a time, and the number of a round.
_SLOT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}) "
    r"(?:(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}(?:\.[0-9]{1,6})?|24:00:00) -?[0-9]{1,10}"
).fullmatch


def _is_time(text: str) -> bool:
    return _TIME(text) is not None and bool(dt.datetime.fromisoformat(text))


def _is_date(text: str) -> bool:
    return text in {"infinity", "-infinity"} or calendar_date(text) == text


def _is_slot(text: str) -> bool:
    match = _SLOT(text)
    return match is not None and calendar_date(match[1]) == match[1]


def _is_entry(text: str) -> bool:
    time, _, number = text.rpartition(" ")
    return _is_time(time) and _NUMBER(number) is not None and int(number) < 1 << 63


# Postgres casts the key to the type of the column, so malformed keys are refused here.
CHECKS: Final[Mapping[str, Callable[[str], bool]]] = {
    "created_at": _is_time,
    "updated_at": _is_time,
    "title": is_storable,
    "deadline": _is_date,
    UPCOMING: _is_slot,
    TRASH: _is_time,
    HISTORY: _is_entry,
}


def encode(place: Place, *, user_id: UUID, order: str, of: UUID | None = None) -> str:
    """Return the cursor of the page that starts after ``place``."""
    payload = json.dumps(place, ensure_ascii=False, separators=(",", ":")).encode()
    raw = _digest(payload, user_id, order, of) + payload
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(cursor: str, *, user_id: UUID, order: str, of: UUID | None = None) -> Place:
    """Return the place; raise ValidationFailed if the cursor is not for this user and order.

    A cursor of a history is also valid for one opportunity only: ``of``.
    """
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        payload = raw[DIGEST:]
        key, row_id = json.loads(payload)
        made_here = raw[:DIGEST] == _digest(payload, user_id, order, of)
        if made_here and CHECKS[order.removeprefix("-")](key):
            return Place(key, str(UUID(row_id)))
    except (ValueError, TypeError, AttributeError, RecursionError):
        pass
    raise ValidationFailed({"cursor": FieldError(FieldCode.INVALID, INVALID)})


def _digest(payload: bytes, user_id: UUID, order: str, of: UUID | None = None) -> bytes:
    key = user_id.bytes + (of.bytes if of else b"")
    return hashlib.blake2b(payload, digest_size=DIGEST, key=key, person=order.encode()).digest()
