"""Make API keys for tests of the queries."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from futuretracker.database.queries import api_keys
from futuretracker.database.queries.api_keys import NewKey
from tests.conftest import numbers

if TYPE_CHECKING:
    import psycopg

    from tests.database.queries.conftest import Owner

PREFIX = "ft_test_"
DIGEST, OTHER_DIGEST = b"d" * 32, b"e" * 32
ED25519: dict[str, object] = {
    "algorithm": "ed25519",
    "public_key": b"p" * 32,
    "secret_digest": None,
}
insert = partial(api_keys.insert_key, prefix=PREFIX)
select = partial(api_keys.select_keys, prefix=PREFIX)
update = partial(api_keys.update_key, prefix=PREFIX)
rotate = partial(api_keys.rotate_key, prefix=PREFIX)


def new_key(user: Owner, **values: Any) -> NewKey:
    """Return a bearer key with two scopes, for every network and without an end."""
    key = NewKey(
        id=f"Key{next(numbers):09}",
        clerk_id=user.clerk_id,
        name="Spreadsheet",
        scopes=["opportunities:read", "opportunities:write"],
        networks=[],
        algorithm=None,
        public_key=None,
        secret_digest=DIGEST,
        expires_at=None,
    )
    return key._replace(**values)


def add(conn: psycopg.Connection[Any], user: Owner, **values: Any) -> str:
    """Insert a key of a user; return its id."""
    key_id: str = json.loads(insert(conn, audit=user.audit, key=new_key(user, **values)))["id"]
    return key_id


def in_days(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def expire(owner: psycopg.Connection[Any], key_id: str) -> None:
    """Let a key have expired just now."""
    owner.execute("update api_keys set expires_at = now() where id = %s", [key_id])


def listed(conn: psycopg.Connection[Any], user: Owner) -> list[dict[str, Any]]:
    """Return the keys of a user as the API does."""
    found: list[dict[str, Any]] = json.loads(select(conn, user_id=user.id))
    return found
