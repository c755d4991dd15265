"""Authentication: every route needs a session token unless its view is marked ``public``."""

from __future__ import annotations

from futuretracker.auth.access import is_public, public
from futuretracker.auth.admission import Admission, unauthenticated

__all__ = ["Admission", "is_public", "public", "unauthenticated"]
