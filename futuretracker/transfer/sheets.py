"""Read the first sheet of a workbook (XLSX, ISO/IEC 29500)."""

from __future__ import annotations

import datetime as dt
import io
import posixpath
import re
import zipfile
from typing import TYPE_CHECKING, Final

from futuretracker.transfer.problem import TooMany, Unreadable
from futuretracker.transfer.tables import MOST, NAMED_COLUMNS
from futuretracker.transfer.workbook import MOST_ROWS, unescaped
from futuretracker.transfer.xml_parts import (
    DAMAGED,
    NOT_XLSX,
    TOO_LARGE,
    UNPACKED,
    check_size,
    read_part,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from futuretracker.transfer.xml_parts import Attributes, Handler

SCANNED: Final = 2 * MOST  # rows with cells, also with empty ones
CELLS: Final = 600_000
STRINGS: Final = 500_000  # shared by the cells
STYLES: Final = 65_000
BOOK, STRINGS_PART, STYLES_PART = "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"
# The numbers of built-in formats that show dates, and what shows one in a format of the user.
DATES: Final = frozenset({*range(14, 18), 22, *range(27, 32), 36, *range(50, 59)})
_shows_date: Final = re.compile(r"[ymd]", re.IGNORECASE).search
# The end may be missing: to search for it from each bracket takes quadratic time.
_HIDDEN: Final = re.compile(r'"[^"]*"?|\\.|\[[^\]]*\]?')
_LETTERS: Final = re.compile(r"[A-Z]{1,3}").match


class Book:
    """What the parts before the sheet say: where it is, its strings, and which styles are dates."""

    def __init__(self) -> None:
        self.sheet_id = ""
        self.targets: dict[str, str] = {}
        self.epoch = dt.date(1899, 12, 30)
        self.strings: list[str] = []
        self.are_dates: list[bool] = []
        self._date_formats: set[int] = set()
        self._text: list[str] = []
        self._inside: list[str] = []

    def start(self, name: str, attributes: Attributes) -> None:
        """Note a sheet, a relationship, a format or a style."""
        self._inside.append(name)
        if name == "sheet" and not self.sheet_id:
            self.sheet_id = next(v for k, v in attributes.items() if k.rpartition(":")[2] == "id")
        elif name == "Relationship":
            self.targets[attributes["Id"]] = attributes["Target"]
        elif name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
            self.epoch = dt.date(1904, 1, 1)
        elif name == "numFmt" and _shows_date(_HIDDEN.sub("", attributes["formatCode"])):
            self._date_formats.add(int(attributes["numFmtId"]))
        elif name == "xf" and "cellXfs" in self._inside:
            number = int(attributes.get("numFmtId", "0"))
            self.are_dates.append(number in DATES or number in self._date_formats)

    def text(self, text: str) -> None:
        """Add to a shared string, but not how it is pronounced (``rPh``)."""
        if self._inside[-1:] == ["t"] and "rPh" not in self._inside:
            self._text.append(text)

    def end(self, name: str) -> None:
        """End a shared string."""
        self._inside.pop()
        if name == "si":
            self.strings.append(unescaped("".join(self._text)))
            self._text = []
        if len(self.strings) > STRINGS or len(self.are_dates) > STYLES:
            raise Unreadable(TOO_LARGE)


class Sheet:
    """The rows of the sheet, as they are read."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.rows: list[tuple[int, Sequence[str]]] = []
        self._number = self._count = self._length = self._rows = 0
        self._cells: dict[int, str] = {}
        self._column, self._type, self._style = -1, "n", 0
        self._value: list[str] | None = None

    def start(self, name: str, attributes: Attributes) -> None:
        """Begin a row, a cell or its value."""
        if name == "c":
            self._count += 1
            if self._count > CELLS:
                raise Unreadable(TOO_LARGE)
            letters = _LETTERS(attributes.get("r", ""))
            self._column = _column_of(letters[0]) if letters else self._column + 1
            self._type, self._style = attributes.get("t", "n"), int(attributes.get("s", "0"))
            self._value = None
        elif name in {"v", "is"}:
            self._value = []
        elif name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            if not 1 <= self._number <= MOST_ROWS:
                raise Unreadable(NOT_XLSX)
            self._cells, self._column = {}, -1

    def text(self, text: str) -> None:
        """Add to the value of a cell."""
        if self._value is not None:
            self._value.append(text)

    def end(self, name: str) -> None:
        """End a cell or a row."""
        if name in {"f", "rPh"} and self._value is not None:
            self._value = []
        elif name == "c" and self._value is not None:
            if self._column < NAMED_COLUMNS:
                self._add(self._shown("".join(self._value)))
            self._value = None
        elif name == "row" and self._cells:
            self._rows += 1
            if self._rows > SCANNED:
                raise TooMany(MOST)
            cells = self._cells
            self.rows.append((self._number, [cells.get(n, "") for n in range(max(cells) + 1)]))

    def _add(self, text: str) -> None:
        """Add a cell to the row. Many cells may refer to one long string."""
        self._length += len(text)
        if self._length > UNPACKED:
            raise Unreadable(TOO_LARGE)
        self._cells[self._column] = text

    def _shown(self, value: str) -> str:
        """Return a cell as it looks."""
        if self._type == "s":
            return self._book.strings[int(value)]
        if self._type == "b":
            return "TRUE" if value == "1" else "FALSE"
        if self._type == "e":
            return ""
        if self._type != "n" or not value:
            return unescaped(value)
        number = float(value)
        styles = self._book.are_dates
        if number >= 1 and self._style < len(styles) and styles[self._style]:
            return (self._book.epoch + dt.timedelta(days=int(number))).isoformat()
        return str(int(number)) if number.is_integer() else repr(number)


def xlsx_cells(data: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows of the first sheet that have cells, with their numbers.

    Raise Unreadable and TooMany.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check_size(archive)
            book = Book()
            names = set(archive.namelist())
            for part in (BOOK, "xl/_rels/workbook.xml.rels", STYLES_PART, STRINGS_PART):
                if part in names:
                    _read_whole(archive, part, book)
            sheet = Sheet(book)
            target = posixpath.join("/xl", book.targets[book.sheet_id]).lstrip("/")
            for _ in read_part(archive, target, sheet):
                yield from sheet.rows
                sheet.rows.clear()
    except DAMAGED as error:
        raise Unreadable(NOT_XLSX) from error


def _read_whole(archive: zipfile.ZipFile, part: str, handler: Handler) -> None:
    for _ in read_part(archive, part, handler):
        pass


def _column_of(letters: str) -> int:
    """Return the number of a column, from 0, by its letters."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("@")
    return number - 1
