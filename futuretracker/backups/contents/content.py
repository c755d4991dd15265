"""Describe the content of a database, so that two databases can be compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from futuretracker.backups.contents.catalogue import GRANTS, POLICIES, ROWS, SESSION, TABLES

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """The number of rows and their checksum; ``row_security`` is forced, enabled or off."""

    rows: int
    checksum: str
    row_security: str


@dataclass(frozen=True, slots=True)
class Content:
    """Everything in the schema ``public`` that a restore must bring back.

    ``grants`` and ``policies`` are descriptions, which only the comparison uses.
    """

    tables: dict[str, Table]
    grants: tuple[str, ...]
    policies: tuple[str, ...]

    @classmethod
    def read(cls, conn: Connection) -> Content:
        """Read the content in the connection's transaction, whose settings it changes."""
        conn.execute(SESSION)
        return cls(_tables(conn), _descriptions(conn, GRANTS), _descriptions(conn, POLICIES))

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Content:
        """Build the content from what ``to_json`` returned."""
        tables = {name: Table(**table) for name, table in fields["tables"].items()}
        return cls(tables, tuple(fields["grants"]), tuple(fields["policies"]))

    def to_json(self) -> dict[str, Any]:
        """Return the content as values that JSON supports."""
        return asdict(self)

    def rows(self) -> dict[str, int]:
        """Return the number of rows by table."""
        return {name: table.rows for name, table in self.tables.items()}


def _tables(conn: Connection) -> dict[str, Table]:
    tables = {}
    for name, only, row_security, columns in conn.execute(TABLES).fetchall():
        statement = sql.SQL(ROWS).format(
            columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
            only=sql.SQL(only),
            table=sql.Identifier(name),
        )
        row = conn.execute(statement).fetchone()
        assert row is not None  # noqa: S101 - an aggregate has a row
        tables[name] = Table(row[0], row[1], row_security)
    return tables


def _descriptions(conn: Connection, statement: str) -> tuple[str, ...]:
    return tuple(row[0] for row in conn.execute(statement))
