"""Cursors are valid for one user and one sort, and only if this service made them."""

from __future__ import annotations

import base64
import json
import string
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_from_bytes
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from futuretracker.api.schemas import cursors
from futuretracker.database.queries.pages import ORDERS
from tests.api.listing import PATH, ask, failures, insert, page

if TYPE_CHECKING:
    import psycopg

    from tests.conftest import User

INVALID = [("cursor", "cursor is invalid or malformed")]
ID = "550e8400-e29b-41d4-a716-446655440000"
# A valid key of each order, and an invalid one.
GOOD = {
    "created_at": "2026-03-01 12:00:00.5+00",
    "updated_at": "2026-03-01 12:00:00+00",
    "title": "b",
    "deadline": "2026-03-01",
}
BAD_TIMES = [
    "", "infinity", "-infinity", "now", "today", "epoch", "2026-03-01", "2026-02-30 12:00:00+00",
    "2026-03-01 25:00:00+00", "2026-03-01 12:00:60+00", "2026-03-01 12:00:00",
    "0000-01-01 00:00:00+00", "2026-03-01T12:00:00+00", "2026-03-01 12:00:00+00 BC",
    "2026-03-01 12:00:00+99", "20260-03-01 12:00:00+00", "2026-03-01 12:00:00.1234567+00",
    "٢٠٢٦-03-01 12:00:00+00", "2026-03-01 12:00:00+00\n", "\0",
]  # fmt: skip
BAD_DATES = [
    "", "Infinity", "+infinity", "now", "tomorrow", "2026-02-30", "2026-3-1", "0000-01-01",
    "10000-01-01", "2026-03-01T00:00:00", "2026-03-01 BC", "2026-03-01\n", "\0",
    "'; drop table opportunities; --",
]  # fmt: skip
ABSURD: list[tuple[str, Any]] = [
    *(("created_at", [text, ID]) for text in BAD_TIMES),
    *(("-updated_at", [text, ID]) for text in BAD_TIMES),
    *(("deadline", [text, ID]) for text in BAD_DATES),
    *(("-title", [text, ID]) for text in ("\0", "a\0b", "\ud800", "\udfffb")),
    *(
        (order, [GOOD[order.removeprefix("-")], row_id])
        for order in ORDERS
        for row_id in ("", "x", ID[:-1], f"{ID}0", None, 1, [], {}, f"{ID}' or true --", "\0")
    ),
    *(
        (order, payload)
        for order in ORDERS
        for payload in (
            None, True, 1, -1e300, "", "ab", [], ["a"], [1, ID], [None, ID], [[], ID], [{}, ID],
            [10**4000, ID], ["a", ID, ID], {}, {"a": 1, "b": 2}, {ID: ID}, [[[[[]]]]],
        )
    ),
]  # fmt: skip
BAD_SLOTS = [
    "", "2026-12-01", "2026-12-01 10:00:00", "2026-02-30 10:00:00 1", "2026-12-01 25:00:00 1",
    "2026-12-01 24:00:01 1", "2026-12-01 10:60:00 1", "2026-12-01 10:00:00.1234567 1",
    "2026-12-01 10:00:00 99999999999", "2026-12-01 10:00:00 1.5", "2026-12-01 10:00:00 x",
    "2026-12-01 10:00:00 1 2", "2026-12-01 10:00:00 1\n", "0000-01-01 10:00:00 1", "now now 1",
    "2026-12-01 10:00:00+00 1", "2026-12-01  1", "٢٠٢٦-12-01 10:00:00 1", "\0", 1, None, [], {},
]  # fmt: skip
any_text = st.text(st.characters(), max_size=300)
cursor_like = st.text(string.ascii_letters + string.digits + "-_", max_size=300)


@pytest.fixture
def user(alice: User, owner: psycopg.Connection[Any]) -> User:
    insert(owner, alice, *({"title": title} for title in "abcdef"))
    return alice


def id_of(user: User) -> UUID:
    return UUID(user.get("/api/v1/me").json["internalUserId"])


def sign(payload: bytes, user: User, order: str) -> str:
    """Forge a cursor with the correct digest."""
    digest = cursors._digest(payload, id_of(user), order)  # noqa: SLF001 - what an attacker knows
    return base64.urlsafe_b64encode(digest + payload).decode().rstrip("=")


def test_a_cursor_is_text_that_needs_no_escape_in_a_url(user: User) -> None:
    for order in ORDERS:
        cursor = page(user, sort=order, limit=2)["nextCursor"]
        assert set(cursor) <= set(string.ascii_letters + string.digits + "-_")


@pytest.mark.parametrize("made_for", ORDERS)
def test_a_cursor_of_another_order_is_refused(user: User, made_for: str) -> None:
    cursor = page(user, sort=made_for, limit=2)["nextCursor"]

    for order in ORDERS:
        response = ask(user, sort=order, cursor=cursor)
        if order == made_for:
            assert len(response.json["items"]) == 4
        else:
            assert failures(response) == INVALID


def test_a_cursor_of_another_user_is_refused(user: User, bob: User) -> None:
    cursor = page(user, limit=2)["nextCursor"]
    bob.create()

    assert failures(ask(bob, cursor=cursor)) == INVALID


def test_a_cursor_without_a_sort_is_for_the_default_order(user: User) -> None:
    cursor = page(user, limit=2)["nextCursor"]

    assert page(user, sort="-created_at", cursor=cursor) == page(user, cursor=cursor)
    assert failures(ask(user, sort="title", cursor=cursor)) == INVALID


def test_a_cursor_is_valid_with_another_limit_and_other_filters(user: User) -> None:
    cursor = page(user, sort="title", limit=2)["nextCursor"]

    for change, expected in (({"limit": 1}, "c"), ({"limit": 3}, "cde"), ({"q": "e"}, "e")):
        body = page(user, sort="title", cursor=cursor, **change)
        assert [row["title"] for row in body["items"]] == list(expected)


def test_a_cursor_stays_valid_after_its_opportunity_is_deleted(user: User) -> None:
    first = page(user, sort="title", limit=2)
    user.delete(f"{PATH}/{first['items'][-1]['id']}")
    rest = page(user, sort="title", cursor=first["nextCursor"])

    assert [row["title"] for row in rest["items"]] == ["c", "d", "e", "f"]


@pytest.mark.parametrize(
    "cursor",
    ["x", "null", "0", " ", "\0", "====", "a b", "%", "🎓", "AAAAAAAAAAAA", "é", "-", "e30", ID],
)  # fmt: skip
def test_a_malformed_cursor_is_refused(user: User, cursor: str) -> None:
    assert failures(ask(user, cursor=cursor)) == INVALID


def test_a_shortened_or_extended_cursor_is_refused(user: User) -> None:
    cursor = page(user, limit=2)["nextCursor"]
    changed = [cursor[:-4], cursor[4:], cursor[: len(cursor) // 2], cursor * 2, f"{cursor}AAAA"]

    for text in [*changed, f" {cursor}", f"{cursor}\n", cursor.swapcase()]:
        assert failures(ask(user, cursor=text)) == INVALID


def test_no_character_of_a_cursor_can_be_changed(user: User) -> None:
    cursor = page(user, limit=2)["nextCursor"]

    for place, character in enumerate(cursor[:-1]):
        other = "A" if character != "A" else "B"
        text = cursor[:place] + other + cursor[place + 1 :]
        assert failures(ask(user, cursor=text)) == INVALID, place


@pytest.mark.parametrize("order", ORDERS)
def test_the_digest_of_the_tests_is_that_of_the_service(user: User, order: str) -> None:
    payload = json.dumps([GOOD[order.removeprefix("-")], ID]).encode()

    assert ask(user, sort=order, cursor=sign(payload, user, order)).status_code == 200


def test_invalid_values_with_a_correct_digest_are_refused(user: User) -> None:
    for order, payload in ABSURD:
        cursor = sign(json.dumps(payload).encode(), user, order)
        assert failures(ask(user, sort=order, cursor=cursor)) == INVALID, (order, payload)


def test_the_cursors_of_upcoming_rounds_are_checked_likewise(alice: User) -> None:
    for key, row_id, status in (
        ("2026-12-01 10:00:00 1", ID, 200),
        ("2026-12-01 10:00:00.5 -1", ID, 200),
        ("9999-12-31 24:00:00 9999999999", ID, 200),
        ("2026-12-01 10:00:00 1", "x", 400),
        *((key, ID, 400) for key in BAD_SLOTS),
    ):
        cursor = sign(json.dumps([key, row_id]).encode(), alice, cursors.UPCOMING)
        response = alice.get(f"{PATH}/rounds/upcoming", query_string={"cursor": cursor})
        assert response.status_code == status, (key, row_id)
        assert status == 200 or failures(response) == INVALID


@pytest.mark.parametrize(
    "payload",
    [b"", b"[", b"nonsense", b"\xff\xfe", b"\0", b"NaN", b"[" * 50_000, b'["a","b"]x'],
    ids=repr,
)  # fmt: skip
def test_invalid_json_with_a_correct_digest_is_refused(user: User, payload: bytes) -> None:
    assert failures(ask(user, cursor=sign(payload, user, "-created_at"))) == INVALID


def test_a_forged_cursor_shows_only_the_users_own_opportunities(user: User, bob: User) -> None:
    bob.create(title="Theirs")
    payload = json.dumps(["", str(uuid4())]).encode()
    cursor = sign(payload, user, "title")

    body = page(user, sort="title", cursor=cursor)
    assert [row["title"] for row in body["items"]] == list("abcdef")


@settings(
    max_examples=300,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(cursor=any_text | cursor_like, order=st.sampled_from([*ORDERS]))
def test_any_text_as_a_cursor_is_refused(alice: User, cursor: str, order: str) -> None:
    sent = quote_from_bytes(cursor.encode("utf-8", "replace"))  # a lone surrogate has no UTF-8
    response = alice.get(f"{PATH}?sort={order}&cursor={sent}")

    if cursor:
        assert failures(response) == INVALID
    else:
        assert response.status_code == 200


@settings(
    max_examples=200,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(key=any_text | st.integers() | st.none(), row_id=st.uuids() | any_text, data=st.data())
def test_any_key_with_a_correct_digest_is_accepted_or_refused(
    alice: User, key: object, row_id: object, data: st.DataObject
) -> None:
    order = data.draw(st.sampled_from([*ORDERS]))
    payload = json.dumps([key, str(row_id)]).encode()
    response = ask(alice, sort=order, cursor=sign(payload, alice, order))

    assert response.status_code == 200 or failures(response) == INVALID
