"""Rate limits, declared and applied with Flask-Limiter.

Every route is limited. A view leaves the limits with ``@limiter.exempt``, and adds one of its own
with ``@limiter.limit("10 per minute")``, below the line that registers it.
"""

from __future__ import annotations

from futuretracker.limits.keys import address_key
from futuretracker.limits.limiter import limiter, store_key
from futuretracker.limits.responses import rate_limited

__all__ = ["address_key", "limiter", "rate_limited", "store_key"]
