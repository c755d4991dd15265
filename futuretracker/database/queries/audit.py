"""The audit entry that a statement writes together with its change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID


class AuditEntry(NamedTuple):
    """Which user changes data, in which request, the details to keep, and with which client.

    ``user_id`` is the internal id of the user, ``actor`` the id that Clerk gave. ``client`` is
    ``web``, ``extension``, ``app`` or ``key:<id>``.
    """

    user_id: UUID
    actor: str
    request_id: str
    details: Mapping[str, object]
    client: str

    def parameters(self) -> dict[str, object]:
        """Return the entry as parameters of a statement, with the details as JSON."""
        return {**self._asdict(), "details": json.dumps(self.details)}
