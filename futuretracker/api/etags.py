"""ETags, and the requests that name them: If-Match and If-None-Match (RFC 9110, 8.8.3 and 13).

The ETag of an opportunity is ``"<version>-<representation>"``. The version changes with each change
of the opportunity. The representation is that of the API version, and changes with a release that
adds a field. Lists have the digest of the versions in them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed
from futuretracker.api.versions import api_version
from futuretracker.database.queries.versions import (
    ALWAYS,
    EVERY,
    NONE,
    Condition,
    Versions,
    representation,
)
from futuretracker.web.application import current_app
from futuretracker.web.errors import ApiError
from futuretracker.web.request import current

if TYPE_CHECKING:
    from collections.abc import Sequence

IF_MATCH: Final = "If-Match"
IF_NONE_MATCH: Final = "If-None-Match"
CHANGED: Final = "The opportunity has changed since you read it. Read it again, then decide."
REQUIRED: Final = "Send If-Match with the ETag of the opportunity that you have read."
TAKEN: Final = "There is an opportunity with this id already."
BOTH: Final = f"Send {IF_NONE_MATCH}: * to create, or {IF_MATCH} to change, but not both."
# An ETag or nothing, and the comma after it. An ETag that begins with W/ is a weak one. A run of
# spaces is read once, however long it is.
_ITEM: Final = re.compile(r'[ \t]*+(?:(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*+)?(?:,|\Z)')
# A version that a row can have.
_VERSION: Final = re.compile(r"[0-9]{1,18}")


class _Tag(NamedTuple):
    text: str
    is_weak: bool


def etag(tag: str) -> str:
    """Return the ETag with this text."""
    return f'"{tag}"'


def etag_of(version: str) -> str:
    """Return the ETag of an opportunity in the current API version."""
    return etag(f"{version}-{representation(api_version().columns)}")


def known_tags() -> Versions:
    """Return the ETags of If-None-Match, for a list; raise ValidationFailed."""
    found = _read(IF_NONE_MATCH)
    if found is None:
        return NONE
    return EVERY if not found else Versions(listed=[tag.text for tag in found])


def reading() -> Condition:
    """Return the condition of a request that reads an opportunity; raise ValidationFailed."""
    found = _read(IF_NONE_MATCH)
    return ALWAYS if found is None else Condition(refused=_versions(found))


def changing() -> Condition:
    """Return the condition of a request that changes an opportunity; raise ValidationFailed.

    A weak ETag does not say that the bytes are the same, so it never matches If-Match.
    """
    wanted, refused = _read(IF_MATCH), _read(IF_NONE_MATCH)
    if wanted is None and refused is None:
        return ALWAYS
    return Condition(
        EVERY if wanted is None else _versions(wanted, strong_only=True),
        NONE if refused is None else _versions(refused),
    )


def demanded() -> Condition:
    """Return the condition as ``changing`` does; raise the 428 if there is none and must be one."""
    condition = changing()
    if condition is ALWAYS and current_app.settings.require_if_match and _is_v1():
        raise ApiError(428, "Precondition Required", REQUIRED)
    return condition


def creates() -> bool:
    """Return whether the request is to create what it names: a PUT with ``If-None-Match: *``.

    Raise ValidationFailed if it also names the version of something that exists.
    """
    request = current()
    if request.method != "PUT" or request.headers.get(IF_NONE_MATCH, "").strip() != "*":
        return False
    if IF_MATCH in request.headers:
        raise ValidationFailed({IF_MATCH: FieldError(FieldCode.CONTRADICTION, BOTH)})
    return True


def precondition_failed(message: str = CHANGED) -> ApiError:
    """Return the 412: nothing was written."""
    return ApiError(412, "Precondition Failed", message)


def _is_v1() -> bool:
    return current().api_version == "v1"


def _read(name: str) -> Sequence[_Tag] | None:
    """Return the ETags of a header; none for ``*``. Return None if there is no such header."""
    header = current().headers.get(name)
    if header is None:
        return None
    tags: list[_Tag] = []
    if header.strip() == "*":
        return tags
    place = 0
    while place < len(header):
        if not (item := _ITEM.match(header, place)):
            raise _malformed(name)
        if item[2] is not None:
            tags.append(_Tag(item[2], is_weak=bool(item[1])))
        place = item.end()
    if not tags:
        raise _malformed(name)
    return tags


def _malformed(name: str) -> ValidationFailed:
    message = f'{name} must be * or ETags in quotation marks, such as "12-1a2b3c4d"'
    return ValidationFailed({name: FieldError(FieldCode.INVALID, message)})


def _versions(tags: Sequence[_Tag], *, strong_only: bool = False) -> Versions:
    """Return the versions in the ETags of opportunities in the current API version."""
    if not tags:
        return EVERY
    ending = f"-{representation(api_version().columns)}"
    named = (
        tag.text.removesuffix(ending)
        for tag in tags
        if tag.text.endswith(ending) and not (strong_only and tag.is_weak)
    )
    return Versions(listed=[version for version in named if _VERSION.fullmatch(version)])
