"""``POST /opportunities/import``: all lines of a file, or none."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from futuretracker.transfer.writing import FORMATS, XLSX_TYPE
from tests.api.test_exports import EXPORT, PATH, ROW

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.conftest import User

IMPORT = f"{PATH}/import"
CSV = "title,company,link,status,deadline,Mood\n"
TWO = f"{CSV}A,X,https://a.example/1,Interviewing,,happy\nB,Y,,saved,31.12.2026,\n"
TYPES = {"csv": "text/csv", "json": "application/json", "xlsx": XLSX_TYPE}


def send(
    user: User, data: bytes | str, query: str = "", *, content_type: str = "text/csv"
) -> TestResponse:
    data = data.encode() if isinstance(data, str) else data
    return user.post(f"{IMPORT}?{query}", data, content_type=content_type)


def listed(user: User) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = user.get(f"{PATH}?limit=100").json["items"]
    return rows


def titles(user: User) -> list[str]:
    return sorted(row["title"] for row in listed(user))


def counts(response: TestResponse) -> tuple[int, int, int, int]:
    body = response.json
    return body["created"], body["updated"], body["skipped"], body["failed"]


def test_the_lines_of_a_file_become_opportunities(alice: User) -> None:
    response = send(alice, TWO)

    assert response.status_code == 200
    assert response.json["dryRun"] is False
    assert counts(response) == (2, 0, 0, 0)
    assert response.json["ignoredColumns"] == ["Mood"]
    assert response.json["errors"] == []
    second, first = listed(alice)
    assert [(line["line"], line["status"], line["id"]) for line in response.json["lines"]] == [
        (2, "created", first["id"]),
        (3, "created", second["id"]),
    ]
    assert (first["title"], first["company"], first["status"]) == ("A", "X", "interviewed")
    assert (second["title"], second["status"], second["deadline"]) == ("B", "saved", "2026-12-31")
    assert first["tags"] == []


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_that_is_imported_elsewhere_is_exported_as_the_same_bytes(
    alice: User, bob: User, name: str
) -> None:
    alice.post(PATH, ROW)
    alice.post(PATH, ROW)
    alice.post(
        PATH, {"title": "Ωλ 👩🏽‍💻 שלום", "notes": "x" * 5000, "description": 'a\r\nb\t"c";'}
    )
    alice.post(PATH, {"title": "Saved", "status": "saved", "deadline": "2026-12-31"})
    old = alice.post(PATH, {"title": "'=Changed", "category": "hackathon"}).json
    alice.patch(f"{PATH}/{old['id']}", {"notes": "later"})
    exported = alice.get(f"{EXPORT}?format={name}").data

    response = send(bob, exported, content_type=TYPES[name])

    assert counts(response) == (5, 0, 0, 0)
    assert response.json["ignoredColumns"] == []
    mine, theirs = (without_ids(user, name) for user in (alice, bob))
    assert mine == theirs


def test_a_day_of_application_makes_an_internship(alice: User) -> None:
    text = "title,Date Applied,Type\nA,2026-11-01,\nB,2026-11-02,hackathon\nC,,\n"

    assert counts(send(alice, text)) == (3, 0, 0, 0)
    found = {row["title"]: (row["category"], row["applied_on"]) for row in listed(alice)}
    assert found == {"A": ("internship", "2026-11-01"), "B": ("hackathon", None), "C": (None, None)}


@pytest.mark.parametrize("name", FORMATS)
def test_the_dates_of_an_internship_are_those_of_the_file(
    alice: User, bob: User, name: str
) -> None:
    row = {"title": "Applied for", "category": "internship", "status": "saved"}
    kept = alice.post(PATH, {**row, "deadline": "2026-12-31"}).json
    alice.patch(f"{PATH}/{kept['id']}", {"status": "applied", "applied_on": "2026-11-01"})
    unknown = alice.post(PATH, {"title": "Day unknown", "category": "internship"}).json
    alice.patch(f"{PATH}/{unknown['id']}", {"applied_on": None})

    send(bob, alice.get(f"{EXPORT}?format={name}").data, content_type=TYPES[name])

    assert [(row["title"], row["deadline"], row["applied_on"]) for row in listed(bob)] == [
        ("Day unknown", None, None),
        ("Applied for", "2026-12-31", "2026-11-01"),
    ]


def without_ids(user: User, name: str) -> bytes:
    """Return the export with a number in place of each id."""
    data = user.get(f"{EXPORT}?format=json").data
    rows = json.loads(data)
    for number, row in enumerate(rows):
        row["id"] = f"{number:08}-0000-4000-8000-000000000000"
    return b"".join(FORMATS[name].write(iter([json.dumps(rows).encode()])))


@pytest.mark.parametrize("query", ["", "duplicates=skip"])
def test_lines_that_are_there_already_are_skipped(alice: User, query: str) -> None:
    ids = {
        row["title"]: row["id"] for row in [alice.post(PATH, {"title": "a", "company": "x"}).json]
    }
    send(alice, TWO)

    response = send(alice, TWO, query)

    assert counts(response) == (0, 0, 2, 0)
    assert response.json["lines"][0] == {"line": 2, "status": "skipped", "id": ids["a"]}
    assert titles(alice) == ["B", "a"]


def test_lines_that_are_there_already_are_updated(alice: User) -> None:
    linked = alice.post(PATH, {"title": "Old", "link": "https://a.example/1", "notes": "Mine"}).json
    named = alice.post(PATH, {"title": "b", "company": "y", "status": "applied"}).json
    other = alice.post(PATH, {"title": "A", "link": "https://a.example/2"}).json
    moved = alice.post(PATH, {"title": "By id", "link": "https://a.example/3"}).json
    text = f"id,{CSV},{TWO.partition(chr(10))[2]}".replace("\nB", "\n,B")
    text += f"{moved['id']},New title,,https://a.example/4,,,\n"

    response = send(alice, text, "duplicates=update")

    assert counts(response) == (0, 3, 0, 0)
    rows = {row["id"]: row for row in listed(alice)}
    assert rows[linked["id"]]["title"] == "A"
    assert rows[linked["id"]]["status"] == "interviewed"
    assert rows[linked["id"]]["notes"] == "Mine"
    assert rows[named["id"]]["status"] == "saved"
    assert rows[other["id"]] == other
    assert rows[moved["id"]]["title"] == "New title"
    assert rows[moved["id"]]["link"] == "https://a.example/4"
    assert rows[moved["id"]]["status"] == "applied"


def test_lines_that_are_there_already_are_kept(alice: User) -> None:
    send(alice, TWO)

    assert counts(send(alice, TWO, "duplicates=keep")) == (2, 0, 0, 0)
    assert titles(alice) == ["A", "A", "B", "B"]


def test_a_line_that_repeats_an_earlier_one_is_skipped(alice: User) -> None:
    rest = TWO.partition("\n")[2]

    response = send(alice, TWO + rest)

    assert counts(response) == (2, 0, 2, 0)
    first, second, third, fourth = response.json["lines"]
    assert third == {"line": 4, "status": "skipped", "id": first["id"]}
    assert fourth == {"line": 5, "status": "skipped", "id": second["id"]}


@pytest.mark.parametrize("order", [1, -1])
def test_a_line_without_an_id_and_one_with_an_id_repeat_each_other(alice: User, order: int) -> None:
    rows = [f"{uuid4()},A,https://a.example/1", ",B,https://a.example/1"]
    lines = "\n".join(["id,title,link", *rows[::order]])

    assert counts(send(alice, lines)) == (1, 0, 1, 0)


def test_a_time_before_the_first_year_is_refused(alice: User) -> None:
    response = send(alice, "title,created_at\nA,0001-01-01T00:00:00+14:00\n")

    assert [each["field"] for each in response.json["details"]] == ["lines.2.created_at"]


def test_two_lines_for_one_opportunity_update_it_once(alice: User) -> None:
    row = alice.post(PATH, {"title": "Old", "link": "https://a.example/1"}).json
    text = f"id,title,link\n{row['id']},By id,\n,By link,https://a.example/1\n"

    response = send(alice, text, "duplicates=update")

    assert counts(response) == (0, 1, 1, 0)
    assert titles(alice) == ["By id"]


def test_a_title_is_no_duplicate_if_both_have_a_link(alice: User) -> None:
    for link in ("https://a.example/1", None):
        alice.post(PATH, {"title": "Same", "company": "X", "link": link})

    text = "title,company,link\nSame,x,https://a.example/2\nOther,x,https://a.example/1\n"
    assert counts(send(alice, text)) == (0, 0, 2, 0)
    alice.delete(f"{PATH}/{next(row['id'] for row in listed(alice) if row['link'] is None)}")
    assert counts(send(alice, text)) == (1, 0, 1, 0)


def test_another_users_opportunities_are_no_duplicates(alice: User, bob: User) -> None:
    row = alice.post(PATH, {"title": "A", "company": "X", "link": "https://a.example/1"}).json

    response = send(bob, f"id,title\n{row['id']},Stolen\n", "duplicates=update")

    assert counts(response) == (1, 0, 0, 0)
    assert response.json["lines"][0]["id"] != row["id"]
    assert listed(alice) == [row]


BAD = (
    "title,status,deadline,link,created_at\n"
    "Good,applied,,,\n"
    ",applied,,,\n"
    "C,odd,03/04/2026,javascript:x,\n"
    "D,,,,2999-01-01\n"
)


def test_invalid_lines_are_named_and_nothing_is_imported(alice: User) -> None:
    response = send(alice, BAD)

    assert response.status_code == 400
    assert response.json["code"] == "validation_error"
    assert response.json["failed"] == 3
    assert [(each["field"], each["code"]) for each in response.json["details"]] == [
        ("lines.3.title", "required"),
        ("lines.4.link", "bad_url"),
        ("lines.4.status", "not_one_of"),
        ("lines.4.deadline", "bad_date"),
        ("lines.5.created_at", "out_of_range"),
    ]
    assert titles(alice) == []


def test_valid_lines_are_imported_if_the_import_is_not_atomic(alice: User) -> None:
    response = send(alice, BAD, "atomic=false&dates=day_first")

    assert response.status_code == 200
    assert counts(response) == (1, 0, 0, 3)
    assert len(response.json["errors"]) == 4
    assert [line["line"] for line in response.json["lines"]] == [2]
    assert titles(alice) == ["Good"]


def test_a_dry_run_says_what_would_be_done(alice: User, owner: psycopg.Connection[Any]) -> None:
    send(alice, TWO)
    before = listed(alice)

    response = send(
        alice, f"{BAD}B,,,,\nA,,,https://a.example/1,\n", "dry_run=true&duplicates=update"
    )

    assert response.status_code == 200
    assert response.json["dryRun"] is True
    assert counts(response) == (2, 1, 0, 3)
    assert response.json["lines"][0] == {"line": 2, "status": "created", "id": None}
    assert len(response.json["errors"]) == 5
    assert listed(alice) == before


def test_at_most_100_errors_are_listed(alice: User) -> None:
    response = send(alice, "title,status\n" + "A,odd\n" * 150)

    assert len(response.json["details"]) == 100
    assert response.json["failed"] == 150
    assert "lines of the file: 150" in response.json["message"]


@pytest.mark.parametrize(
    ("data", "content_type", "status", "field"),
    [
        ("", "text/csv", 400, "file"),
        ("company\nX\n", "text/csv", 400, "file"),
        ("{", "application/json", 400, "file"),
        ("PK\x03\x04", XLSX_TYPE, 400, "file"),
        ("title\n" + "A\n" * 10_001, "text/csv", 400, "file"),
        ("title\nA\n", "text/plain", 415, None),
        ("title\nA\n", "multipart/form-data; boundary=x", 400, None),
        ("title\nA\n", "multipart/form-data", 400, None),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    alice: User, data: str, content_type: str, status: int, field: str | None
) -> None:
    response = send(alice, data, content_type=content_type)

    assert response.status_code == status
    if field:
        assert [each["field"] for each in response.json["details"]] == [field]
    assert titles(alice) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("dry_run=1", "dry_run"),
        ("atomic=no", "atomic"),
        ("duplicates=merge", "duplicates"),
        ("dates=odd", "dates"),
        ("status=saved", "status"),
    ],
)
def test_bad_parameters_are_named(alice: User, query: str, field: str) -> None:
    response = send(alice, TWO, query)

    assert response.status_code == 400
    assert [each["field"] for each in response.json["details"]] == [field]


@pytest.mark.wire
def test_a_file_may_have_five_mebibytes_and_no_more(alice: User) -> None:
    line = "T{}," + "x" * 4000 + "\n"
    text = "title,notes\n" + "".join(line.format(n) for n in range(1250))
    assert 5_000_000 < len(text) < 5 * 2**20

    assert counts(send(alice, text)) == (1250, 0, 0, 0)
    for surplus in (2**19, 2**20, 5 * 2**20):
        response = send(alice, text + " " * surplus)
        assert response.status_code == 413
        assert response.json["message"] == "The request body must not exceed 5 MiB"
    assert alice.post(PATH, b" " * (2**20 + 1)).status_code == 413


def test_a_browser_sends_a_file_as_a_form(alice: User) -> None:
    for name in ("rows.csv", "rows.xlsx"):
        data = TWO.encode()
        if name.endswith("xlsx"):
            data = b"".join(FORMATS["xlsx"].write(iter([b'[{"title": "From a workbook"}]'])))
        form = {"note": "x", "file": (io.BytesIO(data), name)}
        response = alice.request("POST", IMPORT, data=form, content_type="multipart/form-data")
        assert response.status_code == 200, response.text
    assert titles(alice) == ["A", "B", "From a workbook"]


def test_a_form_has_one_file(alice: User) -> None:
    form = {"a": (io.BytesIO(b"title\nA"), "a.csv"), "b": (io.BytesIO(b"title\nB"), "b.csv")}

    response = alice.request("POST", IMPORT, data=form, content_type="multipart/form-data")

    assert [each["field"] for each in response.json["details"]] == ["file"]


@pytest.mark.in_process
def test_each_opportunity_is_audited(
    alice: User, owner: psycopg.Connection[Any], lines: list[dict[str, Any]]
) -> None:
    row = alice.post(PATH, {"title": "a", "company": "x"}).json
    lines.clear()

    created = send(alice, TWO, "duplicates=update").json["lines"][1]["id"]

    found = owner.execute(
        """
        select resource_id::text, action, details, changes, client from audit_log
        where actor = %s and client = 'import' order by id
        """,
        [alice.id],
    ).fetchall()
    details = {"title": "B", "category": None, "importedBy": "web"}
    assert sorted(found, key=lambda each: each[1]) == [
        (created, "IMPORT_OPPORTUNITY", details, None, "import"),
        (
            row["id"],
            "UPDATE_OPPORTUNITY",
            {"importedBy": "web"},
            {
                "title": {"from": "a", "to": "A"},
                "company": {"from": "x", "to": "X"},
                "link": {"from": None, "to": "https://a.example/1"},
                "status": {"from": "applied", "to": "interviewed"},
            },
            "import",
        ),
    ]
    [line] = [line for line in lines if line["type"] == "AUDIT"]
    assert line["action"] == "IMPORT_OPPORTUNITIES"
    assert line["outcome"] == "success"
    assert line["details"] == {
        "importedBy": "web",
        "dryRun": False,
        "created": 1,
        "updated": 1,
        "skipped": 0,
    }


@pytest.mark.in_process
def test_a_file_counts_as_a_write_for_each_50_000_bytes(
    build: Callable[..., Flask], make_user: Callable[..., User]
) -> None:
    user = make_user(client=build(RATE_LIMIT_WRITE="10 per 15 minutes").test_client())

    assert send(user, TWO).headers["X-RateLimit-Remaining"] == "9"
    assert send(user, TWO + " " * 200_000).headers["X-RateLimit-Remaining"] == "4"
    assert send(user, TWO + " " * 250_000).status_code == 429


def test_the_history_begins_with_the_import(alice: User) -> None:
    [line] = send(alice, "title,created_at\nA,2025-03-01\n").json["lines"]
    alice.patch(f"{PATH}/{line['id']}", {"notes": "n"})

    entries = alice.get(f"{PATH}/{line['id']}/history").json["items"]

    assert [(entry["action"], entry["client"]) for entry in entries] == [
        ("UPDATE_OPPORTUNITY", "web"),
        ("IMPORT_OPPORTUNITY", "import"),
    ]


def test_times_of_the_file_are_kept(alice: User) -> None:
    send(alice, "title,created_at,updated_at\nA,2025-03-01,2025-03-02T10:00:00Z\nB,24.12.2025,\n")

    newest, oldest = listed(alice)
    assert oldest["created_at"] == "2025-03-01T00:00:00.000000+00:00"
    assert oldest["updated_at"] == "2025-03-02T10:00:00.000000+00:00"
    assert newest["created_at"] == newest["updated_at"] == "2025-12-24T00:00:00.000000+00:00"


def test_the_list_has_the_last_line_first(alice: User) -> None:
    send(alice, "title\n" + "".join(f"{n:02}\n" for n in range(30)))

    assert [row["title"] for row in listed(alice)] == [f"{n:02}" for n in reversed(range(30))]
