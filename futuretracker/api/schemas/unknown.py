"""Errors for names that a schema does not know, with the name that was probably meant.

Clients choose the names, so the errors show a limited number of them, and of each a limited part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from futuretracker.api.schemas.field_errors import FieldCode, FieldError
from futuretracker.config.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST: Final = 20  # names
LONGEST: Final = 64  # characters of a name
# Similarities by difflib: `stauts` and `status` have 0.83, `roundNumber` and `round_number` 0.87.
SIMILAR: Final = 0.7


def unknown_parameters(names: Sequence[str], known: Sequence[str]) -> dict[str, FieldError]:
    """Return an error for each unknown query parameter."""
    return _errors(names, known, FieldCode.UNKNOWN_PARAMETER, "query parameter", {})


def unknown_fields(
    names: Sequence[str], known: Sequence[str], others: Mapping[str, FieldError]
) -> dict[str, FieldError]:
    """Return an error for each of these fields of a body: it is unknown, or one of ``others``."""
    return _errors(names, known, FieldCode.UNKNOWN_FIELD, "field", others)


def none_of(names: Sequence[str], known: Sequence[str]) -> str:
    """Return the message for a body with these fields, none of which can be updated."""
    listed = [_listed(name, known) for name in names[:MOST]]
    more = f" and {len(names) - MOST} more" if len(names) > MOST else ""
    return f"None of these fields can be updated: {', '.join(listed)}{more}"


def _listed(name: str, known: Sequence[str]) -> str:
    near = _nearest(name, known)
    return f"{name} (did you mean {near}?)" if near else _shortened(name)


def _errors(
    names: Sequence[str],
    known: Sequence[str],
    code: FieldCode,
    what: str,
    others: Mapping[str, FieldError],
) -> dict[str, FieldError]:
    errors = {
        _shortened(name): others.get(name) or _error(name, known, code, what)
        for name in names[:MOST]
    }
    if len(names) > MOST:
        errors[""] = FieldError(code, f"{len(names) - MOST} more {what}s are unknown")
    return errors


def _error(name: str, known: Sequence[str], code: FieldCode, what: str) -> FieldError:
    near = _nearest(name, known)
    if near:
        return FieldError(code, f"Unknown {what}; did you mean {near}?", {"suggestion": near})
    listed = f"the known ones are {', '.join(known)}" if known else "there are none here"
    return FieldError(code, f"Unknown {what}; {listed}")


def _nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the known name that was probably meant, or None."""
    return nearest(name.lower(), known, SIMILAR) if len(name) <= LONGEST else None


def _shortened(name: str) -> str:
    """Return the name, or its beginning and an ellipsis."""
    return name if len(name) <= LONGEST else f"{name[:LONGEST]}\u2026"
