"""What the document says of the API as a whole."""

from __future__ import annotations

from typing import Any, Final

DESCRIPTION: Final = """\
Internships and hackathons, tracked per user. `/api/v1` is the API; `/api` is the guide's surface, \
deprecated, and stays for the clients that are there already.

Sign in with Clerk and send its session token as `Authorization: Bearer ...`. Another user's row \
answers 404, as one that does not exist.

Unknown fields of a body are dropped, unknown parameters of a query are refused. A body without a \
content type is read as JSON.

`HEAD` works wherever `GET` does. `OPTIONS` answers 200 with `Allow`; a method that a path does \
not know answers 405 with `Allow`; an unknown path answers 404."""

ABOUT: Final[dict[str, Any]] = {
    "title": "FutureTracker API",
    "version": "1.0.0",
    "openapi_version": "3.1.0",
    "info": {
        "description": DESCRIPTION,
        "license": {"name": "MIT", "identifier": "MIT"},
    },
    "servers": [{"url": "/", "description": "This service."}],
    "security": [{"session": []}],
    "tags": [
        {"name": "Opportunities", "description": "The user's internships and hackathons."},
        {"name": "Interview rounds", "description": "Of an internship; its status follows them."},
        {"name": "Analytics", "description": "Counts, rates and the pipeline of rounds."},
        {"name": "Account", "description": "The user who asks."},
        {"name": "Health", "description": "For people and monitors; public."},
        {"name": "Reference", "description": "This document; public."},
        {"name": "Original API", "description": "The routes below `/api`, deprecated."},
        {"name": "Probes", "description": "For load balancers; public and unlimited."},
    ],
}
SESSION: Final[dict[str, Any]] = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A session token of Clerk's, which a client asks Clerk for before each request.",
}
