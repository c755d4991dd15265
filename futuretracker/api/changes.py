"""Who changes what: what a view hands to each statement that writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from futuretracker.application import current
from futuretracker.queries.changes import Change

if TYPE_CHECKING:
    from collections.abc import Mapping


def change(details: Mapping[str, object]) -> Change:
    """Return the change that the current request makes; ``details`` go into the audit."""
    request = current()
    return Change(request.user_id, request.session.user_id, request.id, json.dumps(details))
