"""Files that are made to exhaust memory or to read other files."""

from __future__ import annotations

import io
import zipfile

import pytest

from futuretracker.transfer import xml_parts
from futuretracker.transfer.problem import TooMany, Unreadable
from futuretracker.transfer.reading import read_file
from futuretracker.transfer.writing import FORMATS

SHEET = "xl/worksheets/sheet1.xml"
GOOD = b"".join(FORMATS["xlsx"].write(iter([b'[{"title": "A"}]'])))
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
BOMB = f'<!DOCTYPE x [<!ENTITY l0 "lol">{LAUGHS}]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY l9 SYSTEM "file:///etc/passwd">]>'


def with_part(name: str, content: bytes) -> bytes:
    """Return the good workbook with another content of one part."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(sink, "w", 8) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
        if name not in old.namelist():
            new.writestr(name, content)
    return sink.getvalue()


def sheet() -> str:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        return archive.read(SHEET).decode()


@pytest.mark.parametrize("declaration", [BOMB, EXTERNAL], ids=["million laughs", "external"])
@pytest.mark.parametrize("name", [SHEET, "xl/workbook.xml", "xl/_rels/workbook.xml.rels"])
def test_entities_are_refused(name: str, declaration: str) -> None:
    with zipfile.ZipFile(io.BytesIO(GOOD)) as archive:
        text = archive.read(name).decode()
    head, _, rest = text.partition("\n")
    harmful = f"{head}{declaration}{rest}".replace(">A<", ">&l9;<")

    with pytest.raises(Unreadable):
        read_file(with_part(name, harmful.encode()))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = with_part("xl/media/large.bin", bytes(xml_parts.UNPACKED + 1))
    assert len(data) < 100_000
    monkeypatch.delattr(zipfile.ZipFile, "open")

    with pytest.raises(Unreadable, match="too large"):
        read_file(data)


@pytest.mark.parametrize(
    ("name", "start", "element", "end"),
    [
        (SHEET, "<worksheet><sheetData>", "<a>", ""),
        (SHEET, "<worksheet><sheetData><row>", "<c/>", "</row></sheetData></worksheet>"),
        ("xl/sharedStrings.xml", "<sst>", "<si><t>ab</t></si>", "</sst>"),
        ("xl/styles.xml", "<styleSheet><cellXfs>", "<xf/>", "</cellXfs></styleSheet>"),
    ],
    ids=["depth", "cells", "strings", "styles"],
)
def test_a_part_with_too_many_elements_is_refused(
    name: str, start: str, element: str, end: str
) -> None:
    data = with_part(name, f"{start}{element * 600_001}{end}".encode())

    with pytest.raises(Unreadable):
        read_file(data)


def test_many_cells_of_a_row_take_no_memory() -> None:
    row = f'<row r="2">{"<c><v>1</v></c>" * 300_000}</row>'
    data = with_part(SHEET, sheet().replace('<row r="2">', row + '<row r="3">').encode())

    [_, last] = read_file(data).rows

    assert last.fields == {"title": "A"}


def test_many_parts_are_refused() -> None:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for n in range(xml_parts.PARTS + 1):
            archive.writestr(str(n), b"")

    with pytest.raises(Unreadable, match="too large"):
        read_file(sink.getvalue())


@pytest.mark.parametrize("data", [GOOD[:-30], GOOD[:200], b"PK\x03\x04", with_part(SHEET, b"<a")])
def test_a_broken_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match="XLSX"):
        read_file(data)


def test_cells_far_away_are_not_read() -> None:
    far = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>far</t></is></c></row>'
    data = with_part(SHEET, sheet().replace("</sheetData>", f"{far}</sheetData>").encode())

    assert [row.fields for row in read_file(data).rows] == [{"title": "A"}]


def test_a_sheet_with_many_rows_is_refused() -> None:
    row = '<row r="{}"><c r="B{}" t="inlineStr"><is><t>A</t></is></c></row>'
    rows = "".join(row.format(n, n) for n in range(3, 10_003))
    data = with_part(SHEET, sheet().replace("</sheetData>", f"{rows}</sheetData>").encode())

    with pytest.raises(TooMany):
        read_file(data)


def test_a_csv_file_with_a_gigantic_cell_is_refused() -> None:
    with pytest.raises(Unreadable, match="Row 2"):
        read_file(b"title\n" + b'"' + b"x" * 200_000 + b'"\n')
    with pytest.raises(Unreadable, match="Row 1"):
        read_file(b'"title' + b'"' * 5_000_000)


def test_a_csv_file_with_many_empty_rows_is_refused() -> None:
    with pytest.raises(TooMany):
        read_file(b"title\n" + b"\n" * 5_000_000)
