"""The log lines of a write: REQUEST, AUDIT, RESPONSE."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from uuid import uuid4

import pytest

from futuretracker.api.audit import audited
from futuretracker.telemetry.events import Event
from futuretracker.telemetry.json_lines import JsonLines
from tests.support.served import ServedApp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg
    from flask import Flask
    from werkzeug.test import TestResponse

    from tests.conftest import User

pytestmark = pytest.mark.wire

PATH = "/api/opportunities"
NOWHERE = "postgresql://futuretracker_api:hunter2@127.0.0.1:1/nowhere"
REQUEST_KEYS = ["timestamp", "type", "method", "path", "ip", "requestId"]
AUDIT_KEYS = [
    "timestamp",
    "type",
    "action",
    "userId",
    "client",
    "resourceId",
    "details",
    "outcome",
    "requestId",
]
RESPONSE_KEYS = [
    "timestamp",
    "type",
    "method",
    "path",
    "ip",
    "client",
    "statusCode",
    "durationMs",
    "requestId",
]
# Characters that would break a line, forge another one, or move a terminal's cursor.
CONTROL_CHARACTERS = 'a\nb\r\nc\u2028d\u2029e\u0085f\x0bg\x0ch\x1b[2Ji\tj\x7f"k\\ {"type": "AUDIT"}'


class Output:
    """The text that the service would write to stdout."""

    def __init__(self) -> None:
        self.stream = StringIO(newline="")

    def text(self) -> str:
        return self.stream.getvalue()

    def lines(self) -> list[dict[str, Any]]:
        """Return every line so far; splitting at any kind of line break gives the same lines."""
        lines = self.text().split("\n")
        assert lines.pop() == ""
        assert lines == self.text().splitlines()
        return [json.loads(line) for line in lines]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["type"] == kind]

    def forget(self) -> None:
        self.stream.seek(0)
        self.stream.truncate()


class ServedOutput(Output):
    """The text that a running service has written to stdout since the test began."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.forget()

    def text(self) -> str:
        return self._file.read_text()[self._from :]

    def lines(self) -> list[dict[str, Any]]:
        """Leave out the ACTIVITY lines, which are about the requests of earlier tests too."""
        return [line for line in super().lines() if line["type"] != "ACTIVITY"]

    def forget(self) -> None:
        self._from = len(self._file.read_text())


@pytest.fixture
def output(app: Flask) -> Iterator[Output]:
    """The log of the test, formatted as under gunicorn."""
    if isinstance(app, ServedApp):
        yield ServedOutput(app.service.output)
        return
    output = Output()
    handler = logging.StreamHandler(output.stream)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield output
    root.removeHandler(handler)
    root.setLevel(level)


def write_each(user: User) -> list[tuple[str, str, TestResponse]]:
    """Create, change and delete an opportunity; return method, path and response of each."""
    created = user.post(PATH, {"title": "Intern", "category": "internship", "notes": "n"})
    path = created.headers["Location"]
    return [
        ("POST", PATH, created),
        ("PATCH", path, user.patch(path, {"notes": "m", "title": "New", "unknown": 1})),
        ("PUT", path, user.request("PUT", path, {"status": "selected"})),
        ("DELETE", path, user.delete(path)),
    ]


def audit_rows(owner: psycopg.Connection[Any], user: User) -> list[tuple[Any, ...]]:
    cursor = owner.execute(
        """
        select action, actor, resource_id::text, details, request_id from audit_log
        where actor = %s order by id
        """,
        [user.id],
    )
    return cursor.fetchall()


def test_every_write_leaves_three_lines_in_order(alice: User, output: Output) -> None:
    alice.get("/api/me")
    for method, path, response in write_each(alice):
        request_id = response.headers["X-Request-Id"]
        lines = [line for line in output.lines() if line["requestId"] == request_id]
        first, audit, last = lines

        assert [line["type"] for line in lines] == ["REQUEST", "AUDIT", "RESPONSE"]
        assert list(first) == REQUEST_KEYS
        assert list(audit) == AUDIT_KEYS
        assert list(last) == RESPONSE_KEYS
        for line in (first, last):
            assert (line["method"], line["path"], line["ip"]) == (method, path, "127.0.0.1")
        assert last["statusCode"] == response.status_code
        assert 0 < last["durationMs"] < 60_000


def test_the_audit_line_names_the_user_the_action_and_the_opportunity(
    alice: User, output: Output
) -> None:
    responses = write_each(alice)
    row_id = responses[0][2].json["id"]
    expected = [
        ("CREATE_OPPORTUNITY", {"title": "Intern", "category": "internship"}),
        ("UPDATE_OPPORTUNITY", {"updatedFields": ["title", "notes"]}),
        ("UPDATE_OPPORTUNITY", {"updatedFields": ["status"]}),
        ("DELETE_OPPORTUNITY", {"title": "New"}),
    ]

    audits = output.of("AUDIT")
    assert [(line["action"], line["details"]) for line in audits] == expected
    assert {line["userId"] for line in audits} == {alice.id}
    assert {line["resourceId"] for line in audits} == {row_id}
    assert {line["outcome"] for line in audits} == {"success"}


def test_a_title_alone_is_audited_without_a_category(alice: User, output: Output) -> None:
    alice.create(title="Intern")

    assert output.of("AUDIT")[0]["details"] == {"title": "Intern", "category": None}


def test_the_audit_table_holds_the_same_as_the_lines(
    alice: User, output: Output, owner: psycopg.Connection[Any]
) -> None:
    write_each(alice)
    keys = ("action", "userId", "resourceId", "details", "requestId")

    assert audit_rows(owner, alice) == [
        tuple(line[key] for key in keys) for line in output.of("AUDIT")
    ]
    assert len(audit_rows(owner, alice)) == 4


@pytest.mark.in_process
def test_the_audit_is_written_after_the_commit(
    alice: User, output: Output, owner: psycopg.Connection[Any]
) -> None:
    """When a line is written, another connection already sees the change."""
    found: list[tuple[str, list[Any]]] = []

    class Look(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.msg == "AUDIT":
                fields = record.__dict__["event"]
                cursor = owner.execute(
                    "select title from opportunities where id = %s", [fields["resourceId"]]
                )
                found.append((fields["action"], cursor.fetchall()))

    handler = Look()
    logging.getLogger().addHandler(handler)
    try:
        write_each(alice)
    finally:
        logging.getLogger().removeHandler(handler)

    assert found == [
        ("CREATE_OPPORTUNITY", [("Intern",)]),
        ("UPDATE_OPPORTUNITY", [("New",)]),
        ("UPDATE_OPPORTUNITY", [("New",)]),
        ("DELETE_OPPORTUNITY", []),
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("authorization", [None, "Bearer nonsense", "Basic dXNlcjpodW50ZXIy"])
def test_a_write_is_logged_before_authentication(
    alice: User, output: Output, method: str, authorization: str | None
) -> None:
    row_id = None if method == "POST" else str(uuid4())
    path = f"{PATH}/{row_id}" if row_id else PATH
    headers = {"Authorization": authorization} if authorization else {}
    response = alice.client.open(path, method=method, json={"title": "Intern"}, headers=headers)
    lines = output.lines()

    assert response.status_code == 401
    assert [line["type"] for line in lines] == ["REQUEST", "AUTH", "AUDIT", "RESPONSE"]
    assert {line["requestId"] for line in lines} == {response.headers["X-Request-Id"]}
    assert (lines[0]["method"], lines[0]["path"]) == (method, path)
    assert lines[2]["outcome"] == "failure"
    assert (lines[2]["userId"], lines[2]["resourceId"]) == (None, row_id)
    assert lines[3]["statusCode"] == 401


@pytest.mark.parametrize(
    ("method", "row_id", "body", "status"),
    [
        ("POST", None, {"title": ""}, 400),
        ("POST", None, b"{", 400),
        ("POST", None, b" " * (2**20 + 1), 413),
        ("PATCH", "1", {"title": "New"}, 400),
        ("PATCH", str(uuid4()), {}, 400),
        ("PATCH", str(uuid4()), {"title": "New"}, 404),
        ("PUT", str(uuid4()), {"title": "New"}, 404),
        ("DELETE", str(uuid4()), None, 404),
        ("DELETE", "x%0Ay", None, 400),
    ],
)
def test_a_write_that_failed_is_audited_as_a_failure(
    alice: User, method: str, row_id: str | None, body: object, status: int, *, output: Output
) -> None:
    path = f"{PATH}/{row_id}" if row_id else PATH
    response = alice.request(method, path, body)
    actions = {"POST": "CREATE_OPPORTUNITY", "DELETE": "DELETE_OPPORTUNITY"}
    (audit,) = output.of("AUDIT")

    assert response.status_code == status
    assert list(audit) == AUDIT_KEYS
    assert audit["action"] == actions.get(method, "UPDATE_OPPORTUNITY")
    assert audit["userId"] == alice.id
    assert audit["resourceId"] == (unquote(row_id) if row_id else None)
    assert audit["outcome"] == "failure"
    assert audit["details"] == {"statusCode": status}
    assert [line["type"] for line in output.lines()] == ["REQUEST", "AUDIT", "RESPONSE"]


@pytest.mark.in_process
def test_a_write_over_the_rate_limit_is_audited_and_easy_to_find(
    build: Callable[..., Flask], make_user: Callable[..., User], output: Output
) -> None:
    user = make_user(client=build(RATE_LIMIT_WRITE="1 per hour").test_client())
    user.create()
    output.forget()
    response = user.post(PATH, {"title": "Intern"})

    assert response.status_code == 429
    kinds = [line["type"] for line in output.lines()]
    assert kinds == ["REQUEST", "RATE_LIMIT", "AUDIT", "RESPONSE"]
    assert output.of("AUDIT")[0]["outcome"] == "failure"
    assert output.of("AUDIT")[0]["userId"] == user.id
    (line,) = [line for line in output.text().splitlines() if "Rate Limit" in line]
    assert json.loads(line)["budget"] == "write"
    assert json.loads(line)["key"] == "127.0.0.1"


@pytest.mark.in_process
def test_a_read_over_the_rate_limit_writes_one_line(
    build: Callable[..., Flask], make_user: Callable[..., User], output: Output
) -> None:
    user = make_user(client=build(RATE_LIMIT_GENERAL="1 per hour").test_client())
    assert [user.get(PATH).status_code for _ in range(2)] == [200, 429]

    assert [line["type"] for line in output.lines()] == ["RATE_LIMIT"]
    assert "Rate Limit" in output.text()


@pytest.mark.in_process
def test_a_write_without_a_database_is_audited_as_a_failure(
    build: Callable[..., Flask], make_user: Callable[..., User], output: Output
) -> None:
    user = make_user(client=build(DATABASE_URL=NOWHERE).test_client())

    assert user.post(PATH, {"title": "Intern"}).status_code == 503
    assert output.of("AUDIT")[0]["outcome"] == "failure"
    assert output.of("RESPONSE")[0]["statusCode"] == 503
    assert "hunter2" not in output.text()


def test_a_failed_write_adds_nothing_to_the_table(
    alice: User, bob: User, owner: psycopg.Connection[Any]
) -> None:
    others = f"{PATH}/{bob.create()['id']}"
    alice.get(PATH)
    responses = [
        alice.post(PATH, {"title": ""}),
        alice.post(PATH, b"{"),
        alice.patch(others, {"title": "Mine"}),
        alice.delete(others),
        alice.delete(f"{PATH}/1"),
    ]

    assert [response.status_code for response in responses] == [400, 400, 404, 404, 400]
    assert audit_rows(owner, alice) == []
    assert len(audit_rows(owner, bob)) == 1


def test_reads_write_no_line(alice: User, output: Output) -> None:
    row = alice.create()
    output.forget()
    for path in (PATH, f"{PATH}/{row['id']}", "/api/analytics", "/api/me", "/api/health/deps"):
        assert alice.get(path).status_code == 200
        assert alice.request("HEAD", path).status_code == 200
    alice.get(f"{PATH}/{uuid4()}")
    alice.get("/api/nowhere")
    alice.client.options(PATH, headers={"Origin": "x", "Access-Control-Request-Method": "POST"})

    assert output.text() == ""


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("POST", "/api/nowhere", 404), ("DELETE", PATH, 405), ("PUT", "/healthz", 405)],
)
def test_a_write_to_no_route_is_logged_but_audits_nothing(
    alice: User, output: Output, method: str, path: str, status: int
) -> None:
    assert alice.request(method, path).status_code == status

    assert [line["type"] for line in output.lines()] == ["REQUEST", "RESPONSE"]
    assert {line["path"] for line in output.lines()} == {path}


@pytest.mark.in_process
def test_an_exception_in_a_write_is_a_500_and_is_logged(
    build: Callable[..., Flask], output: Output
) -> None:
    app = build()

    @app.post("/broken")
    @audited("BREAK")
    def break_down() -> Any:
        raise RuntimeError("out of\norder")

    app.view_functions["break_down"].is_public = True  # type: ignore[union-attr]
    response = app.test_client().post("/broken")

    assert response.status_code == 500
    assert response.json == {"error": "Internal Server Error", "message": "Something went wrong"}
    assert [line["type"] for line in output.lines()] == ["REQUEST", "LOG", "AUDIT", "RESPONSE"]
    assert output.of("LOG")[0]["level"] == "ERROR"
    assert output.of("AUDIT")[0]["outcome"] == "failure"


@pytest.mark.in_process
def test_an_exception_is_logged_with_the_request_id_of_the_response(
    build: Callable[..., Flask], output: Output
) -> None:
    app = build()

    @app.get("/broken")
    def break_down() -> Any:
        raise RuntimeError("out of order")

    app.view_functions["break_down"].is_public = True  # type: ignore[union-attr]
    response = app.test_client().get("/broken")

    (line,) = output.of("LOG")
    assert line["requestId"] == response.headers["X-Request-Id"]
    assert "RuntimeError: out of order" in line["exc_info"]


def test_timestamps_are_iso_with_milliseconds_in_utc(alice: User, output: Output) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    alice.create()
    for line in output.lines():
        assert list(line)[:2] == ["timestamp", "type"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"])
        assert before <= datetime.fromisoformat(line["timestamp"]) <= datetime.now(UTC)


def test_control_characters_in_a_title_are_escaped_and_kept(
    alice: User, output: Output, owner: psycopg.Connection[Any]
) -> None:
    row = alice.create(title=CONTROL_CHARACTERS)
    alice.delete(f"{PATH}/{row['id']}")
    audits = output.of("AUDIT")

    assert row["title"] == CONTROL_CHARACTERS
    assert [line["details"]["title"] for line in audits] == [CONTROL_CHARACTERS, CONTROL_CHARACTERS]
    assert len(output.lines()) == 6
    assert all(" " <= character < "\x7f" for character in output.text().replace("\n", ""))
    assert [entry[3]["title"] for entry in audit_rows(owner, alice)] == [
        CONTROL_CHARACTERS,
        CONTROL_CHARACTERS,
    ]


def test_control_characters_in_a_path_are_escaped(alice: User, output: Output) -> None:
    alice.delete(f"{PATH}/a%0Ab%E2%80%A8%1B%5B2J%22")
    alice.post("/api/%0D%0Anowhere")

    assert len(output.lines()) == 5
    assert all(" " <= character < "\x7f" for character in output.text().replace("\n", ""))


@pytest.mark.in_process
def test_other_log_records_are_one_line_too(output: Output) -> None:
    logging.getLogger("elsewhere").error(
        "message: %s",
        CONTROL_CHARACTERS,
        exc_info=ValueError(CONTROL_CHARACTERS),
        extra={"field": CONTROL_CHARACTERS},
    )
    (line,) = output.lines()

    assert (line["type"], line["level"], line["logger"]) == ("LOG", "ERROR", "elsewhere")
    assert line["message"] == f"message: {CONTROL_CHARACTERS}"
    assert line["field"] == CONTROL_CHARACTERS


def test_no_line_holds_a_token_or_a_body(alice: User, bob: User, output: Output) -> None:
    secrets = {name: f"secret{name}" for name in ("description", "notes", "unknown")}
    secrets["link"] = "https://example.com/secretlink"
    others = f"{PATH}/{bob.create()['id']}"
    output.forget()
    row = alice.create(title="Audited", **secrets)
    path = f"{PATH}/{row['id']}"
    alice.patch(path, {**secrets, "title": "secrettitle"})
    alice.patch(path, {**secrets, "status": "secretstatus"})
    alice.patch(others, {**secrets, "title": "secrettitle"})
    alice.post(PATH, b'{"title": "secrettitle"')
    alice.post(PATH, {"title": "secrettitle" * 50})
    alice.post(f"{PATH}?token=secretquery", {"title": ""})
    headers = {"Cookie": "secretcookie=1", "User-Agent": "secretagent"}
    alice.post(PATH, {"title": ""}, headers=headers)
    alice.post(PATH, {"title": ""}, headers={"Authorization": f"Bearer {alice.token}x"})

    assert len(output.of("AUDIT")) == 9
    assert "Audited" in output.text()
    assert "secret" not in output.text()
    for part in alice.token.split("."):
        assert part not in output.text()


def test_the_record_of_an_event_has_every_field_of_a_log_record() -> None:
    record = Event("REQUEST", {"path": "/"})
    usual = logging.LogRecord("", logging.INFO, "", 0, "", (), None)

    assert vars(record).keys() == vars(usual).keys() | {"event"}
    assert (record.getMessage(), record.levelname) == ("REQUEST", "INFO")
