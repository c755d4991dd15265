"""Files that are made to exhaust memory or to read other files."""

from __future__ import annotations

import io
import json
import tracemalloc
import unicodedata
import zipfile

import pytest

from futuretracker.transfer import names, sheets, xml_parts
from futuretracker.transfer.headers import fields_of
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
    data = with_part("xl/media/large.bin", bytes(32 * 2**20 + 1))
    assert len(data) < 100_000
    monkeypatch.delattr(zipfile.ZipFile, "open")

    with pytest.raises(Unreadable, match="too large"):
        read_file(data)


@pytest.mark.parametrize(
    ("name", "start", "element", "end", "message"),
    [
        (SHEET, "", "<a>", "</a>" * 600_001, "XLSX"),
        (
            SHEET,
            "<worksheet><sheetData><row>",
            "<c/>",
            "</row></sheetData></worksheet>",
            "too large",
        ),
        ("xl/sharedStrings.xml", "<sst>", "<si><t>ab</t></si>", "</sst>", "too large"),
        ("xl/styles.xml", "<styleSheet><cellXfs>", "<xf/>", "</cellXfs></styleSheet>", "too large"),
    ],
    ids=["depth", "cells", "strings", "styles"],
)
def test_a_part_with_too_many_elements_is_refused(
    name: str, start: str, element: str, end: str, message: str
) -> None:
    data = with_part(name, f"{start}{element * 600_001}{end}".encode())

    with pytest.raises(Unreadable, match=message):
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


@pytest.mark.parametrize(
    ("shown", "is_date"),
    [
        *(("dd/mm/yyyy", True), ('[$-409]d "of" mmm', True), ("[Red]0.00", False)),
        *((r'0 "days"', False), (r"0\d", False), ("[Red", False), ('0"day', False)),
        *(("[[[d", False), ('"[[d', False)),  # no bracket is looked at twice
    ],
)
def test_a_format_shows_a_date_if_a_letter_of_one_is_not_hidden(
    shown: str, *, is_date: bool
) -> None:
    book = sheets.Book()
    book.start("cellXfs", {})
    book.start("numFmt", {"formatCode": shown, "numFmtId": "164"})
    book.start("xf", {"numFmtId": "164"})

    assert book.are_dates == [is_date]


def with_shared_string(length: int, cells: int) -> bytes:
    """Return a workbook in which many cells show the same shared string."""
    row = '<row r="{}"><c r="{}{}" t="s"><v>0</v></c></row>'
    rows = "".join(row.format(n, "B", n) for n in range(3, cells + 3))
    strings = f"<sst><si><t>_x0001_{'x' * length}</t></si></sst>"
    data = with_part("xl/sharedStrings.xml", strings.encode())
    changed, sink = sheet().replace("</sheetData>", f"{rows}</sheetData>"), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(sink, "w", 8) as new:
        for part in old.namelist():
            new.writestr(part, changed if part == SHEET else old.read(part))
    return sink.getvalue()


def test_a_long_string_that_many_cells_share_is_refused() -> None:
    data = with_shared_string(400_000, 90)
    assert len(data) < 5000

    with pytest.raises(Unreadable, match="too large"):
        read_file(data)


def test_cells_share_the_memory_of_their_string() -> None:
    data = with_shared_string(300_000, 100)
    tracemalloc.start()
    try:
        assert len(read_file(data).rows) == 101
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 10 * 2**20


def test_a_number_that_is_shown_much_longer_is_refused() -> None:
    row = f"<row>{'<c><v>1e300</v></c>' * 200}</row>"
    data = with_part(SHEET, sheet().replace("</sheetData>", f"{row * 600}</sheetData>").encode())

    with pytest.raises(Unreadable, match="too large"):
        read_file(data)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA], ids=["bz2", "lzma"])
@pytest.mark.parametrize("is_damaged", [False, True], ids=["whole", "damaged"])
def test_another_method_of_compression_is_refused(method: int, *, is_damaged: bool) -> None:
    """Such a part may unpack to more than it declares."""
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD)) as old, zipfile.ZipFile(sink, "w", method) as new:
        for part in old.namelist():
            new.writestr(part, old.read(part))
    data = bytearray(sink.getvalue())
    if is_damaged:
        data[60:160] = b"\xff" * 100

    with pytest.raises(Unreadable, match="XLSX"):
        read_file(bytes(data))


@pytest.mark.parametrize("encoding", ["foo", "hex", "rot13", "utf-7", "idna", "gb2312"])
def test_an_encoding_that_xml_does_not_have_is_refused(encoding: str) -> None:
    _, end, rest = sheet().partition("?>")
    harmful = f'<?xml version="1.0" encoding="{encoding}"{end}{rest}'

    with pytest.raises(Unreadable, match="XLSX"):
        read_file(with_part(SHEET, harmful.encode()))


def test_many_rows_with_the_same_number_are_refused() -> None:
    row = '<row r="2"><c r="C2" t="inlineStr"><is><t></t></is></c></row>'
    rows = row * (sheets.SCANNED + 1)
    data = with_part(SHEET, sheet().replace("</sheetData>", f"{rows}</sheetData>").encode())

    with pytest.raises(TooMany):
        read_file(data)


def test_a_row_far_away_is_not_lost() -> None:
    far = '<row r="1048576"><c r="B1048576" t="inlineStr"><is><t>far</t></is></c></row>'
    data = with_part(SHEET, sheet().replace("</sheetData>", f"{far}</sheetData>").encode())

    assert [(row.line, row.fields) for row in read_file(data).rows] == [
        (2, {"title": "A"}),
        (1_048_576, {"title": "far"}),
    ]


@pytest.mark.parametrize("number", [0, -1, 1_048_577, 2**31])
def test_a_row_whose_number_no_sheet_has_is_refused(number: int) -> None:
    row = f'<row r="{number}"><c t="inlineStr"><is><t>A</t></is></c></row>'
    data = with_part(SHEET, sheet().replace("</sheetData>", f"{row}</sheetData>").encode())

    with pytest.raises(Unreadable, match="XLSX"):
        read_file(data)


class Normalized:
    """Counts the characters that are normalized."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._real = unicodedata.normalize
        monkeypatch.setattr(names, "unicodedata", self)

    def normalize(self, form: str, text: str) -> str:
        self.count += len(text)
        return self._real(form, text)  # type: ignore[arg-type]


def test_a_word_that_is_longer_than_any_known_one_is_not_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    normalized = Normalized(monkeypatch)
    long = "x" * 100_000

    table = read_file(f"title,status,{long},deadline\nA,{long},1,{long}\n".encode())

    assert table.rows[0].fields == {"title": "A", "status": long}
    assert normalized.count < 1000


def test_of_an_object_only_so_many_names_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    normalized = Normalized(monkeypatch)
    item = {"title": "A", **{f"x{n}": n for n in range(50_000)}, "company": "B"}

    table = read_file(json.dumps([item]).encode())

    assert [row.fields for row in table.rows] == [{"title": "A"}]
    assert table.ignored[-1] == "company"
    assert normalized.count < 1000


class Compared(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    __hash__ = str.__hash__
    compared = 0

    def __eq__(self, other: object) -> bool:
        Compared.compared += 1
        return str.__eq__(self, other)


def test_a_column_is_not_compared_with_all_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Compared, "compared", 0)

    fields_of([Compared(f"x{n}") for n in range(200)])

    assert Compared.compared < 200 * 5


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
