"""The pages of the list of v1: every order, also while opportunities come and go."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

import psycopg
import pytest

from futuretracker.database.queries.pages import ORDERS
from tests.api.listing import PATH, ask, failures, insert, next_link, page, pages, titles

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import User
    from tests.support.servers import Service

SORTS = ("created_at", "updated_at", "title", "deadline")
BOTH_WAYS = [*SORTS, *(f"-{name}" for name in SORTS)]
LIMIT = "limit must be an integer between 1 and 100"
SORT = f"sort must be one of: {', '.join(ORDERS)}"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
V1_COLUMNS = [
    "id", "user_id", "title", "description", "link", "deadline", "category", "status", "notes",
    "created_at", "updated_at", "campus_mode", "applied_on", "company",
    "location", "pay", "contact", "tags", "time_zone", "current_round_number",
    "rejected_round_number", "statusConflict",
]  # fmt: skip


def mixed_rows() -> list[dict[str, Any]]:
    """Return 42 opportunities in random order, with ties in each sort key."""
    chance = random.Random(3)  # noqa: S311 - rows, not secrets
    words = [
        "apple",
        "Apple",
        "APPLE",
        "apple pie",
        "Banana",
        "banana",
        "Ärzte",
        "äther",
        "語",
        "🎓",
    ]
    moments = [START + timedelta(microseconds=n) for n in (0, 1, 2, 500_000, 1_000_000)]
    days = [None, None, date(2026, 2, 28), date(2026, 3, 1), date(9999, 12, 31), date(1, 1, 1)]
    return [
        {
            "title": chance.choice(words),
            "created_at": chance.choice(moments),
            "updated_at": chance.choice(moments),
            "deadline": chance.choice(days),
        }
        for _ in range(42)
    ]


def expected_order(rows: list[dict[str, Any]], sort: str) -> list[str]:
    """Sort in Python: by the key, then by the id, in one direction, with nulls last."""
    name, down = sort.removeprefix("-"), sort.startswith("-")

    def key(row: dict[str, Any]) -> tuple[Any, str]:
        value = row[name]
        if name == "title":
            value = value.lower()
        elif name != "deadline":
            value = datetime.fromisoformat(value)
        return value, row["id"]

    there = sorted((row for row in rows if row[name] is not None), key=key, reverse=down)
    missing = [row["id"] for row in rows if row[name] is None]
    return [row["id"] for row in there] + sorted(missing, reverse=down)


def test_an_empty_list_is_one_empty_page(alice: User) -> None:
    response = ask(alice)

    assert response.data == b'{"items":[],"nextCursor":null}'
    assert "Link" not in response.headers


def test_a_page_has_complete_opportunities_with_the_newest_first(alice: User) -> None:
    made = [alice.post(PATH, {"title": title}).json for title in ("first", "second")]
    body = page(alice)

    assert body == {"items": made[::-1], "nextCursor": None}
    assert [list(row) for row in body["items"]] == [V1_COLUMNS] * 2


def test_the_list_has_no_opportunities_of_other_users(alice: User, bob: User) -> None:
    bob.create(title="Theirs")
    alice.create(title="Mine")

    assert page(alice, include="total")["total"] == 1
    assert titles(alice) == ["Mine"]


def test_a_page_has_25_opportunities_unless_a_limit_from_1_to_100_is_given(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    insert(owner, alice, *({"title": str(n)} for n in range(102)))

    assert len(page(alice)["items"]) == 25
    for limit in (1, 2, 99, 100):
        body = page(alice, limit=limit)
        assert len(body["items"]) == limit
        assert body["nextCursor"]


@pytest.mark.parametrize(
    "limit",
    ["0", "101", "abc", "", " ", "-1", "+5", "1.0", "1e1", "5 ", "0x10", "٣", "²", "9" * 5000],
)
def test_another_limit_is_refused(alice: User, limit: str) -> None:
    assert failures(ask(alice, limit=limit)) == [("limit", LIMIT)]


@pytest.mark.parametrize("sort", BOTH_WAYS)
def test_the_pages_show_every_opportunity_once_in_order(
    alice: User, owner: psycopg.Connection[Any], sort: str
) -> None:
    insert(owner, alice, *mixed_rows())
    expected = expected_order(page(alice, limit=100)["items"], sort)
    assert len(expected) == 42

    for limit in (1, 5, 7, 41, 42, 43):
        walked = list(pages(alice, sort=sort, limit=limit))
        assert [row["id"] for rows in walked for row in rows] == expected
        assert [len(rows) for rows in walked[:-1]] == [limit] * (len(walked) - 1)
        assert len(walked) == -(-42 // limit)


def test_without_a_sort_the_newest_come_first(alice: User, owner: psycopg.Connection[Any]) -> None:
    insert(owner, alice, *mixed_rows())

    assert page(alice) == {
        **page(alice, sort="-created_at"),
        "nextCursor": page(alice)["nextCursor"],
    }
    walked = [row["id"] for rows in pages(alice, limit=10) for row in rows]
    assert walked == expected_order(page(alice, limit=100)["items"], "-created_at")


@pytest.mark.parametrize(
    "sort", ["", "id", "--title", "TITLE", "title,deadline", " title", "+title"]
)
def test_another_order_is_refused(alice: User, sort: str) -> None:
    assert failures(ask(alice, sort=sort)) == [("sort", SORT)]


def test_the_link_header_leads_to_the_next_page(
    alice: User, owner: psycopg.Connection[Any]
) -> None:
    insert(owner, alice, *({"title": f'Ca"fé {n} & <co> 🎓'} for n in range(5)))
    first = ask(alice, q='"ca" fé & <co> 🎓', limit=2, sort="title", status="applied,rejected")
    seen = [row["title"][6] for row in first.json["items"]]
    response = first
    while response.json["nextCursor"]:
        link = next_link(response)
        assert link.startswith(f"{PATH}?")
        response = alice.get(link)
        assert response.status_code == 200
        seen += [row["title"][6] for row in response.json["items"]]

    assert seen == ["0", "1", "2", "3", "4"]
    assert "Link" not in response.headers


def test_the_longest_search_and_the_longest_cursor_fit_into_one_link(
    serve: Callable[..., Service], alice: User, owner: psycopg.Connection[Any]
) -> None:
    longest = "\x01" * 195
    insert(
        owner, alice, *({"title": f"{n} {longest}", "notes": f"fit{'🎓' * 197}"} for n in range(3))
    )
    service = serve(WEB_CONCURRENCY="1")
    response = service.request(
        "GET",
        f"{PATH}?q=fit{'%F0%9F%8E%93' * 197}&sort=-title&limit=1&include=total"
        "&status=applied,interviewed,shortlisted,selected,rejected,ghosted",
        token=alice.token,
    )
    seen = []
    while response.status == 200:
        seen += [row["title"][0] for row in response.json["items"]]
        if not response.json["nextCursor"]:
            break
        target = response.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
        response = service.request("GET", target, token=alice.token)

    assert seen == ["2", "1", "0"], response.body


class Churn:
    """Keep inserting and deleting opportunities of the user at random places in the list."""

    def __init__(self, url: str, user_id: str) -> None:
        self._url, self._user_id = url, user_id
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.changes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def wait_for_a_change(self) -> None:
        """Wait until opportunities were inserted and deleted since the last page."""
        before = self.changes
        while self.changes == before:
            assert self._thread.is_alive()
            time.sleep(0.001)

    def _run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as conn:
            while not self._stop.wait(0.003):
                conn.execute(
                    """
                    with gone as (
                        delete from opportunities where id in (
                            select id from opportunities
                            where user_id = %(user)s and notes = 'comes and goes'
                            order by random() limit 20
                        )
                    )
                    insert into opportunities (user_id, title, deadline, created_at, notes)
                    select %(user)s, md5(random()::text), current_date + (random() * 99)::int,
                        now() - random() * interval '9999 min', 'comes and goes'
                    from generate_series(1, 20)
                    """,
                    {"user": self._user_id},
                )
                self.changes += 20


@pytest.mark.parametrize("sort", ["-created_at", "title", "deadline"])
def test_each_of_ten_thousand_opportunities_is_seen_once_while_others_change(
    alice: User, owner: psycopg.Connection[Any], owner_url: str, sort: str
) -> None:
    user_id = alice.get("/api/v1/me").json["internalUserId"]
    owner.execute(
        """
        insert into opportunities (user_id, title, deadline, created_at, notes)
        select %s, md5((n / 2)::text), case when n %% 3 > 0 then current_date + n %% 90 end,
            now() - (n / 3) * interval '1 min', case when n > 10000 then 'comes and goes' end
        from generate_series(1, 11000) as n
        """,
        [user_id],
    )
    stays = {
        str(row[0])
        for row in owner.execute(
            "select id from opportunities where user_id = %s and notes is null", [user_id]
        )
    }
    assert len(stays) == 10_000

    started = time.monotonic()
    seen: list[str] = []
    with Churn(owner_url, user_id) as churn:
        for rows in pages(alice, sort=sort, limit=100):
            seen += [row["id"] for row in rows]
            churn.wait_for_a_change()

    assert time.monotonic() - started < 120
    assert len(seen) == len(set(seen))
    assert stays <= set(seen)
    assert set(seen) - stays
