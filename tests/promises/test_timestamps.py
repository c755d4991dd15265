"""Every time in a response has one width, so that parsers of a fixed width can read it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.interviews import add, change, rounds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask import Flask

    from tests.conftest import User
    from tests.support.servers import Service

STORED = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{6}\+00:00").fullmatch
OWN = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}\.[0-9]{3}Z").fullmatch
TIME = re.compile(r'"([0-9]{4}-[0-9]{2}-[0-9]{2}[T ][^"]*)"').findall
MOMENTS = [
    "2026-01-02 03:04:05+00", "2026-01-02 03:04:05.1+00", "2026-01-02 03:04:05.12345+00",
    "2026-01-02 03:04:05.000001+00", "2026-01-02 23:59:59.999999+05:30", "0987-01-02 03:04:05+00",
]  # fmt: skip


@pytest.fixture
def stored(alice: User, owner: psycopg.Connection[Any]) -> User:
    """A user with an internship and a round for each of MOMENTS."""
    user_id = alice.get("/api/me").json["internalUserId"]
    for moment in MOMENTS:
        owner.execute(
            """
            with o as (
                insert into opportunities (user_id, title, category, created_at, updated_at)
                values (%(user)s, 'Intern', 'internship', %(at)s, %(at)s) returning id, user_id
            )
            insert into opportunity_rounds
                (opportunity_id, user_id, round_number, round_type, created_at, updated_at)
            select id, user_id, 1, 'oa', %(at)s, %(at)s from o
            """,
            {"user": user_id, "at": moment},
        )
    return alice


def test_stored_times_have_six_digits_in_every_response(stored: User) -> None:
    original, page = "/api/opportunities", "/api/v1/opportunities"
    rows = stored.get(page).json["items"]
    bodies = [stored.get(original).text]
    bodies += [stored.get(f"{page}?sort={sort}").text for sort in ("created_at", "-updated_at")]
    for row in rows:
        bodies += [stored.get(f"{base}/{row['id']}").text for base in (original, page)]
        bodies += [stored.get(rounds_of(row)).text]
        (one,) = json.loads(bodies[-1])
        bodies += [change(stored, one, notes="n").text]
        bodies += [stored.patch(f"{page}/{row['id']}", {"notes": "n"}).text]
        added = add(stored, row)
        removed = stored.delete(f"{rounds_of(row)}/{added['round']['id']}")
        bodies += [json.dumps(added), removed.text]
    times = [time for body in bodies for time in TIME(body)]

    assert [time for time in times if not STORED(time)] == []
    assert len(times) > 12 * len(MOMENTS)
    assert rows[0]["created_at"] == "2026-01-02T18:29:59.999999+00:00"


def test_a_page_goes_on_between_rows_of_the_same_second(stored: User) -> None:
    found, path = [], "/api/v1/opportunities?limit=1"
    cursor = ""
    while cursor is not None:
        page = stored.get(path + cursor).json
        found += page["items"]
        cursor = page["nextCursor"] and f"&cursor={page['nextCursor']}"

    assert found == stored.get("/api/v1/opportunities").json["items"]
    assert len(found) == len(MOMENTS)


def test_times_of_the_service_have_three_digits(build: Callable[..., Flask]) -> None:
    client = build(RATE_LIMIT_GENERAL="20 per hour").test_client()
    responses = [client.get("/api/v1/health") for _ in range(21)] + [client.get("/api/health/deps")]
    times = [time for response in responses for time in TIME(response.text)]

    assert responses[-1].status_code == 429
    assert [time for time in times if not OWN(time)] == []
    assert len(times) == 22


def test_times_of_log_lines_have_three_digits(serve: Callable[..., Service]) -> None:
    service = serve()
    service.request("POST", "/api/opportunities", body={"title": "Intern"})
    times = [line["timestamp"] for line in service.lines()]

    assert times
    assert [time for time in times if not OWN(time)] == []
