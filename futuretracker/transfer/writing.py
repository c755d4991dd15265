"""Write opportunities as a file: a stream of bytes.

A writer takes pages, JSON arrays as Postgres sends them, and yields bytes for each. So it needs
memory for one page, however long the file is. The same rows make the same bytes.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from futuretracker.transfer.cells import protected, text_of
from futuretracker.transfer.columns import COLUMNS
from futuretracker.transfer.workbook import write_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

BOM: Final = "\ufeff"  # without it, Excel reads another encoding


class Format(NamedTuple):
    """A file format: its media type, and its writer."""

    media_type: str
    write: Callable[[Iterator[bytes]], Iterator[bytes]]


def write_csv(pages: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a CSV file (RFC 4180) in UTF-8, with a byte order mark."""
    yield (BOM + _lines([COLUMNS])).encode()
    for page in pages:
        rows = [[protected(text) for text in cells(row)] for row in json.loads(page)]
        yield _lines(rows).encode()


def write_json(pages: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a JSON array, with one opportunity in each line."""
    start = b"[\n"
    for page in pages:
        rows = [_object(row) for row in json.loads(page)]
        if rows:
            yield start + b",\n".join(rows)
            start = b",\n"
    yield b"\n]\n" if start == b",\n" else b"[]\n"


def cells(row: Mapping[str, Any]) -> list[str]:
    """Return the texts of an opportunity, in the order of the columns."""
    return [text_of(row.get(name)) for name in COLUMNS]


def _object(row: Mapping[str, Any]) -> bytes:
    further = {name: row[name] for name in ("rounds", "history") if name in row}
    shown = {name: row.get(name) for name in COLUMNS} | further
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode()


def _lines(rows: list[Any]) -> str:
    sink = io.StringIO(newline="")
    csv.writer(sink).writerows(rows)
    return sink.getvalue()


XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS: Final[Mapping[str, Format]] = {
    "csv": Format("text/csv; charset=utf-8", write_csv),
    "json": Format("application/json; charset=utf-8", write_json),
    "xlsx": Format(XLSX_TYPE, lambda pages: write_xlsx(COLUMNS, map(_rows_of, pages))),
}


def _rows_of(page: bytes) -> list[list[str]]:
    return [cells(row) for row in json.loads(page)]
