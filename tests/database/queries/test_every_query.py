"""Every query reaches only the rows of its user, under every plan and without policies."""

from __future__ import annotations

import json
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest

from futuretracker.database.queries import (
    account_deletions,
    account_export,
    analytics,
    history,
    opportunities,
    pages,
    rounds,
    search,
)
from futuretracker.database.queries.columns import ORIGINAL, V1
from futuretracker.database.queries.one_page import Place
from futuretracker.database.queries.search import Term
from futuretracker.database.queries.users import select_account, upsert_user

if TYPE_CHECKING:
    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]

PLANS = [
    "",
    "set local enable_indexscan = off; set local enable_bitmapscan = off",
    "set local enable_seqscan = off",
    "set local enable_nestloop = off; set local enable_hashjoin = off",
    "set local enable_material = off; set local plan_cache_mode = force_generic_plan",
    "set local plan_cache_mode = force_custom_plan; set local enable_sort = off",
]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "SEARCH_WITHIN", "60000")  # milliseconds, for a busy machine


# All filters at once; each opportunity of the tests matches them.
FILTERS = {"status": ["applied", "shortlisted"], "category": "internship"}
FIRST, LAST = date(2026, 12, 1), date(2026, 12, 2)


def page_ids(conn: Connection, owner: Owner, order: str, after: Place | None) -> list[str]:
    page = pages.select_page(
        conn,
        user_id=owner.id,
        columns=V1,
        filters=FILTERS,
        search=[[Term("mi"), Term("nothing", is_excluded=True)]],
        order=order,
        after=after,
        limit=100,
        count=True,
    )
    rows = json.loads(page.items)
    assert page.total == 1
    return [row["id"] for row in rows]


def check_reads(conn: Connection, owner: Owner, other: Owner) -> None:
    mine = str(owner.row_id)
    listed = json.loads(
        pages.select_page(conn, user_id=owner.id, columns=ORIGINAL, limit=100).items
    )
    assert [row["id"] for row in listed] == [mine]
    for order in pages.ORDERS:
        assert page_ids(conn, owner, order, None) == [mine]
    first = Place("0001-01-01 00:00:00+00", str(other.row_id))
    assert page_ids(conn, owner, "created_at", first) == [mine]
    for columns in (ORIGINAL, V1):
        one = partial(opportunities.select_opportunity, conn, user_id=owner.id, columns=columns)
        assert one(row_id=owner.row_id)
        assert not one(row_id=other.row_id)
    original = analytics.select_analytics(conn, user_id=owner.id, parts=analytics.ORIGINAL)
    v1 = json.loads(analytics.select_analytics(conn, user_id=owner.id, parts=analytics.V1).body)
    assert json.loads(original.body)["total"] == v1["total"] == 1
    assert v1["pipelineAnalytics"]["trackedWithRounds"] == 1
    changed = history.select_history(conn, user_id=owner.id, row_id=owner.row_id, limit=100)
    assert changed is not None
    assert json.loads(changed.items)
    assert not history.select_history(conn, user_id=owner.id, row_id=other.row_id, limit=100)
    found = rounds.select_rounds(conn, user_id=owner.id, row_id=owner.row_id)
    assert [one["id"] for one in json.loads(found.body or b"[]")] == [str(owner.round_id)]
    assert rounds.select_rounds(conn, user_id=owner.id, row_id=other.row_id) == rounds.Outcome()
    coming = rounds.select_upcoming_rounds(
        conn, user_id=owner.id, first=FIRST, last=LAST, limit=200
    )
    assert [one["opportunity_id"] for one in json.loads(coming.items)] == [mine]
    check_reads_of_account(conn, owner)


def check_reads_of_account(conn: Connection, owner: Owner) -> None:
    email = f"{owner.clerk_id}@example.com"
    account = {"clerk_id": owner.clerk_id, "user_id": owner.id}
    assert select_account(conn, **account) == (email, None)  # type: ignore[arg-type]
    profile = account_export.select_profile(conn, prefix="ft_", **account)  # type: ignore[arg-type]
    assert json.loads(profile or b"{}")["account"]["email"] == email
    trashed = account_export.select_trashed(conn, user_id=owner.id, days=30, limit=100)
    assert json.loads(trashed.items) == []
    done = json.loads(account_export.select_activity(conn, user_id=owner.id, limit=100).items)
    assert [one["action"] for one in done][-2:] == ["CREATE_ROUND", "CREATE_OPPORTUNITY"]


def check_no_write_reaches(conn: Connection, owner: Owner, other: Owner) -> None:
    """Check that no change by ``owner`` reaches an opportunity or round of ``other``."""
    audit = owner.audit
    title = {"title": "Changed"}
    assert not opportunities.update_opportunity(
        conn, audit=audit, row_id=other.row_id, values=title, columns=V1
    )
    for title_sent in ("Mine", "Changed"):
        assert not opportunities.update_if(
            conn,
            audit=audit,
            row_id=other.row_id,
            values=title,
            columns=V1,
            stored={"title": title_sent},
        )
    removed = opportunities.delete_opportunity(conn, audit=audit, row_id=other.row_id)
    assert removed == (None, False)
    values = {"title": "Taken", "status": "applied"}
    assert not opportunities.insert_opportunity(
        conn, audit=audit, values=values, columns=V1, row_id=other.row_id
    )
    assert (
        rounds.insert_round(
            conn,
            audit=audit,
            row_id=other.row_id,
            values={"round_type": "hr", "result": "cleared"},
        )
        == rounds.Outcome()
    )
    for row_id, found in ((other.row_id, False), (owner.row_id, True)):
        outcome = rounds.update_round(
            conn, audit=audit, row_id=row_id, round_id=other.round_id, values={"notes": "x"}
        )
        assert (outcome.found, outcome.body) == (found, None)
        outcome = rounds.delete_round(conn, audit=audit, row_id=row_id, round_id=other.round_id)
        assert (outcome.found, outcome.body) == (found, None)


def statuses(conn: Connection, owner: Owner) -> tuple[str, int]:
    """Return the status of the owner's opportunity and its number of rounds."""
    row = opportunities.select_opportunity(conn, user_id=owner.id, row_id=owner.row_id, columns=V1)
    assert row is not None
    found = rounds.select_rounds(conn, user_id=owner.id, row_id=owner.row_id)
    return json.loads(row.body)["status"], len(json.loads(found.body or b"[]"))


def check_writes(conn: Connection, owner: Owner, other: Owner) -> None:
    audit, row_id = owner.audit, owner.row_id
    clear = {"round_type": "hr", "result": "cleared"}
    done = rounds.insert_round(conn, audit=audit, row_id=row_id, values=clear)
    assert len(json.loads(done.body or b"{}")["rounds"]) == 2
    assert statuses(conn, owner) == ("interviewed", 2)
    assert done.round_id is not None
    added = UUID(done.round_id)
    done = rounds.update_round(
        conn, audit=audit, row_id=row_id, round_id=added, values={"result": "rejected"}
    )
    assert statuses(conn, owner) == ("rejected", 2)
    rounds.delete_round(conn, audit=audit, row_id=row_id, round_id=added)
    assert statuses(conn, owner) == ("applied", 1)
    changed = opportunities.update_opportunity(
        conn, audit=audit, row_id=row_id, values={"title": "Changed"}, columns=ORIGINAL
    )
    assert json.loads(changed.body)["title"] == "Changed"
    compared = opportunities.update_if(
        conn,
        audit=audit,
        row_id=row_id,
        values={"notes": "n"},
        columns=ORIGINAL,
        stored={"title": "Changed"},
    )
    assert json.loads(compared.row.body)["notes"] == "n"
    assert statuses(conn, other) == ("applied", 1)
    removed = opportunities.delete_opportunity(conn, audit=audit, row_id=row_id)
    assert removed == ("Changed", True)
    due = account_deletions.insert_deletion(conn, audit=audit, days=1)
    assert account_deletions.insert_deletion(conn, audit=audit, days=2) == due
    assert not account_deletions.delete_deletion(conn, audit=other.audit)
    assert account_deletions.delete_deletion(conn, audit=audit)


@pytest.mark.parametrize("plan", PLANS)
def test_every_query_sees_its_user_under_every_plan(
    role: Connection, a: Owner, b: Owner, plan: str
) -> None:
    """The user must be set before a policy reads it, in whatever order tables are read."""
    with role.transaction(force_rollback=True):
        role.execute(plan.encode())
        for owner, other in ((a, b), (b, a)):
            check_reads(role, owner, other)
            check_no_write_reaches(role, owner, other)
            assert upsert_user(role, clerk_id=owner.clerk_id, email=None) == owner.id
        check_writes(role, a, b)


def test_every_query_names_its_owner_even_if_no_policy_applies(
    owner: Connection, a: Owner, b: Owner
) -> None:
    """The condition on the owner still protects a service that connects as a superuser."""
    for mine, other in ((a, b), (b, a)):
        check_reads(owner, mine, other)
        check_no_write_reaches(owner, mine, other)
    check_writes(owner, a, b)
