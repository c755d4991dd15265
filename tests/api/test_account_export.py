"""``GET /me/export``: everything about a user, in little memory."""

from __future__ import annotations

import json
import re
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from futuretracker.web.errors import Unavailable
from tests.api.test_original_list import insert
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from futuretracker.web.application import Application
    from tests.conftest import User
    from tests.support.servers import Service

ME = "/api/v1/me"
EXPORT = f"{ME}/export"
ROWS = "/api/v1/opportunities"
INTERN = {"title": "Intern", "category": "internship", "tags": ["a"]}
MEMBERS = ["account", "apiKeys", "opportunities", "trash", "activity"]
ENTRIES = """
insert into audit_log (user_id, actor, action, details, request_id, client)
select u.id, u.clerk_id, 'UPDATE_OPPORTUNITY', jsonb_build_object('n', n), 'r', 'web'
from users as u, generate_series(1, %s) as n where u.clerk_id = %s
"""


def fill(user: User) -> tuple[str, str]:
    """Make a key, an opportunity with a round, and one in the trash; return both ids."""
    scopes = ["account:read"]
    user.post("/api/v1/api-keys", {"name": "Script", "scopes": scopes})
    kept, deleted = (user.post(ROWS, INTERN).json["id"] for _ in range(2))
    for row_id in (kept, deleted):
        user.post(f"{ROWS}/{row_id}/rounds", {"round_type": "hr", "notes": "Ada"})
    user.patch(f"{ROWS}/{kept}", {"notes": "Changed"})
    user.delete(f"{ROWS}/{deleted}")
    return kept, deleted


@pytest.mark.wire
def test_it_has_everything(alice: User, owner: psycopg.Connection[Any]) -> None:
    kept, deleted = fill(alice)
    owner.execute(
        "update users set email = 'a@example.com', full_name = 'Alice', avatar_url = 'https://a'"
        " where clerk_id = %s",
        [alice.id],
    )
    alice.delete(ME)
    in_list = alice.get(f"{ROWS}/export?format=json&include=rounds").json
    [in_trash] = alice.get(f"{ROWS}/trash").json["items"]
    response = alice.get(EXPORT)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    disposition = response.headers["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="account-[\d-]{10}\.json"', disposition)
    found = response.json
    assert list(found) == MEMBERS
    profile = {"fullName": "Alice", "avatarUrl": "https://a", **alice.get(ME).json}
    assert {**found["account"], "createdAt": None} == {**profile, "createdAt": None}
    assert found["apiKeys"] == alice.get("/api/v1/api-keys").json
    assert found["opportunities"] == in_list
    assert [row["id"] for row in in_list] == [kept]
    [trashed] = found["trash"]
    assert (trashed["id"], len(trashed["rounds"])) == (deleted, 1)
    assert trashed["rounds"][0]["notes"] == "Ada"
    assert {name: in_trash.get(name) for name in trashed} == {**trashed, "rounds": None}


def test_the_activity_has_what_was_done(alice: User) -> None:
    kept, deleted = fill(alice)

    entries = alice.get(EXPORT).json["activity"]

    assert [entry["action"] for entry in entries] == [
        "DELETE_OPPORTUNITY",
        "UPDATE_OPPORTUNITY",
        *(["CREATE_ROUND"] * 2),
        *(["CREATE_OPPORTUNITY"] * 2),
        "CREATE_API_KEY",
    ]
    assert [entry["resourceId"] for entry in entries[:2]] == [deleted, kept]
    assert entries[0]["details"]["title"] == "Intern"
    assert entries[1]["changes"] == [{"field": "notes", "from": None, "to": "Changed"}]
    assert {entry["client"] for entry in entries} == {"web"}


def test_it_does_not_name_who_has_impersonated_the_user(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    alice.create()
    owner.execute(
        'update audit_log set details = details || \'{"impersonator": "user_support"}\''
        " where actor = %s",
        [alice.id],
    )

    response = alice.get(EXPORT)

    assert "title" in response.json["activity"][0]["details"]
    assert "user_support" not in response.text


def test_it_has_nothing_of_others_and_no_secret(alice: User, bob: User) -> None:
    fill(bob)
    made = alice.post("/api/v1/api-keys", {"name": "Script", "scopes": ["account:read"]}).json
    response = alice.get(EXPORT)

    found = response.json
    assert [len(found[name]) for name in MEMBERS[1:]] == [1, 0, 0, 1]
    assert made["secret"] not in response.text
    for secret in (bob.id, bob.get(ME).json["internalUserId"]):
        assert secret not in response.text


def test_a_new_user_has_an_empty_account(alice: User) -> None:
    found = alice.get(EXPORT).json

    assert [found[name] for name in MEMBERS[1:]] == [[], [], [], []]
    assert found["account"]["userId"] == alice.id


def test_it_counts_as_several_requests(alice: User) -> None:
    before = int(alice.get(ROWS).headers["X-RateLimit-Remaining"])

    assert before - int(alice.get(EXPORT).headers["X-RateLimit-Remaining"]) == 20


@pytest.mark.in_process
def test_it_is_in_the_audit(alice: User) -> None:
    user_id = alice.get(ME).json["internalUserId"]
    with recorded_events("AUDIT") as lines:
        alice.get(EXPORT)

    [line] = lines
    assert (line["action"], line["outcome"]) == ("EXPORT_ACCOUNT", "success")
    assert (line["userId"], line["resourceId"]) == (alice.id, user_id)


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    return serve(WEB_CONCURRENCY="1", patient=True)


def fill_much(owner: psycopg.Connection[Any], user: User, rows: int, length: int = 0) -> None:
    """Give a user so many opportunities, as many in the trash, and as many audit entries."""
    insert(owner, user, rows, length=length)
    owner.execute(
        "delete from opportunities using users as u where u.id = user_id and clerk_id = %s",
        [user.id],
    )
    insert(owner, user, rows, length=length)
    owner.execute(ENTRIES, [rows, user.id])


@pytest.mark.wire
def test_a_long_export_is_whole(
    service: Service, owner: psycopg.Connection[Any], alice: User
) -> None:
    fill_much(owner, alice, 2500)
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
        connection.request("GET", EXPORT, headers={"Authorization": f"Bearer {alice.token}"})
        response = connection.getresponse()
        found = json.loads(response.read())

    assert response.headers["Transfer-Encoding"] == "chunked"
    ids = {row["id"] for row in found["opportunities"]}
    assert len(ids) == len(found["opportunities"]) == 2500
    trashed = {row["id"] for row in found["trash"]}
    assert len(trashed) == len(found["trash"]) == 2500
    assert [entry["details"] for entry in found["activity"]] == [
        {"n": n} for n in range(2500, 0, -1)
    ]


def test_a_long_export_takes_little_memory(
    service: Service, owner: psycopg.Connection[Any], alice: User
) -> None:
    """The rows have 60 MiB as JSON."""
    sizes = []
    for rows in (1, 40_000):
        fill_much(owner, alice, rows, length=400)
        with closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as connection:
            connection.request("GET", EXPORT, headers={"Authorization": f"Bearer {alice.token}"})
            response = connection.getresponse()
            while response.read(2**16):
                pass
        [worker] = service.workers()
        status = Path(f"/proc/{worker}/status").read_text()
        sizes.append(int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) / 1024)
    owner.execute("set app.permanently = 'on'")
    owner.execute("delete from opportunities where notes = repeat('x', 400)")
    owner.execute("delete from trash where opportunity ->> 'notes' = repeat('x', 400)")
    owner.execute("reset app.permanently")

    before, after = sizes
    assert after - before < 25


@pytest.mark.in_process
@pytest.mark.parametrize("reads", [1, 2, 3])
def test_an_export_that_cannot_be_completed_has_no_end(
    alice: User, app: Application, monkeypatch: pytest.MonkeyPatch, reads: int
) -> None:
    fill(alice)
    left = iter([app.database.read] * reads)

    def read_some(*args: Any, **kwargs: Any) -> Any:
        if read := next(left, None):
            return read(*args, **kwargs)
        raise Unavailable("Database is")

    monkeypatch.setattr(app.database, "read", read_some)

    with pytest.raises(ConnectionResetError):
        _ = alice.get(EXPORT).data


@pytest.mark.in_process
def test_a_failure_of_the_first_read_is_an_error(
    alice: User, app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_kwargs: Any) -> None:
        raise Unavailable("Database is")

    monkeypatch.setattr(app.database, "read", fail)

    assert alice.get(EXPORT).status_code == 503
