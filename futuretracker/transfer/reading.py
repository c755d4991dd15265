"""Read a file with opportunities: CSV, JSON or XLSX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from futuretracker.transfer.csv_files import csv_cells, decode
from futuretracker.transfer.documents import read_json
from futuretracker.transfer.sheets import xlsx_cells
from futuretracker.transfer.tables import table_of

if TYPE_CHECKING:
    from futuretracker.transfer.dates import Order
    from futuretracker.transfer.tables import Table

Kind: TypeAlias = Literal["csv", "json", "xlsx"]
ZIP: Final = b"PK\x03\x04"


def read_file(data: bytes, kind: Kind | None = None, *, dates: Order | None = None) -> Table:
    """Return the rows of a file; raise Unreadable and TooMany.

    Without a ``kind``, the content decides. ``dates`` says how to read dates such as 03/04/2026.
    """
    kind = kind or kind_of(data)
    if kind == "xlsx":
        return table_of(xlsx_cells(data), dates)
    text = decode(data)
    return read_json(text, dates) if kind == "json" else table_of(csv_cells(text), dates)


def kind_of(data: bytes) -> Kind:
    """Return the kind of a file by its content."""
    if data.startswith(ZIP):
        return "xlsx"
    return "json" if decode(data).lstrip()[:1] in {"[", "{"} else "csv"
