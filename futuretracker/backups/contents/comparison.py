"""In what a restored database is not as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from futuretracker.backups.contents.content import Content, Table


def differences(wanted: Content, found: Content) -> list[str]:
    """Return a clause for everything in which ``found`` is not as ``wanted``."""
    tables = [
        clause
        for name in sorted(wanted.tables | found.tables)
        for clause in _compare(name, wanted.tables.get(name), found.tables.get(name))
    ]
    return [
        *tables,
        *(f"missing: {what}" for what in _beyond(wanted.grants, found.grants)),
        *(f"too much: {what}" for what in _beyond(found.grants, wanted.grants)),
        *(f"policy missing: {what}" for what in _beyond(wanted.policies, found.policies)),
        *(f"policy too much: {what}" for what in _beyond(found.policies, wanted.policies)),
    ]


def _compare(name: str, wanted: Table | None, found: Table | None) -> list[str]:
    if wanted is None or found is None:
        return [f"table {name} is {'missing' if found is None else 'too much'}"]
    clauses = []
    if wanted.rows != found.rows:
        clauses.append(f"{name} has {found.rows} rows, not {wanted.rows}")
    elif wanted.checksum != found.checksum:
        clauses.append(f"{name} has other values")
    if wanted.row_security != found.row_security:
        clauses.append(
            f"row level security of {name} is {found.row_security}, not {wanted.row_security}"
        )
    return clauses


def _beyond(first: tuple[str, ...], second: tuple[str, ...]) -> list[str]:
    return sorted(set(first) - set(second))
