"""What is written is read again as it was, and written again as the same bytes."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from futuretracker.transfer.cells import protected, unprotected
from futuretracker.transfer.columns import COLUMNS
from futuretracker.transfer.reading import read_file
from futuretracker.transfer.workbook import escaped, unescaped
from futuretracker.transfer.writing import FORMATS

DIFFICULT = [
    "=1+1",
    "+49 30 1234",
    "-2",
    "@home",
    "\tindented",
    "'=quoted",
    "''@twice",
    "'plain apostrophe",
    'quotes "inside", and; signs\tof CSV',
    "lines\nof\r\nall\rkinds",
    "שלום עולם",
    "👩🏽‍💻 naïve ﷽",
    "<b>&amp;</b> ]]>",
    "_x0041_ and _x005F_ and \x01\x1f",
    "\uff1dwide",
    "0012",
    "1e5",
    "x" * 5000,
]
ROWS = [
    {"id": str(n), "title": text, "notes": text, "tags": ["a", "b c"], "deadline": "2026-12-31"}
    for n, text in enumerate(DIFFICULT)
]


def written(rows: list[dict[str, Any]], form: str, *, at_once: int = 5) -> bytes:
    pages = [rows[n : n + at_once] for n in range(0, len(rows), at_once)]
    return b"".join(FORMATS[form].write(json.dumps(page).encode() for page in pages))


@pytest.mark.parametrize("form", FORMATS)
def test_a_file_is_read_and_written_again_as_the_same_bytes(form: str) -> None:
    data = written(ROWS, form)

    table = read_file(data)

    assert [row.fields["title"] for row in table.rows] == DIFFICULT
    assert table.ignored == []
    assert not any(row.problems for row in table.rows)
    assert written([row.fields for row in table.rows], form) == data


@pytest.mark.parametrize("form", FORMATS)
def test_an_empty_file_has_no_rows(form: str) -> None:
    assert read_file(written([], form)).rows == []


@pytest.mark.parametrize("form", ["csv", "json"])  # the compression of XLSX sees the pages
def test_the_bytes_do_not_depend_on_the_pages(form: str) -> None:
    assert written(ROWS, form, at_once=1) == written(ROWS, form, at_once=100)


def test_no_cell_of_a_csv_file_is_a_formula() -> None:
    for line in written(ROWS, "csv").decode("utf-8-sig").split("\r\n")[1:]:
        assert not line.partition(",")[2].lstrip('"').startswith(("=", "+", "-", "@", "\t"))


def test_all_cells_of_a_workbook_are_texts() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(written(ROWS, "xlsx"))).worksheets[0]

    assert [cell.value for cell in sheet[1]] == list(COLUMNS)
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert sheet.cell(2, 2).value == "=1+1"


def test_a_csv_file_begins_with_a_mark_and_ends_its_lines_as_the_standard_says() -> None:
    data = written([{"title": "A"}], "csv")

    assert data.startswith("\ufeffid,title,".encode())
    assert data.count(b"\r\n") == 2


def test_rounds_are_in_a_json_file_if_they_are_given() -> None:
    [item] = json.loads(written([{"title": "A", "rounds": [{"round_number": 1}]}], "json"))

    assert item["rounds"] == [{"round_number": 1}]


@given(st.text())
def test_every_text_is_protected_and_comes_back(text: str) -> None:
    assert unprotected(protected(text)) == text
    assert not protected(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.text())
def test_every_text_comes_back_from_xml(text: str) -> None:
    assert unescaped(escaped(text).replace("&#13;", "\r").replace("&lt;", "<")
        .replace("&gt;", ">").replace("&amp;", "&")) == text  # fmt: skip


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))))
@pytest.mark.parametrize("form", FORMATS)
def test_any_texts_come_back(form: str, texts: list[str]) -> None:
    texts = [text for text in texts if text.strip()]

    table = read_file(written([{"title": "T", "notes": text} for text in texts], form))

    assert [row.fields["notes"] for row in table.rows] == texts
