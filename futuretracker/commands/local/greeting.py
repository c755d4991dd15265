"""What ``dev`` prints when the service is ready."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from futuretracker.commands.local.issuer import LOCAL
from futuretracker.commands.local.running import base_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

USER = "user_alice"
OPPORTUNITY = '{"title": "Backend internship", "category": "internship"}'


def greeting(settings: Mapping[str, str], *, own_database: bool, token: str, ttl: int) -> str:
    """Return the greeting; ``token`` is empty if Clerk makes the tokens."""
    return "\n".join(_lines(settings, own_database=own_database, token=token, ttl=ttl))


def _lines(
    settings: Mapping[str, str], *, own_database: bool, token: str, ttl: int
) -> Iterator[str]:
    base = base_url(settings)
    api = f"{base}/api/v1"
    kept = f"{LOCAL / 'postgres'}   (make clean deletes it)"
    yield ""
    yield "FutureTracker is running in development mode.             Ctrl-C stops it."
    yield ""
    yield f"  API         {api}"
    yield f"  Reference   {base}/docs"
    yield f"  Data        {kept if own_database else 'the database of DATABASE_URL'}"
    yield ""
    if token:
        until = time.strftime("%H:%M", time.localtime(time.time() + ttl))
        yield f"  Token for {USER}, valid until {until} (make token USER=user_bob for more):"
        yield f"    export TOKEN={token}"
        yield "  Create an opportunity, then list it:"
    else:
        yield "  Tokens come from your Clerk instance. With one of them in TOKEN:"
    yield f'    curl -H "Authorization: Bearer $TOKEN" {api}/opportunities \\'
    yield f"      -H 'Content-Type: application/json' -d '{OPPORTUNITY}'"
    yield f'    curl -H "Authorization: Bearer $TOKEN" {api}/opportunities'
    yield ""
