"""``GET /opportunities/export``: whole files, in little memory."""

from __future__ import annotations

import csv
import io
import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from futuretracker.api import streaming, views
from futuretracker.database.queries import pages
from futuretracker.transfer.columns import COLUMNS
from futuretracker.transfer.reading import read_file
from futuretracker.web.errors import Unavailable
from tests.api.test_original_list import insert

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from werkzeug.test import TestResponse

    from futuretracker.web.application import Application
    from tests.conftest import User
    from tests.support.servers import Service

PATH = "/api/v1/opportunities"
EXPORT = f"{PATH}/export"
ROW = {
    "title": '=HYPERLINK("https://evil.example")',
    "company": "Müller & Söhne",
    "category": "internship",
    "status": "offer",
    "link": "https://example.com/1",
    "description": "Two\nlines",
    "notes": "- x",
    "tags": ["a", "b c"],
    "time_zone": "Europe/Berlin",
    "campus_mode": "off_campus",
    "applied_on": "2026-11-24",
}


def rows_of(response: TestResponse) -> list[dict[str, Any]]:
    return [row.fields for row in read_file(response.data).rows]


@pytest.mark.wire
@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("csv", "text/csv; charset=utf-8"),
        ("json", "application/json; charset=utf-8"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_a_file_has_what_the_user_has_entered(alice: User, name: str, media_type: str) -> None:
    row = alice.post(PATH, ROW).json
    alice.post(PATH, {"title": "Newest", "category": "hackathon", "deadline": "2026-12-31"})

    response = alice.get(f"{EXPORT}?format={name}")

    assert response.status_code == 200
    assert response.headers["Content-Type"] == media_type
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="opportunities-2')
    assert disposition.endswith(f'.{name}"')
    newest, first = rows_of(response)
    assert newest["title"] == "Newest"
    kept = {name: row[name] for name in COLUMNS if row[name] not in (None, [])}
    assert first == kept


def test_csv_is_the_usual_format(alice: User) -> None:
    alice.post(PATH, ROW)

    text = alice.get(EXPORT).data.decode("utf-8-sig")

    header, row = csv.reader(io.StringIO(text, newline=""))
    assert tuple(header) == COLUMNS
    assert row[1] == f"'{ROW['title']}"
    assert row[14] == "a, b c"


def test_the_columns_of_a_workbook_are_texts(alice: User) -> None:
    alice.post(PATH, ROW)

    sheet = openpyxl.load_workbook(io.BytesIO(alice.get(f"{EXPORT}?format=xlsx").data)).active

    assert sheet["B2"].value == ROW["title"]
    assert sheet["B2"].data_type == "s"


def test_rounds_are_in_json_on_request(alice: User) -> None:
    row = alice.post(PATH, ROW).json
    alice.post(PATH, {"title": "Without"})
    for kind in ("technical", "hr"):
        alice.post(f"{PATH}/{row['id']}/rounds", {"round_type": kind})

    without, first = alice.get(f"{EXPORT}?format=json&include=rounds").json

    assert without["rounds"] == []
    assert first["rounds"] == alice.get(f"{PATH}/{row['id']}/rounds").json
    assert "rounds" not in alice.get(f"{EXPORT}?format=json").json[0]


def test_the_history_is_in_json_on_request(alice: User, bob: User) -> None:
    row = alice.post(PATH, ROW).json
    alice.patch(f"{PATH}/{row['id']}", {"notes": "Changed"})
    bob.post(PATH, ROW)

    [first] = alice.get(f"{EXPORT}?format=json&include=history,rounds").json

    assert first["history"] == alice.get(f"{PATH}/{row['id']}/history").json["items"]
    assert [entry["action"] for entry in first["history"]] == [
        "UPDATE_OPPORTUNITY",
        "CREATE_OPPORTUNITY",
    ]
    assert first["rounds"] == []


def test_filters_and_search_are_those_of_the_list(alice: User) -> None:
    for title, status in (("Backend", "saved"), ("Frontend", "saved"), ("Backend 2", "applied")):
        alice.post(PATH, {"title": title, "status": status})

    assert [row["title"] for row in rows_of(alice.get(f"{EXPORT}?status=saved&q=back"))] == [
        "Backend"
    ]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("format=pdf", "format", "not_one_of"),
        ("include=rounds", "include", "contradiction"),
        ("include=total&format=json", "include", "not_one_of"),
        ("limit=5", "limit", "unknown_parameter"),
        ("cursor=x", "cursor", "unknown_parameter"),
        ("status=odd", "status", "not_one_of"),
    ],
)
def test_bad_parameters_are_named(alice: User, query: str, field: str, code: str) -> None:
    response = alice.get(f"{EXPORT}?{query}")

    assert response.status_code == 400
    assert [(each["field"], each["code"]) for each in response.json["details"]] == [(field, code)]


def test_others_are_not_in_the_file(alice: User, bob: User) -> None:
    alice.post(PATH, ROW)

    assert rows_of(bob.get(EXPORT)) == []
    assert bob.get(f"{EXPORT}?format=json").json == []


def test_an_export_counts_as_several_requests(alice: User) -> None:
    before = int(alice.get(PATH).headers["X-RateLimit-Remaining"])

    after = int(alice.get(EXPORT).headers["X-RateLimit-Remaining"])

    assert before - after == 20


@pytest.mark.in_process
@pytest.mark.parametrize(
    ("path", "most"),
    [
        (f"{EXPORT}?format=json", 200),
        (f"{EXPORT}?format=json&include=rounds", 20),
        (f"{EXPORT}?format=json&include=history", 5),
        (f"{EXPORT}?format=json&include=rounds,history", 5),
        ("/api/v1/me/export", 20),
    ],
)
def test_a_part_has_fewer_rows_if_they_may_be_long(
    alice: User, monkeypatch: pytest.MonkeyPatch, path: str, most: int
) -> None:
    read_sizes = []

    def count(*args: Any, **kwargs: Any) -> Any:
        read_sizes.append(kwargs["limit"])
        return pages.select_page(*args, **kwargs)

    for module in (views.exports, views.account_export):
        monkeypatch.setattr(module, "select_page", count)
    for n in range(30):
        alice.post(PATH, {"title": f"Row {n}"})

    assert alice.get(path).data
    assert max(read_sizes) == most


@pytest.mark.wire
def test_head_has_the_headers_only(alice: User) -> None:
    response = alice.request("HEAD", EXPORT)

    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    return serve(WEB_CONCURRENCY="1", patient=True)


@pytest.mark.wire
@pytest.mark.parametrize("name", ["csv", "json", "xlsx"])
def test_a_long_file_is_whole(
    service: Service, owner: psycopg.Connection[Any], alice: User, name: str
) -> None:
    insert(owner, alice, 3000)
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        headers = {"Authorization": f"Bearer {alice.token}"}
        connection.request("GET", f"{EXPORT}?format={name}", headers=headers)
        response = connection.getresponse()
        data = response.read()

    assert response.headers["Transfer-Encoding"] == "chunked"
    assert [row.fields["title"] for row in read_file(data).rows] == [
        f"Row {n}" for n in range(3000)
    ]


@pytest.mark.parametrize("name", ["csv", "json", "xlsx"])
def test_a_long_file_takes_little_memory(
    service: Service, owner: psycopg.Connection[Any], alice: User, name: str
) -> None:
    """The rows have 40 MiB as JSON."""
    insert(owner, alice, 60_000, length=400)
    headers = {"Authorization": f"Bearer {alice.token}"}
    sizes = []
    for query in ("status=saved", ""):
        with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
            connection.request("GET", f"{EXPORT}?format={name}&{query}", headers=headers)
            response = connection.getresponse()
            while response.read(2**16):
                pass
        [worker] = service.workers()
        status = Path(f"/proc/{worker}/status").read_text()
        sizes.append(int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024)
    owner.execute("delete from opportunities where notes = repeat('x', 400)")
    owner.execute("vacuum opportunities")

    before, after = sizes
    assert after - before < 25


@pytest.mark.in_process
def test_a_file_that_cannot_be_completed_has_no_end(
    owner: psycopg.Connection[Any], alice: User, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(owner, alice, streaming.FIRST + 1)
    reads = iter([app.database.read])

    def read_once(*args: Any, **kwargs: Any) -> Any:
        if read := next(reads, None):
            return read(*args, **kwargs)
        raise Unavailable("Database is")

    monkeypatch.setattr(app.database, "read", read_once)

    with pytest.raises(ConnectionResetError):
        _ = alice.get(f"{EXPORT}?format=json").data
