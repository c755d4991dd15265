"""Authentication: every route needs a token unless its view is marked ``public``.

An API key opens only the views that are marked with ``allows``.
"""

from __future__ import annotations

from futuretracker.auth.access import allows, is_public, public
from futuretracker.auth.admission import Admission, unauthenticated

__all__ = ["Admission", "allows", "is_public", "public", "unauthenticated"]
