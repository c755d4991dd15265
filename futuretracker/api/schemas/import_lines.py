"""Check the lines of a file that is imported: each as a new opportunity."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from futuretracker.api.schemas.field_errors import FieldCode, FieldError, ValidationFailed
from futuretracker.api.schemas.ids import is_uuid
from futuretracker.api.schemas.import_rounds import check_number, read_rounds
from futuretracker.api.schemas.import_times import bad_date, read_times
from futuretracker.api.schemas.loading import load
from futuretracker.api.schemas.opportunities import ImportedOpportunity, OpportunityChanges
from futuretracker.database.queries.imports import Item
from futuretracker.transfer.problem import TooMany, Unreadable
from futuretracker.transfer.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from futuretracker.api.schemas.uploads import Upload
    from futuretracker.database.queries.imports import Duplicates
    from futuretracker.transfer.dates import Order
    from futuretracker.transfer.tables import Row, Table

NEW: Final = ImportedOpportunity()
CHANGES: Final = OpportunityChanges()
CLIENT: Final = "import"  # in the audit entries of the opportunities
ORDERS: Final[Mapping[str | None, Order | None]] = {
    None: None,
    "day_first": "day",
    "month_first": "month",
}
LONGEST_NAME: Final = 100  # characters of a column that is ignored
MOST_NAMES: Final = 50


@dataclass
class Lines:
    """The lines of a file: the valid ones, and the errors of the others."""

    items: list[Item] = field(default_factory=list)
    errors: dict[str, FieldError] = field(default_factory=dict)
    failed: int = 0
    ignored: list[str] = field(default_factory=list)
    repeated: dict[int, int] = field(default_factory=dict)  # line: the earlier line that it repeats


def read_lines(upload: Upload, dates: Order | None, duplicates: Duplicates) -> Lines:
    """Return the lines of a file; raise ValidationFailed if it is none.

    Lines that repeat an earlier one are left out, unless ``duplicates`` are kept.
    """
    table = _table(upload, dates)
    lines = Lines(ignored=[name[:LONGEST_NAME] for name in table.ignored[:MOST_NAMES]])
    seen = Seen()
    now = dt.datetime.now(dt.UTC)
    for row in table.rows:
        item = _read(row, lines.errors, now, updates=duplicates == "update")
        if item is None:
            lines.failed += 1
        elif duplicates != "keep" and (first := seen.add(item)) is not None:
            lines.repeated[item.line] = first
        else:
            lines.items.append(item)
    return lines


def _table(upload: Upload, dates: Order | None) -> Table:
    try:
        table = read_file(upload.data, upload.kind, dates=dates)
    except Unreadable as error:
        failed = FieldError(FieldCode.INVALID, str(error))
        raise ValidationFailed({"file": failed}) from error
    except TooMany as error:
        failed = FieldError(FieldCode.TOO_MANY, str(error), {"maximum": error.most})
        raise ValidationFailed({"file": failed}) from error
    check_number(table.rows)
    return table


def _read(
    row: Row, errors: dict[str, FieldError], now: dt.datetime, *, updates: bool
) -> Item | None:
    """Return the item of a row, or add its errors."""
    found = {name: _bad_date(name, problem) for name, problem in row.problems.items()}
    times = read_times(row.fields, now, found)
    id_ = row.fields.pop("id", None)
    rounds = read_rounds(row.fields.pop("rounds", None), now, found)
    try:
        values = load(NEW, row.fields, found)
    except ValidationFailed as error:
        errors |= {_name(row, name): each for name, each in error.errors.items()}
        return None
    if rounds and "status" not in row.fields:
        del values["status"]  # it follows from the rounds
    return Item(
        row.line,
        UUID(id_) if isinstance(id_, str) and is_uuid(id_) else None,
        values,
        load(CHANGES, row.fields) if updates else {},
        **times,
        rounds=rounds,
    )


def _name(row: Row, name: str) -> str:
    return f"lines.{row.line}.{name}" if name else f"lines.{row.line}"


def _bad_date(name: str, problem: str) -> FieldError:
    if name:
        return bad_date(name, problem)
    return FieldError(FieldCode.WRONG_TYPE, f"The entry {problem}")


class Seen:
    """The lines before, by what tells two opportunities apart: the id, else the link and the title.

    The database decides in the same way whether a line stands for one that is there already.
    """

    def __init__(self) -> None:
        self._ids: dict[UUID, int] = {}
        self._all = _Texts()
        self._without_id = _Texts()

    def add(self, item: Item) -> int | None:
        """Add a line; return the earlier one that it repeats, or None."""
        link, name = item.values.get("link"), _name_of(item.values)
        # Lines with different ids do not repeat each other.
        first = (self._without_id if item.id else self._all).find(link, name)
        if item.id:
            first = self._ids.get(item.id, first)
            self._ids.setdefault(item.id, item.line)
        else:
            self._without_id.add(link, name, item.line)
        self._all.add(link, name, item.line)
        return first


class _Texts:
    """The first line with each link, and with each title and company."""

    def __init__(self) -> None:
        self._links: dict[object, int] = {}
        self._names: dict[tuple[str, str], int] = {}
        self._without_link: dict[tuple[str, str], int] = {}

    def find(self, link: object, name: tuple[str, str]) -> int | None:
        """Return the first line that is alike. Two different links tell the same title apart."""
        if link:
            return self._links.get(link, self._without_link.get(name))
        return self._names.get(name)

    def add(self, link: object, name: tuple[str, str], line: int) -> None:
        if link:
            self._links.setdefault(link, line)
        else:
            self._without_link.setdefault(name, line)
        self._names.setdefault(name, line)


def _name_of(values: Mapping[str, Any]) -> tuple[str, str]:
    return str(values["title"]).lower(), str(values.get("company") or "").lower()
