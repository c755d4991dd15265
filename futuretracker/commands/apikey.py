"""``apikey``: create, list and revoke the API keys of a user."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.errors import CheckViolation, UndefinedColumn, UndefinedTable

from futuretracker.auth.api_keys.format import prefix_of
from futuretracker.auth.api_keys.new import new_key
from futuretracker.auth.revocations import MAX_AGE
from futuretracker.commands import apikey_output
from futuretracker.commands.apikey_arguments import add_arguments, values_of
from futuretracker.commands.output import print_json
from futuretracker.commands.problems import database_problem
from futuretracker.config import Config
from futuretracker.database.queries.api_keys import (
    delete_key,
    find_key,
    insert_key,
    select_keys,
)
from futuretracker.database.queries.audit import AuditEntry
from futuretracker.database.queries.users import select_user

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from uuid import UUID

    Connection = psycopg.Connection[Any]
    Done = tuple[dict[str, Any], str]  # the result for a program, and for a person

__all__ = ["add_arguments", "run"]
OPERATOR = "operator"  # the actor and the client in the audit log


class Refused(Exception):
    """The action is not possible; the message says why."""


def run(options: argparse.Namespace) -> int | str:
    """Carry out the action as the service's role, and print the result."""
    if options.action == "create":
        options.values = values_of(options)
    config = Config.from_env()
    try:
        with psycopg.connect(
            config.database.primary.url,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=5,
            application_name="futuretracker apikey",
        ) as conn:
            result, text = ACTIONS[options.action](conn, config.environment, options)
    except Refused as error:
        return str(error)
    except (UndefinedColumn, UndefinedTable) as error:
        problem = database_problem(error, "DATABASE_URL")
        return f"{problem}. Is it up to date? Run 'python -m futuretracker migrate'."
    except psycopg.Error as error:
        return database_problem(error, "DATABASE_URL")
    if options.json:
        print_json(result)
    else:
        print(text)  # noqa: T201 - the command's output
    return 0


def _create(conn: Connection, environment: str, options: argparse.Namespace) -> Done:
    owner = _owner(conn, options.user)
    key, secret = new_key(options.values, clerk_id=options.user, environment=environment)
    audit = _audit(owner, scopes=key.scopes, networks=key.networks, algorithm=key.algorithm)
    try:
        row = insert_key(conn, audit=audit, key=key, prefix=prefix_of(environment))
    except CheckViolation as error:
        if error.diag.constraint_name != "api_keys_at_most_ten":
            raise
        message = f"{options.user} has ten API keys already. Revoke one that is not used."
        raise Refused(message) from error
    made = json.loads(row)
    text = apikey_output.created(options.user, made, secret)
    return {**made, "secret": secret}, text


def _list(conn: Connection, environment: str, options: argparse.Namespace) -> Done:
    keys = _keys(conn, _owner(conn, options.user), environment)
    text = apikey_output.table(keys) if keys else f"{options.user} has no API keys"
    return {"user": options.user, "keys": keys}, text


def _revoke(conn: Connection, environment: str, options: argparse.Namespace) -> Done:
    """Delete a key; processes see the revocation that belongs to it within two seconds."""
    owner, user = _owner_of_key(conn, options)
    # What the key could do and its last use are no longer known afterwards.
    found = [key for key in _keys(conn, owner, environment) if key["id"] == options.key]
    if not found or delete_key(conn, audit=_audit(owner), key_id=options.key) is None:
        message = f"{user} has no API key {options.key}."
        raise Refused(message)
    result = {"user": user, "key": found[0], "withinSeconds": int(MAX_AGE)}
    return result, apikey_output.revoked(user, found[0])


def _owner(conn: Connection, user: str) -> UUID:
    """Return the internal id of a user; raise Refused if the user is not known here."""
    owner = select_user(conn, clerk_id=user)
    if owner is None:
        message = f"There is no user {user} here. A user is known after the first sign-in."
        raise Refused(message)
    return owner


def _owner_of_key(conn: Connection, options: argparse.Namespace) -> tuple[UUID, str]:
    if options.user:
        return _owner(conn, options.user), options.user
    stored = find_key(conn, key_id=options.key)
    if stored is None:
        message = (
            f"There is no valid API key {options.key}."
            " If it has expired, say with --user whose it is."
        )
        raise Refused(message)
    return stored.user_id, stored.clerk_id


def _keys(conn: Connection, owner: UUID, environment: str) -> list[dict[str, Any]]:
    keys: list[dict[str, Any]] = json.loads(
        select_keys(conn, user_id=owner, prefix=prefix_of(environment))
    )
    return keys


def _audit(owner: UUID, **details: object) -> AuditEntry:
    return AuditEntry(owner, OPERATOR, f"apikey-{uuid.uuid4()}", details, OPERATOR)


ACTIONS: dict[str, Callable[[Connection, str, argparse.Namespace], Done]] = {
    "create": _create,
    "list": _list,
    "revoke": _revoke,
}
