"""Rate limits, declared and applied with Flask-Limiter.

Every route is limited. ``@limiter.exempt`` exempts a view, and ``@limiter.limit("10 per minute")``
adds a limit of its own. Both belong below the line that registers the view.
"""

from __future__ import annotations

from futuretracker.limits.at_once import AtOnce
from futuretracker.limits.keys import address_key
from futuretracker.limits.limiter import limiter, store_key
from futuretracker.limits.responses import rate_limited
from futuretracker.limits.served import Served
from futuretracker.limits.weights import weighs

__all__ = ["AtOnce", "Served", "address_key", "limiter", "rate_limited", "store_key", "weighs"]
