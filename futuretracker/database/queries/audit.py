"""What every statement that changes data carries with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID


class Change(NamedTuple):
    """Who changes a row and what the audit keeps of it.

    ``user_id`` is the internal id, ``actor`` Clerk's, ``details`` JSON.
    """

    user_id: UUID
    actor: str
    request_id: str
    details: str
