"""Read the cells of CSV files and of workbooks (XLSX)."""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from typing import TYPE_CHECKING, Any, Final

from futuretracker.transfer.cells import unprotected
from futuretracker.transfer.headers import fields_of
from futuretracker.transfer.problem import Unreadable
from futuretracker.transfer.tables import MOST, MOST_COLUMNS
from futuretracker.transfer.workbook import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DELIMITERS: Final = ",;\t"
UNPACKED: Final = 32 * 2**20  # bytes of all parts of a workbook together
PARTS: Final = 1000
SCANNED: Final = 2 * MOST  # rows, also empty ones
_BOMS: Final = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
NOT_XLSX: Final = "The file is not a workbook (XLSX) that can be read. Save it again, or as CSV."
TOO_LARGE: Final = "The workbook is too large when it is unpacked. Split it into several files."


def decode(data: bytes) -> str:
    """Return the text of a file; raise Unreadable.

    A byte order mark decides. Without one it is UTF-8 if it can be, else Windows-1252.
    """
    for bom, encoding in _BOMS.items():
        if data.startswith(bom):
            return _decoded(data[len(bom) :], encoding)
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
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    number = 0
    try:
        for number, cells in enumerate(reader, 1):
            yield number, [unprotected(cell) for cell in cells[:MOST_COLUMNS]]
    except csv.Error as error:
        message = f"Row {number + 1} of the file is not valid CSV"
        raise Unreadable(message) from error


def _delimiter(text: str) -> str:
    """Return the delimiter with which the first row has the most known columns, or most columns."""
    first = next((line for line in text.splitlines() if line.strip()), "")

    def columns(delimiter: str) -> tuple[int, int]:
        names = next(csv.reader([first], delimiter=delimiter), [])[:MOST_COLUMNS]
        return len(fields_of(names)[0]), len(names)

    return max(DELIMITERS, key=columns)


def xlsx_cells(data: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """Yield the rows of the first sheet of a workbook, with their numbers. Raise Unreadable."""
    try:
        _check_size(data)
        sheet = _first_sheet(data)
        rows = sheet.iter_rows(max_row=SCANNED, max_col=MOST_COLUMNS, values_only=True)
        for number, values in enumerate(rows, 1):
            yield number, [_text(value) for value in values]
    except Unreadable:
        raise
    except Exception as error:  # the library raises what its parsers happen to raise
        raise Unreadable(NOT_XLSX) from error


def _first_sheet(data: bytes) -> Any:
    # Few processes read workbooks, and the library takes 10 MiB.
    import openpyxl  # noqa: PLC0415
    from openpyxl.xml import DEFUSEDXML  # noqa: PLC0415

    if not DEFUSEDXML:
        message = "without defusedxml, a workbook can exhaust the memory"
        raise RuntimeError(message)
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    return book.worksheets[0]


def _check_size(data: bytes) -> None:
    """Refuse an archive that unpacks to too much. Python reads no more of it than it declares."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = archive.infolist()
    if len(parts) > PARTS or sum(part.file_size for part in parts) > UNPACKED:
        raise Unreadable(TOO_LARGE)


def _text(value: object) -> str:
    """Return the text of a cell; a date without its time, a whole number without a fraction."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime | dt.date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return unescaped(value) if isinstance(value, str) else str(value)
