"""Actions in the database: what they change, what they record, and what their undoing restores."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg import errors as pg

from futuretracker.anomalies.actions import respond, work
from futuretracker.anomalies.actions.undo import Undone, undo
from futuretracker.database.queries.anomaly_actions import select_actions
from futuretracker.database.queries.anomaly_decisions import decide
from futuretracker.database.queries.erasures import begin_erasure, continue_erasure
from futuretracker.database.queries.revocations import insert_revocation, select_restrictions
from futuretracker.database.queries.watch_findings import upsert_finding
from tests.conftest import numbers
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from futuretracker.anomalies.findings import Finding
    from tests.anomalies.actions.conftest import World
    from tests.database.queries.conftest import Owner

Connection = psycopg.Connection[Any]
ALL = "*=revoke-session,*=suspend-key,*=lower-limit"


def session() -> str:
    return f"sess_{secrets.token_hex(8)}"


def add_key(owner: Connection, a: Owner) -> str:
    key_id = f"Key{next(numbers):09d}"
    owner.execute(
        "insert into api_keys (id, user_id, clerk_id, name, scopes, secret_digest)"
        " values (%s, %s, %s, 'x', array['account:read'], sha256('x'))",
        [key_id, a.id, a.clerk_id],
    )
    return key_id


def states(conn: Connection, finding: Finding) -> dict[str, str]:
    """Return the state of each action of a finding that has not failed."""
    return {
        act.action: "undone" if act.undone_at else "done" if act.done_at else "planned"
        for act in select_actions(conn, finding_id=finding.id)
        if not act.failed_at
    }


def audited(owner: Connection, finding: Finding) -> list[tuple[Any, ...]]:
    return owner.execute(
        "select actor, client, action, details from audit_log where request_id = %s order by id",
        [finding.id],
    ).fetchall()


def restored(owner: Connection, finding: Finding) -> set[str]:
    """Return what the audit log says was undone about a finding."""
    return {row[2] for row in audited(owner, finding) if row[0] == "operator"}


def suspended(owner: Connection, key_id: str) -> bool:
    query = "select suspended_at is not null from api_keys where id = %s"
    row = owner.execute(query, [key_id]).fetchone()
    assert row is not None
    return bool(row[0])


def outcomes(done: list[Undone]) -> dict[str, str]:
    return {each.action: each.outcome for each in done}


def test_nothing_happens_by_default(world: World, a: Owner) -> None:
    finding = world.found(f"user:{a.clerk_id}", a.clerk_id)
    respond(world.watch, finding, world.read())

    assert select_actions(world.watch, finding_id=finding.id) == []


def test_a_session_is_revoked_recorded_audited_and_restored(world: World, a: Owner) -> None:
    name = session()
    finding, settings = (
        world.found(f"session:{name}", a.clerk_id),
        world.read("scraping=revoke-session"),
    )
    with recorded_events("ANOMALY_ACTION") as events:
        respond(world.watch, finding, settings)

    assert name in select_restrictions(world.role).refused
    assert states(world.watch, finding) == {"revoke-session": "done"}
    details = {"kind": "scraping", "subject": f"session:{name}", "findingId": finding.id}
    assert audited(world.owner, finding) == [("watch", "watch", "REVOKE_SESSION", details)]
    assert events == [
        {
            "type": "ANOMALY_ACTION",
            "id": finding.id,
            "action": "revoke-session",
            "subject": f"session:{name}",
            "outcome": "done",
            "detail": f"revoked the session {name}: its present tokens are refused",
        }
    ]

    assert outcomes(list(undo(world.watch, finding.id, settings))) == {"revoke-session": "undone"}
    assert name not in select_restrictions(world.role).refused
    assert states(world.watch, finding) == {"revoke-session": "undone"}
    assert audited(world.owner, finding)[1:] == [
        ("operator", "operator", "RESTORE_SESSION", details)
    ]
    assert list(undo(world.watch, finding.id, settings)) == []


def test_a_key_is_suspended_and_works_again(world: World, a: Owner) -> None:
    key_id = add_key(world.owner, a)
    finding, settings = world.found(f"key:{key_id}", a.clerk_id), world.read("scraping=suspend-key")
    respond(world.watch, finding, settings)

    assert suspended(world.owner, key_id)
    assert f"key_{key_id}.1" in select_restrictions(world.role).refused
    assert [row[2] for row in audited(world.owner, finding)] == ["SUSPEND_API_KEY"]
    assert outcomes(list(undo(world.watch, finding.id, settings))) == {"suspend-key": "undone"}
    assert not suspended(world.owner, key_id)
    assert [row[2] for row in audited(world.owner, finding)] == [
        "SUSPEND_API_KEY",
        "RESUME_API_KEY",
    ]


def test_the_session_of_a_key_is_its_key(world: World, a: Owner) -> None:
    key_id = add_key(world.owner, a)
    respond(world.watch, world.found(f"session:key_{key_id}", a.clerk_id), world.read(ALL))

    assert suspended(world.owner, key_id)


def test_a_user_is_slowed_for_a_day(world: World, a: Owner) -> None:
    finding, settings = (
        world.found(f"network:{a.clerk_id}", a.clerk_id),
        world.read("*=lower-limit"),
    )
    respond(world.watch, finding, settings)

    assert a.clerk_id in select_restrictions(world.role).slowed
    assert a.clerk_id not in select_restrictions(world.role).refused
    left = (
        "select ends_at - now() between '23:59' and '1 day' from slowed_users where clerk_id = %s"
    )
    assert world.owner.execute(left.encode(), [a.clerk_id]).fetchone() == (True,)
    assert outcomes(list(undo(world.watch, finding.id, settings))) == {"lower-limit": "undone"}
    assert a.clerk_id not in select_restrictions(world.role).slowed
    assert [row[2] for row in audited(world.owner, finding)] == [
        "LOWER_RATE_LIMIT",
        "RESTORE_RATE_LIMIT",
    ]


def test_the_end_of_a_lower_limit_needs_no_one(world: World, a: Owner) -> None:
    respond(world.watch, world.found(f"user:{a.clerk_id}", a.clerk_id), world.read("*=lower-limit"))
    world.owner.execute("update slowed_users set ends_at = now() where clerk_id = %s", [a.clerk_id])

    assert a.clerk_id not in select_restrictions(world.role).slowed


def test_a_finding_without_a_target_says_so(world: World, a: Owner) -> None:
    finding = world.found("service")
    respond(world.watch, finding, world.read(ALL))

    acts = select_actions(world.watch, finding_id=finding.id)
    assert [(act.action, act.detail, bool(act.failed_at)) for act in acts] == [
        ("revoke-session", "the finding is not about a session", True),
        ("suspend-key", "the finding is not about an API key", True),
        ("lower-limit", "the finding is not about a user", True),
    ]


def test_a_key_that_is_gone_is_not_tried_again(world: World, a: Owner) -> None:
    finding = world.found("key:Gone00000000", a.clerk_id)
    respond(world.watch, finding, world.read("*=suspend-key"))

    (act,) = select_actions(world.watch, finding_id=finding.id)
    assert (act.detail, act.attempts) == ("there is no API key Gone00000000 any more", 1)
    assert act.failed_at is not None
    assert act.done_at is None


def test_a_dry_run_only_records(world: World, a: Owner) -> None:
    key_id = add_key(world.owner, a)
    finding = world.found(f"key:{key_id}", a.clerk_id)
    settings = world.read("*=suspend-key:dry-run,*=lower-limit:dry-run,*=webhook:dry-run")
    respond(world.watch, finding, settings)
    work(world.watch, settings)

    acts = select_actions(world.watch, finding_id=finding.id)
    assert [(act.dry_run, act.attempts, act.detail) for act in acts] == [
        (True, 0, f"would have suspended the API key {key_id}"),
        (True, 0, f"would have lowered the rate limit of the user {a.clerk_id} for a day"),
        (True, 0, f"would have sent the webhook about the API key {key_id}"),
    ]
    assert not suspended(world.owner, key_id)
    assert a.clerk_id not in select_restrictions(world.role).slowed
    assert audited(world.owner, finding) == []
    assert list(undo(world.watch, finding.id, settings)) == []


def test_a_rule_for_a_kind_precedes_the_one_for_every_kind(world: World, a: Owner) -> None:
    finding = world.found(f"user:{a.clerk_id}", a.clerk_id)
    respond(world.watch, finding, world.read("*=lower-limit,scraping=lower-limit:dry-run"))

    assert [act.dry_run for act in select_actions(world.watch, finding_id=finding.id)] == [True]


def test_a_second_call_does_nothing(world: World, a: Owner) -> None:
    finding, settings = world.found(f"user:{a.clerk_id}", a.clerk_id), world.read(ALL)
    for _ in range(3):
        respond(world.watch, finding, settings)
        work(world.watch, settings)

    assert states(world.watch, finding) == {"lower-limit": "done"}
    assert len(audited(world.owner, finding)) == 1


def test_in_a_transaction_it_only_plans(world: World, a: Owner) -> None:
    finding, settings = world.found(f"user:{a.clerk_id}", a.clerk_id), world.read("*=lower-limit")
    with world.watch.transaction():
        respond(world.watch, finding, settings)
        assert states(world.watch, finding) == {"lower-limit": "planned"}
    assert a.clerk_id not in select_restrictions(world.role).slowed
    work(world.watch, settings)

    assert a.clerk_id in select_restrictions(world.role).slowed


def test_a_failure_stops_neither_the_watch_nor_its_transaction(world: World, a: Owner) -> None:
    finding, settings = world.found(f"user:{a.clerk_id}", a.clerk_id), world.read("*=lower-limit")
    world.owner.execute("revoke execute on function futuretracker_act from futuretracker_watch")
    world.owner.execute("revoke insert on anomaly_actions from futuretracker_watch")
    try:
        with world.watch.transaction():
            respond(world.watch, finding, settings)
            assert world.watch.execute("select 1").fetchone() == (1,)
        world.owner.execute("grant insert on anomaly_actions to futuretracker_watch")
        respond(world.watch, finding, settings)
        assert states(world.watch, finding) == {"lower-limit": "planned"}
    finally:
        world.owner.execute("grant execute on function futuretracker_act to futuretracker_watch")
        world.owner.execute("grant insert on anomaly_actions to futuretracker_watch")
    world.owner.execute(
        "update anomaly_actions set next_at = now() where finding_id = %s", [finding.id]
    )
    work(world.watch, settings)
    assert states(world.watch, finding) == {"lower-limit": "done"}


def test_a_broken_connection_raises_nothing(world: World) -> None:
    finding = world.found("service")
    world.watch.close()
    respond(world.watch, finding, world.read("*=lower-limit"))
    work(world.watch, world.read("*=lower-limit"))


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_two_findings_ask_for_stays_until_both_are_undone(
    world: World, a: Owner, order: tuple[int, int]
) -> None:
    key_id, name, settings = add_key(world.owner, a), session(), world.read(ALL)
    for subject in (f"key:{key_id}", f"session:{name}"):
        found = world.found(subject, a.clerk_id), world.found(subject, a.clerk_id)
        for finding in found:
            respond(world.watch, finding, settings)
        first, second = (found[number] for number in order)
        kept = outcomes(list(undo(world.watch, first.id, settings)))
        assert set(kept.values()) == {"kept"}
        assert restored(world.owner, first) == set()
        assert a.clerk_id in select_restrictions(world.role).slowed
        assert suspended(world.owner, key_id) == subject.startswith("key:")
        assert (name in select_restrictions(world.role).refused) == subject.startswith("session:")
        assert set(outcomes(list(undo(world.watch, second.id, settings))).values()) == {"undone"}
        is_key = subject.startswith("key:")
        expected = {"RESTORE_RATE_LIMIT", "RESUME_API_KEY" if is_key else "RESTORE_SESSION"}
        assert restored(world.owner, second) == expected
        assert a.clerk_id not in select_restrictions(world.role).slowed
        assert not suspended(world.owner, key_id)
        assert name not in select_restrictions(world.role).refused


def test_a_later_revocation_is_not_undone(world: World, a: Owner) -> None:
    name = session()
    finding, settings = world.found(f"session:{name}", a.clerk_id), world.read("*=revoke-session")
    respond(world.watch, finding, settings)
    seconds = settings.session_seconds
    insert_revocation(world.role, event=None, kind="session", subject=name, seconds=seconds)

    assert outcomes(list(undo(world.watch, finding.id, settings))) == {"revoke-session": "kept"}
    assert name in select_restrictions(world.role).refused
    assert restored(world.owner, finding) == set()
    (act,) = select_actions(world.watch, finding_id=finding.id)
    kept = f"the session {name} stays revoked, because something else has revoked it too"
    assert act.detail == kept


def test_an_earlier_revocation_is_not_undone(world: World, a: Owner) -> None:
    name = session()
    insert_revocation(world.role, event=None, kind="session", subject=name, seconds=300)
    ends = "select expires_at from revocations where subject = %s"
    before = world.owner.execute(ends.encode(), [name]).fetchone()
    first, second = (world.found(f"session:{name}", a.clerk_id) for _ in range(2))
    settings = world.read("*=revoke-session")
    for finding in (first, second):
        respond(world.watch, finding, settings)
    assert world.owner.execute(ends.encode(), [name]).fetchone() != before
    for finding in (first, second):
        assert outcomes(list(undo(world.watch, finding.id, settings))) == {"revoke-session": "kept"}
        assert restored(world.owner, finding) == set()

    assert world.owner.execute(ends.encode(), [name]).fetchone() == before
    assert name in select_restrictions(world.role).refused


def test_a_key_that_was_deleted_meanwhile_cannot_be_resumed(world: World, a: Owner) -> None:
    key_id = add_key(world.owner, a)
    finding, settings = world.found(f"key:{key_id}", a.clerk_id), world.read("*=suspend-key")
    respond(world.watch, finding, settings)
    world.owner.execute("delete from api_keys where id = %s", [key_id])

    (done,) = undo(world.watch, finding.id, settings)
    assert (done.outcome, done.sentence) == ("gone", f"there is no API key {key_id} any more")
    assert restored(world.owner, finding) == set()
    (act,) = select_actions(world.watch, finding_id=finding.id)
    assert act.detail == done.sentence


def test_what_has_ended_is_not_restored(world: World, a: Owner) -> None:
    name = session()
    finding = world.found(f"session:{name}", a.clerk_id)
    settings = world.read("*=revoke-session,*=lower-limit")
    respond(world.watch, finding, settings)
    for statement, row in (
        ("update revocations set expires_at = '2026-01-01' where subject = %s", name),
        ("update anomaly_actions set ends_at = '2026-01-01' where finding_id = %s", finding.id),
        ("update slowed_users set ends_at = '2026-01-01' where clerk_id = %s", a.clerk_id),
    ):
        world.owner.execute(statement.encode(), [row])

    done = outcomes(list(undo(world.watch, finding.id, settings)))
    assert done == {"revoke-session": "undone", "lower-limit": "undone"}
    assert restored(world.owner, finding) == set()


def test_an_action_that_waits_is_cancelled(world: World, a: Owner) -> None:
    finding, settings = world.found(f"user:{a.clerk_id}", a.clerk_id), world.read("*=lower-limit")
    with world.watch.transaction():
        respond(world.watch, finding, settings)

    assert outcomes(list(undo(world.watch, finding.id, settings))) == {"lower-limit": "cancelled"}
    work(world.watch, settings)
    assert a.clerk_id not in select_restrictions(world.role).slowed


def test_a_dismissed_finding_is_not_acted_on(world: World, a: Owner) -> None:
    finding, settings = world.found(f"user:{a.clerk_id}", a.clerk_id), world.read("*=lower-limit")
    with world.watch.transaction():
        respond(world.watch, finding, settings)
    decide(world.watch, finding_id=finding.id, state="dismissed", note="")
    work(world.watch, settings)

    assert a.clerk_id not in select_restrictions(world.role).slowed


@pytest.mark.parametrize(
    ("age", "expected"), [(3500, {"done"}), (3700, {"planned"})], ids=["recent", "old"]
)
def test_an_action_that_waited_comes_too_late_for_an_old_finding(
    world: World, a: Owner, age: int, expected: set[str]
) -> None:
    finding = world.found(f"user:{a.clerk_id}", a.clerk_id, last_seen=time.time() - age)
    settings = world.read("*=lower-limit")
    with world.watch.transaction():
        respond(world.watch, finding, settings)
    work(world.watch, settings)

    assert set(states(world.watch, finding).values()) == expected
    assert (a.clerk_id in select_restrictions(world.role).slowed) == (expected == {"done"})


def test_an_action_that_waited_is_carried_out_if_the_finding_continues(
    world: World, a: Owner
) -> None:
    settings = world.read("*=lower-limit")
    finding = world.found(f"user:{a.clerk_id}", a.clerk_id, last_seen=time.time() - 3700)
    respond(world.watch, finding, settings)
    continued = finding._replace(last_seen=time.time())
    upsert_finding(world.watch, values=continued._asdict(), announced=None)
    work(world.watch, settings)

    assert states(world.watch, finding) == {"lower-limit": "done"}


def test_an_erased_user_leaves_nothing(world: World, a: Owner) -> None:
    finding, settings = world.found(f"user:{a.clerk_id}", a.clerk_id), world.read("*=lower-limit")
    respond(world.watch, finding, settings)
    begin_erasure(world.role, event=None, clerk_id=a.clerk_id, seconds=60, request_id="request")
    while not continue_erasure(world.role, clerk_id=a.clerk_id):
        pass

    left = "select count(*) from slowed_users where clerk_id = %s"
    assert world.owner.execute(left.encode(), [a.clerk_id]).fetchone() == (0,)
    assert select_actions(world.watch, finding_id=finding.id) == []
    respond(world.watch, finding, settings)
    assert select_actions(world.watch, finding_id=finding.id) == []


@pytest.mark.parametrize(
    "statement",
    [
        "insert into slowed_users select clerk_id, now() from users",
        "delete from slowed_users",
        "select * from api_keys",
        "update api_keys set suspended_at = null",
        "select * from revocations",
        "delete from revocations",
        "insert into audit_log (actor) values ('watch')",
        "select futuretracker_revoke(null, 'user', 'user_x', 1)",
        "select futuretracker_audit_action(1, 'x', 'x')",
    ],
)
def test_the_role_of_watch_may_not_do_this_without_the_functions(
    world: World, statement: str
) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        world.watch.execute(statement.encode())


@pytest.mark.parametrize("call", ["futuretracker_act(1, 60)", "futuretracker_undo(1)"])
def test_the_role_of_the_service_may_not_call_them(world: World, call: str) -> None:
    with pytest.raises(pg.InsufficientPrivilege):
        world.role.execute(f"select {call}".encode())
