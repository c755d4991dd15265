"""Read the cells of CSV files."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from futuretracker.transfer.cells import unprotected
from futuretracker.transfer.headers import fields_of
from futuretracker.transfer.problem import TooMany, Unreadable
from futuretracker.transfer.tables import MOST, MOST_COLUMNS, NAMED_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DELIMITERS: Final = ",;\t"
LONGEST: Final = 10_000  # characters of the first row that are looked at
SCANNED: Final = 2 * MOST  # rows, also empty ones
UNCLOSED: Final = "Row {} has a quotation mark that is never closed. Close it or remove it."
NO_MARK: Final = "The file is UTF-16 without a byte order mark. Save it as UTF-8."
_END: Final = "\0end"  # no text of an opportunity has this character
_BOMS: Final = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def decode(data: bytes) -> str:
    """Return the text of a file; raise Unreadable.

    A byte order mark decides. Without one it is UTF-8 if it can be, else Windows-1252.
    """
    for bom, encoding in _BOMS.items():
        if data.startswith(bom):
            return _decoded(data[len(bom) :], encoding)
    if 0 in data[:2]:
        raise Unreadable(NO_MARK)
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _decoded(data, "windows-1252")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        message = f"The file is not valid {encoding.upper()}. Save it as UTF-8."
        raise Unreadable(message) from error


def csv_cells(text: str) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows of a CSV file (RFC 4180), as a spreadsheet numbers them. Raise Unreadable."""
    # Quotation marks that never end would swallow the end mark, and all rows before it.
    reader = _reader(f"{text}\n{_END}\n", _delimiter(text))
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            if cells == [_END]:
                return
            if number > SCANNED:
                raise TooMany(MOST)
            if cells and cells[-1].endswith(f"{_END}\n"):
                raise Unreadable(UNCLOSED.format(number))
            yield number, [unprotected(cell) for cell in cells[:NAMED_COLUMNS]]
    except csv.Error as error:
        message = f"Row {number + 1} of the file is not valid CSV"
        raise Unreadable(message) from error


def _delimiter(text: str) -> str:
    """Return the delimiter with which the first row has the most known columns, or most columns."""
    beginning = text.lstrip("\r\n ")[:LONGEST]

    def columns(delimiter: str) -> tuple[int, int]:
        names = next(_reader(beginning, delimiter), [])[:MOST_COLUMNS]
        return len(fields_of(names)[0]), len(names)

    return max(DELIMITERS, key=columns)


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    """Return a reader of rows that end with a line feed, a carriage return or both."""
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
