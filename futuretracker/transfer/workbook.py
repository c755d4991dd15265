"""Write a workbook (XLSX, ISO/IEC 29500) as a stream.

openpyxl and XlsxWriter write the sheet into a temporary file first, and the response could begin
only after the last row. This writes each page of rows at once. All cells are texts, so no program
runs one as a formula.
"""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING, Final

from futuretracker.transfer.problem import TooMany

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MOST_ROWS: Final = 2**20  # of a sheet, in every program that reads the format
NAMESPACE: Final = "http://schemas.openxmlformats.org"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OFFICE: Final = f"{NAMESPACE}/officeDocument/2006/relationships"
_SHEET_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{NAMESPACE}/package/2006/content-types">'
    '<Default Extension="rels"'
    ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/>'
    "</Types>",
    "_rels/.rels": f'<Relationships xmlns="{NAMESPACE}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{NAMESPACE}/package/2006/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": f'<workbook xmlns="{NAMESPACE}/spreadsheetml/2006/main"'
    f' xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="Opportunities" sheetId="1" r:id="rId1"/></sheets></workbook>',
}
_SHEET: Final = "xl/worksheets/sheet1.xml"
_START: Final = (
    f'<worksheet xmlns="{NAMESPACE}/spreadsheetml/2006/main"><sheetViews>'
    '<sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView>'
    "</sheetViews><sheetData>"
)
_END: Final = "</sheetData></worksheet>"
# What XML cannot contain or a parser would change, and what only looks like an escape.
_SPECIAL: Final = re.compile("[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED: Final = re.compile("_x005F_(?=x[0-9A-Fa-f]{4}_)|_x(00[01][0-9A-F]|FFF[EF])_")
_ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}


class _Sink:
    """Collects what is written until it is taken; it cannot seek."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing waits in between."""

    def take(self) -> bytes:
        """Return what was written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def write_xlsx(columns: Sequence[str], pages: Iterable[Sequence[Sequence[str]]]) -> Iterator[bytes]:
    """Yield a workbook with one sheet; its first row has the names of the columns."""
    sink = _Sink()
    number = 1
    with zipfile.ZipFile(sink, "w") as archive:  # type: ignore[call-overload]
        for name, part in _PARTS.items():
            archive.writestr(_entry(name), (_HEAD + part).encode())
        with archive.open(_entry(_SHEET), "w") as sheet:
            sheet.write((_HEAD + _START + _row(1, columns)).encode())
            for page in pages:
                if number + len(page) > MOST_ROWS:
                    raise TooMany(MOST_ROWS - 1)
                rows = (_row(number + place, row) for place, row in enumerate(page, 1))
                sheet.write("".join(rows).encode())
                number += len(page)
                yield sink.take()
            sheet.write(_END.encode())
    yield sink.take()


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry of the archive, with the same time in every file."""
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _row(number: int, texts: Sequence[str]) -> str:
    cells = "".join(
        f'<c r="{_letter(place)}{number}" t="inlineStr"><is>'
        f'<t xml:space="preserve">{escaped(text)}</t></is></c>'
        for place, text in enumerate(texts)
        if text
    )
    return f'<row r="{number}">{cells}</row>'


def _letter(place: int) -> str:
    """Return the name of one of the first 26 columns."""
    return chr(ord("A") + place)


def escaped(text: str) -> str:
    """Return the text as XML. The format has ``_x0001_`` for a character that XML does not have."""
    return _SPECIAL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    each = found[0]
    return "_x005F_" if each == "_" else _ENTITIES.get(each) or f"_x{ord(each):04X}_"


def unescaped(text: str) -> str:
    """Undo what ``escaped`` does beyond the escapes of XML."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "_", text)
