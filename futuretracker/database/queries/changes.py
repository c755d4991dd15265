"""Run a change: one statement, which also stores what it returned if the client sent a key.

A change consists of its CTEs and of what it selects from them. With an idempotency key, the same
CTEs get two more: one with what was selected, and one that stores it under the key. So the change
and the key are committed together, in the same round trip. Before anything is changed, the
statement waits for other requests with the key, and fails if one of them was carried out.

A request that is sent again runs the same query with the stored rows in place of a connection. So
the response is made of them as it was the first time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, LiteralString, ParamSpec, TypeVar, cast

from futuretracker.database.queries.versions import representation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from psycopg import Connection, Cursor

    from futuretracker.web.request import IdempotencyKey

    Execute = Callable[[Connection[Any], LiteralString, Mapping[str, object]], Cursor[Any]]
Values = ParamSpec("Values")
Found = TypeVar("Found")


class OtherForm(Exception):
    """A change of another release has returned the rows, with other columns."""


class StoredRows:
    """The rows that a change returned earlier: as much of a cursor as the queries read."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = [tuple(row.values()) for row in rows]
        self._next = iter(self._rows)
        self.ntuples = len(rows)

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self._next

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row, or None."""
        return next(self._next, None)

    @property
    def pgresult(self) -> StoredRows:
        """The result with the values as bytes."""
        return self

    def get_value(self, row: int, column: int) -> bytes | None:
        """Return a text as bytes."""
        value: str | None = self._rows[row][column]
        return None if value is None else value.encode()


class _Remembering:
    """A connection whose change stores what it returns under a key."""

    def __init__(self, conn: Connection[Any], key: IdempotencyKey) -> None:
        self._conn = conn
        self._key = key

    def execute_change(
        self,
        ctes: LiteralString,
        result: LiteralString,
        values: Mapping[str, object],
        execute: Execute,
    ) -> Cursor[Any]:
        statement: LiteralString = f"""
        with {ctes}, result as materialized ({result}), remembered as (
            insert into idempotency_keys (user_id, scope, payload, result, form)
            select %(user_id)s, %(key_scope)s::bytea, %(key_payload)s::bytea,
                (select coalesce(json_agg(result), '[]') from result), %(key_form)s
        )
        select * from result where (
            select futuretracker_claim(%(user_id)s, %(key_scope)s::bytea, %(key_lock)s::bigint)
        )
        """
        key = {
            "key_scope": self._key.scope,
            "key_payload": self._key.payload,
            "key_lock": self._key.lock,
            "key_form": representation(result),
        }
        return execute(self._conn, statement, {**values, **key})


class _Repeating:
    """In place of a connection: its change returns the stored rows, and changes nothing."""

    def __init__(self, rows: StoredRows, form: str) -> None:
        self._rows = rows
        self._form = form

    def execute_change(
        self, _ctes: LiteralString, result: LiteralString, *_others: object
    ) -> StoredRows:
        if representation(result) != self._form:
            raise OtherForm
        return self._rows


def _execute(
    conn: Connection[Any], statement: LiteralString, values: Mapping[str, object]
) -> Cursor[Any]:
    return conn.execute(statement, values)


def execute_change(
    conn: Connection[Any],
    ctes: LiteralString,
    result: LiteralString,
    values: Mapping[str, object],
    execute: Execute = _execute,
) -> Cursor[Any]:
    """Run a change: ``ctes``, without the ``with``, and the select that returns its ``result``.

    The columns of the result have different names. ``execute`` runs the statement.
    """
    if isinstance(conn, _Remembering | _Repeating):
        return cast("Cursor[Any]", conn.execute_change(ctes, result, values, execute))
    return execute(conn, f"with {ctes} {result}", values)


def remembering(
    query: Callable[Concatenate[Connection[Any], Values], Found], key: IdempotencyKey
) -> Callable[Concatenate[Connection[Any], Values], Found]:
    """Return the query with a change that stores what it returns under the key."""

    def run(conn: Connection[Any], /, *args: Values.args, **kwargs: Values.kwargs) -> Found:
        remembering_conn: Any = _Remembering(conn, key)
        return query(remembering_conn, *args, **kwargs)

    return run


def repeating(rows: Sequence[Mapping[str, Any]], form: str) -> Connection[Any]:
    """Return what stands for a connection in a query whose change returns these rows.

    The query raises OtherForm if its change returns other columns.
    """
    repeating_conn: Any = _Repeating(StoredRows(rows), form)
    return cast("Connection[Any]", repeating_conn)
