"""Who changes what: what a view hands to each statement that writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from flask import g

from futuretracker.logs import request_id
from futuretracker.queries.changes import Change

if TYPE_CHECKING:
    from collections.abc import Mapping


def change(details: Mapping[str, object]) -> Change:
    """Return the change that the current request makes; ``details`` go into the audit."""
    return Change(g.user_id, g.session.user_id, request_id(), json.dumps(details))
