"""The header Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a change is made once.

A key belongs to a user, a method and a path. ``database.idempotency`` repeats the response.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final

from futuretracker.api.etags import IF_MATCH, IF_NONE_MATCH
from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed
from futuretracker.web.body import read_bytes
from futuretracker.web.request import WRITES, IdempotencyKey, current

if TYPE_CHECKING:
    from futuretracker.web.request import Request

HEADER: Final = "Idempotency-Key"
INVALID: Final = (
    f"{HEADER} must be 1 to 255 visible ASCII characters without spaces, with or without quotation"
    " marks around them"
)
# A string of a structured field (RFC 9651), in which \" and \\ stand for one character each.
_QUOTED: Final = re.compile(r'"((?:[!#-\[\]-~]|\\["\\])+)"').fullmatch
_BARE: Final = re.compile(r"[!#-~][!-~]*").fullmatch
_LONGEST: Final = 255


def read_key() -> None:
    """Set the idempotency key of a request that changes something; raise ValidationFailed."""
    request = current()
    if request.method not in WRITES:
        return
    text = request.environ.get("HTTP_IDEMPOTENCY_KEY")
    if text is not None:
        request.idempotency_key = _key_of(request, _unquoted(text))


def _unquoted(text: str) -> str:
    text = text.strip()
    if quoted := _QUOTED(text):
        text = re.sub(r"\\(.)", r"\1", quoted[1])
    elif not _BARE(text):
        text = ""
    if not 0 < len(text) <= _LONGEST:
        raise ValidationFailed({HEADER: FieldError(FieldCode.INVALID, INVALID)})
    return text


def _key_of(request: Request, text: str) -> IdempotencyKey:
    """Return the digests of a key. An ETag is part of the payload: it decides about the change."""
    where = (str(request.user_id), request.method, request.path.rstrip("/"), text)
    return IdempotencyKey(
        _digest_of(*(part.encode() for part in where)),
        _digest_of(
            request.query_string,
            request.headers.get(IF_MATCH, "").encode(),
            request.headers.get(IF_NONE_MATCH, "").encode(),
            read_bytes(request),
        ),
    )


def _digest_of(*parts: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()
