"""Connect as the service's role on behalf of a user."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from futuretracker.config import Config
from futuretracker.database.queries.users import select_user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

OPERATOR = "operator"  # the actor and the client in the audit log


class Refused(Exception):
    """The command is not possible; the message says why."""


@contextmanager
def connection_of(user: str, command: str) -> Iterator[tuple[psycopg.Connection[Any], UUID]]:
    """Open a connection, and find the internal id of a user; raise Refused."""
    config = Config.from_env()
    with psycopg.connect(
        config.database.primary.url,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=5,
        application_name=f"futuretracker {command}",
    ) as conn:
        owner = select_user(conn, clerk_id=user)
        if owner is None:
            message = f"There is no user {user} here. A user is known after the first sign-in."
            raise Refused(message)
        yield conn, owner
