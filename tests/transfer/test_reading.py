"""The forms of files that people have."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import openpyxl
import pytest

from futuretracker.transfer import tables
from futuretracker.transfer.problem import TooMany, Unreadable
from futuretracker.transfer.reading import read_file

UMLAUTS = "title,company\r\nGärtner,Müller\r\n"


def fields(data: bytes | str, **options: Any) -> list[dict[str, Any]]:
    data = data.encode() if isinstance(data, str) else data
    return [row.fields for row in read_file(data, **options).rows]


def workbook(*rows: list[object]) -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(sink)
    return sink.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"], ids=lambda name: name
)
def test_the_encoding_is_found(encoding: str) -> None:
    assert fields(UMLAUTS.encode(encoding)) == [{"title": "Gärtner", "company": "Müller"}]


def test_big_endian_utf_16_is_read() -> None:
    data = b"\xfe\xff" + UMLAUTS.encode("utf-16-be")

    assert fields(data) == [{"title": "Gärtner", "company": "Müller"}]


@pytest.mark.parametrize(
    "data",
    [
        *(b"title\n\x81\xff", b"\xff\xfet\x00i"),
        *("title\r\nA".encode("utf-16-le"), "title\r\nA".encode("utf-16-be")),
    ],
    ids=["1252", "utf-16", "le without a mark", "be without a mark"],
)
def test_bytes_of_no_encoding_are_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match="Save it as UTF-8"):
        read_file(data)


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_the_delimiter_is_found(sign: str) -> None:
    text = f'title{sign}link{sign}notes\n"A{sign} B"{sign}https://a.example{sign}"x,y;z"\n'

    assert fields(text) == [{"title": f"A{sign} B", "link": "https://a.example", "notes": "x,y;z"}]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_each_end_of_a_row_is_known(end: str) -> None:
    rows = ('"Job\rTitle";Company', "A, B;X", "C;Y")

    found = fields(end.join(rows))

    assert found == [{"title": "A, B", "company": "X"}, {"title": "C", "company": "Y"}]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Position,Company,Job URL,Due", ["title", "company", "link", "deadline"]),
        ("Stelle;Firma;Bewerbungsfrist;Notizen", ["title", "company", "deadline", "notes"]),
        ("Intitulé du poste;Entreprise;Échéance", ["title", "company", "deadline"]),
        ("Puesto;Empresa;Fecha límite;Ubicación", ["title", "company", "deadline", "location"]),
        ("Ruolo;Azienda;Scadenza;Città", ["title", "company", "deadline", "location"]),
        ("Vaga;Companhia;Prazo;Remuneração", ["title", "company", "deadline", "pay"]),
        ("JOB_TITLE,Applied On,time-zone", ["title", "applied_on", "time_zone"]),
    ],
)
def test_columns_have_names_in_several_languages(header: str, expected: list[str]) -> None:
    sign = ";" if ";" in header else ","
    cells = ["2026-12-31"] * len(expected)

    [row] = fields(f"{header}\n{sign.join(cells)}\n")

    assert list(row) == expected


def test_unknown_columns_are_listed_and_the_exact_name_comes_first() -> None:
    table = read_file(b"Role,title,Mood,,Rating\nA,B,good,x,5\n")

    assert [row.fields for row in table.rows] == [{"title": "B"}]
    assert table.ignored == ["Role", "Mood", "Rating"]


def test_columns_after_those_that_are_read_are_named() -> None:
    header = ["title", *(f"x{n}" for n in range(199)), "company", "", *(f"y{n}" for n in range(60))]
    cells = ["A", *[""] * 199, "B"]
    beyond = ["", *[""] * 199, "C"]

    for data in (
        "\n".join(map(",".join, (header, cells, beyond))).encode(),
        workbook([*header], [*cells], [*beyond]),
    ):
        table = read_file(data)

        assert [row.fields for row in table.rows] == [{"title": "A"}]
        assert table.ignored == header[1:201] + header[202:250]


@pytest.mark.parametrize("row", ['"A,B\nC,D\n', '"A', 'A,"B""', 'A,"\n\n\n'])
def test_a_quotation_mark_that_is_never_closed_is_refused(row: str) -> None:
    with pytest.raises(Unreadable, match=r"Row 2 has .* never closed"):
        read_file(f"title,company\n{row}".encode())

    assert fields('title,company\n"A ""B""","C\nD"') == [{"title": 'A "B"', "company": "C\nD"}]


@pytest.mark.parametrize("text", ["salary,x", "", "\n\n", "company,link\nA,https://a.example\n"])
def test_a_file_without_titles_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="title"):
        read_file(text.encode())


def test_rows_have_the_numbers_that_a_spreadsheet_shows() -> None:
    table = read_file(b'\n\ntitle,notes\nA,"two\nlines"\n\n,\nB,x\n')

    assert [(row.line, row.fields["title"]) for row in table.rows] == [(4, "A"), (7, "B")]


def test_words_are_translated_and_others_stay_for_the_message() -> None:
    lines = ("title,status,type", "A,Interviewing,Intern", "B,ABGELEHNT,Praktikum")
    text = "\n".join([*lines, "C,Refusé,Hackathon", "D,odd,"])

    assert [(row["status"], row.get("category")) for row in fields(text)] == [
        ("interviewed", "internship"),
        ("rejected", "internship"),
        ("rejected", "hackathon"),
        ("odd", None),
    ]


def test_tags_are_separated_by_commas_or_semicolons() -> None:
    assert fields('title,tags\nA,"x, y;z"\n')[0]["tags"] == ["x", "y", "z"]


@pytest.mark.parametrize("text", ["[NaN]", "[Infinity]", "[1"])
def test_rounds_that_are_not_valid_json_stay_for_the_message(text: str) -> None:
    assert fields(f"title,rounds\nA,{text}\n") == [{"title": "A", "rounds": text}]


def test_the_cells_of_a_workbook_are_read_as_they_look() -> None:
    data = workbook(
        ["Title", "Deadline", "Pay", "Notes", "Applied"],
        ["A", dt.datetime(2026, 12, 31), 2000.0, "=1+1", dt.date(2026, 11, 24)],  # noqa: DTZ001 - as a cell
        [None] * 5,
        ["B", 46387, 12.5, True, None],
    )

    table = read_file(data)

    assert [row.line for row in table.rows] == [2, 4]
    first, second = (row.fields for row in table.rows)
    assert first["deadline"].startswith("2026-12-31")
    assert (first["pay"], first["applied_on"][:10]) == ("2000", "2026-11-24")
    assert "notes" not in first  # a formula has no value until a program has computed it
    assert (second["deadline"], second["pay"], second["notes"]) == ("2026-12-31", "12.5", "TRUE")


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"items": items}])
def test_json_is_an_array_or_an_object_with_items(wrap: Any) -> None:
    items = [{"Title": "A", "status": "Absage", "mood": 1, "notes": None}, {"title": "B"}]

    table = read_file(json.dumps(wrap(items)).encode())

    assert [row.fields for row in table.rows] == [
        {"title": "A", "status": "rejected"},
        {"title": "B"},
    ]
    assert table.ignored == ["mood"]


@pytest.mark.parametrize(
    "text", ["[1", '{"a": 1}', "[NaN]", "[" * 100_000, '{"items": 3}'], ids=range(5)
)
def test_other_json_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="JSON"):
        read_file(text.encode())


def test_an_entry_that_is_no_object_is_a_problem_of_its_line() -> None:
    [first, second] = read_file(b'[1, {"title": "A"}]').rows

    assert first.problems == {"": "is not a JSON object"}
    assert second.problems == {}


def test_listings_of_simplify_are_saved_and_closed_ones_left_out() -> None:
    listing = {
        "company_name": "Example",
        "title": "Intern",
        "url": "https://a.example/1",
        "locations": ["Berlin", "Remote"],
        "date_posted": 1764288000,
        "terms": ["Summer 2026"],
        "sponsorship": "Other",
        "active": True,
        "is_visible": True,
        "source": "x",
        "id": "7",
    }
    others = [{**listing, "active": False}, {**listing, "is_visible": False}]

    table = read_file(json.dumps([*others, listing]).encode())

    [row] = table.rows
    assert (row.line, row.fields) == (
        3,
        {
            "title": "Intern",
            "company": "Example",
            "link": "https://a.example/1",
            "location": "Berlin; Remote",
            "category": "internship",
            "status": "saved",
            "notes": "Posted: 2025-11-28\nTerms: Summer 2026\nSponsorship: Other",
        },
    )


def test_too_many_rows_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST", 3)
    assert len(read_file(b"title\n" + b"A\n" * 3).rows) == 3

    with pytest.raises(TooMany):
        read_file(b"title\n" + b"A\n" * 4)
    with pytest.raises(TooMany):
        read_file(json.dumps([{"title": "A"}] * 10_001).encode())
