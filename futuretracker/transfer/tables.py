"""Turn the cells of a table into rows with the fields of the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from futuretracker.transfer.cells import rounds_of, tags_of
from futuretracker.transfer.columns import DATES
from futuretracker.transfer.dates import BadDate, order_of, read_date
from futuretracker.transfer.headers import fields_of
from futuretracker.transfer.problem import TooMany, Unreadable
from futuretracker.transfer.words import WORDS, word_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from futuretracker.transfer.dates import Order

MOST: Final = 10_000  # rows of a file
MOST_COLUMNS: Final = 200
NAMED_COLUMNS: Final = MOST_COLUMNS + 50  # those after MOST_COLUMNS are named, but not read
NO_TITLE: Final = (
    "No column has the titles. The first row that is not empty must name the columns, and one of"
    " them must be title. Of a workbook, only the first sheet is read."
)


@dataclass
class Row:
    """A row that was read: its number in the file, its fields, and what is wrong with them."""

    line: int
    fields: dict[str, Any]
    problems: dict[str, str] = field(default_factory=dict)


@dataclass
class Table:
    """The rows of a file, and the columns that have no meaning here."""

    rows: list[Row] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


def table_of(grid: Iterable[tuple[int, Sequence[str]]], dates: Order | None = None) -> Table:
    """Return the table of numbered rows of cells; the first that is not empty names the columns.

    Raise Unreadable and TooMany. ``dates`` says how to read dates such as 03/04/2026.
    """
    lines = ((line, cells) for line, cells in grid if any(map(str.strip, cells[:MOST_COLUMNS])))
    _, names = next(lines, (0, []))
    further = filter(None, map(str.strip, names[MOST_COLUMNS:]))
    names = [name.strip() for name in names[:MOST_COLUMNS]]
    columns, ignored = fields_of(names)
    if "title" not in columns.values():
        raise Unreadable(NO_TITLE)
    places = {columns[name]: names.index(name) for name in columns}
    table = Table(ignored=[*ignored, *further])
    for line, cells in lines:
        if len(table.rows) == MOST:
            raise TooMany(MOST)
        given = {name: cells[place] for name, place in places.items() if place < len(cells)}
        table.rows.append(Row(line, {name: text for name, text in given.items() if text.strip()}))
    if "rounds" in places and not any(_has_array(row) for row in table.rows):
        table.ignored.append(names[places["rounds"]])
        for row in table.rows:
            row.fields.pop("rounds", None)
    translate(table.rows, dates)
    return table


def _has_array(row: Row) -> bool:
    """Return whether the rounds of a row are those of an export, and not a number or notes."""
    return str(row.fields.get("rounds")).lstrip().startswith("[")


def translate(rows: Sequence[Row], dates: Order | None) -> None:
    """Put the words and the forms of the API into the fields of all rows."""
    for name in DATES:
        texts = [row.fields[name] for row in rows if isinstance(row.fields.get(name), str)]
        order = dates or order_of(texts)
        for row in rows:
            _translate_date(row, name, order)
    for row in rows:
        for name in WORDS.keys() & row.fields.keys():
            if isinstance(text := row.fields[name], str):
                row.fields[name] = word_of(name, text.strip())
        if isinstance(tags := row.fields.get("tags"), str):
            row.fields["tags"] = tags_of(tags)
        if isinstance(rounds := row.fields.get("rounds"), str):
            row.fields["rounds"] = rounds_of(rounds)


def _translate_date(row: Row, name: str, order: Order | None) -> None:
    text = row.fields.get(name)
    if not isinstance(text, str):
        return
    try:
        row.fields[name] = read_date(text, order)
    except BadDate as error:
        row.problems[name] = str(error)
        del row.fields[name]


def named(row: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the fields of an object by their names in the API, and the names without a meaning."""
    names = list(row)
    columns, ignored = fields_of(names[:MOST_COLUMNS])
    given = {columns[name]: row[name] for name in columns}
    fields = {name: value for name, value in given.items() if value is not None and value != ""}
    return fields, ignored + names[MOST_COLUMNS:]
