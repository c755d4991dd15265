"""List the differences between a restored database and its backup."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from futuretracker.backups.contents.content import Content, Table


def differences(wanted: Content, found: Content) -> list[str]:
    """Return one clause for each difference between the two; an empty list means none."""
    tables = [
        clause
        for name in sorted(wanted.tables | found.tables)
        for clause in _compare(name, wanted.tables.get(name), found.tables.get(name))
    ]
    return [
        *tables,
        *(f"missing: {what}" for what in _beyond(wanted.grants, found.grants)),
        *(f"unexpected: {what}" for what in _beyond(found.grants, wanted.grants)),
        *(f"missing policy: {what}" for what in _beyond(wanted.policies, found.policies)),
        *(f"unexpected policy: {what}" for what in _beyond(found.policies, wanted.policies)),
    ]


def _compare(name: str, wanted: Table | None, found: Table | None) -> list[str]:
    if wanted is None or found is None:
        return [f"table {name} is {'missing' if found is None else 'unexpected'}"]
    clauses = []
    if wanted.rows != found.rows:
        clauses.append(f"{name} has {found.rows} rows, not {wanted.rows}")
    elif wanted.checksum != found.checksum:
        clauses.append(f"{name} has different values")
    if wanted.row_security != found.row_security:
        clauses.append(
            f"row level security of {name} is {found.row_security}, not {wanted.row_security}"
        )
    return clauses


def _beyond(first: tuple[str, ...], second: tuple[str, ...]) -> list[str]:
    return sorted(set(first) - set(second))
