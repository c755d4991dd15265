"""The status that follows from the rounds, and which statuses a user may still set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.interviews import (
    DERIVED,
    INTERVIEWS,
    RESULTS,
    SCREENINGS,
    TYPES,
    add,
    change,
    create,
    derive,
    everything,
    path_of,
    rounds_of,
    said,
)

if TYPE_CHECKING:
    from tests.conftest import User


pytestmark = pytest.mark.in_process  # generated values: over sockets it takes minutes
ORIGINAL = ("applied", "interviewed", "shortlisted", "selected", "rejected")
STATUSES = (*ORIGINAL, "ghosted", "saved", "offer", "accepted", "withdrawn")
# The statuses that agree with each state of the rounds.
AGREE = {
    "applied": set(STATUSES),
    "shortlisted": set(STATUSES) - {"applied", "saved"},
    "interviewed": set(STATUSES) - {"applied", "saved", "shortlisted"},
    "selected": {"selected", "offer", "accepted", "ghosted", "withdrawn", "rejected"},
    "rejected": {"rejected"},
}
# One round, or none, that leads to each status.
MAKES = {
    "applied": ("oa", "pending"),
    "shortlisted": ("oa", "cleared"),
    "interviewed": ("hr", "cleared"),
    "selected": ("final", "cleared"),
    "rejected": ("oa", "rejected"),
}
TABLE = [
    *(([(one, "pending")], ("applied", 1, None)) for one in TYPES),
    *(([(one, "skipped")], ("applied", None, None)) for one in TYPES),
    *(([(one, "rejected")], ("rejected", None, 1)) for one in TYPES),
    *(([(one, "cleared")], ("shortlisted", None, None)) for one in SCREENINGS),
    *(([(one, "cleared")], ("interviewed", None, None)) for one in INTERVIEWS),
    ([("final", "cleared")], ("selected", None, None)),
    ([("other", "cleared")], ("applied", None, None)),
    ([("hr", "cleared"), ("oa", "cleared")], ("interviewed", None, None)),
    ([("final", "cleared"), ("hr", "cleared"), ("oa", "pending")], ("selected", 3, None)),
    ([("final", "cleared"), ("oa", "rejected"), ("hr", "pending")], ("rejected", None, 2)),
    ([("oa", "cleared"), ("hr", "pending"), ("final", "pending")], ("shortlisted", 2, None)),
    ([("hr", "rejected"), ("oa", "rejected")], ("rejected", None, 1)),
]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["create", "create", "patch", "delete"]),
        st.integers(0, 20),
        st.sampled_from(TYPES),
        st.sampled_from(RESULTS),
        st.one_of(st.none(), st.integers(1, 9)),
    ),
    max_size=9,
)
quick = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.mark.parametrize(("rounds", "expected"), TABLE)
def test_the_status_follows_the_rounds(
    alice: User, rounds: list[tuple[str, str]], expected: tuple[str, int | None, int | None]
) -> None:
    row = create(alice, status="ghosted")
    for round_type, result in rounds:
        body = add(alice, row, round_type, result=result)

    assert said(body["opportunity"]) == expected == derive(body["rounds"])
    assert said(alice.get(path_of(row)).json) == expected


def step(user: User, row: dict[str, Any], rounds: dict[str, Any], move: tuple[Any, ...]) -> Any:
    """Create, update or delete a round; return the response."""
    kind, which, round_type, result, number = move
    fields = {"round_type": round_type, "result": result, "round_number": number}
    ids = sorted(rounds, key=lambda one: rounds[one]["round_number"])
    if kind == "create" or not ids:
        return user.post(rounds_of(row), fields)
    path = f"{rounds_of(row)}/{ids[which % len(ids)]}"
    return user.delete(path) if kind == "delete" else user.patch(path, fields)


@quick
@given(moves=STEPS)
def test_the_status_follows_from_the_rounds_after_any_changes(
    alice: User, moves: list[tuple[Any, ...]]
) -> None:
    row = create(alice)
    rounds: dict[str, Any] = {}
    for move in moves:
        response = step(alice, row, rounds, move)
        if response.status_code == 409:
            taken = [one["round_number"] for one in rounds.values()]
            assert move[4] in taken
            assert everything(alice, row) == (row, list(rounds.values()))
            continue
        assert response.status_code in {200, 201}, response.text
        row = response.json["opportunity"]
        rounds = {one["id"]: one for one in response.json["rounds"]}
        assert said(row) == derive(response.json["rounds"])
        assert everything(alice, row) == (row, response.json["rounds"])


def test_without_rounds_an_opportunity_is_applied_again(alice: User) -> None:
    row = create(alice)
    made = add(alice, row, "hr", result="rejected")["round"]
    body = alice.delete(f"{rounds_of(row)}/{made['id']}").json

    assert said(body["opportunity"]) == ("applied", None, None)


def conflict(rounds_say: str, status: str) -> dict[str, str] | None:
    """Return the conflict that an opportunity with this status shows."""
    if status in AGREE[rounds_say]:
        return None
    return {"roundsStatus": rounds_say, "message": f"The interview rounds say {rounds_say}"}


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
@pytest.mark.parametrize("rounds_say", MAKES)
def test_a_user_may_set_any_status_and_v1_shows_whether_the_rounds_contradict_it(
    alice: User, rounds_say: str, prefix: str, method: str
) -> None:
    row = create(alice)
    round_type, result = MAKES[rounds_say]
    made = add(alice, row, round_type, result=result)
    assert made["opportunity"]["statusConflict"] is None
    for status in STATUSES if prefix == "/api/v1" else ORIGINAL:
        response = alice.request(
            method, f"{prefix}/opportunities/{row['id']}", {"status": status, "notes": status}
        )
        assert (response.status_code, response.json["status"]) == (200, status)
        now, rounds = everything(alice, row)
        assert rounds == made["rounds"]
        assert (now["status"], now["statusConflict"]) == (status, conflict(rounds_say, status))
        assert alice.get("/api/v1/opportunities").json["items"] == [now]
        if prefix == "/api/v1":
            assert response.json == now
        else:
            assert "statusConflict" not in response.json


def test_a_conflict_ends_when_the_rounds_change(alice: User) -> None:
    row = create(alice)
    made = add(alice, row, "hr", result="cleared")["round"]
    for end in (
        lambda: alice.patch(path_of(row), {"status": "interviewed"}).json,
        lambda: alice.patch(path_of(row), {"category": "hackathon"}).json,
        lambda: change(alice, made, notes="n").json["opportunity"],
        lambda: alice.delete(f"{rounds_of(row)}/{made['id']}").json["opportunity"],
    ):
        fields = {"category": "internship", "status": "applied"}
        response = alice.patch(path_of(row), fields)
        assert response.json["statusConflict"] == conflict("interviewed", "applied")
        assert end()["statusConflict"] is None  # type: ignore[no-untyped-call]


def test_a_board_sends_an_opportunity_with_a_conflict_back(alice: User) -> None:
    row = create(alice)
    add(alice, row, "hr", result="cleared")
    card = alice.patch(path_of(row), {"status": "applied"}).json
    moved = alice.patch(path_of(row), {**card, "status": "shortlisted"})
    back = alice.patch(path_of(row), {**card, "status": "interviewed"})

    assert moved.json["statusConflict"] == card["statusConflict"] == conflict("interviewed", "x")
    assert (back.status_code, back.json["statusConflict"]) == (200, None)


@pytest.mark.parametrize("prefix", ["/api", "/api/v1"])
@pytest.mark.parametrize("rounds_say", MAKES)
def test_a_client_may_send_a_whole_opportunity_with_its_status_back(
    alice: User, rounds_say: str, prefix: str
) -> None:
    row = create(alice)
    round_type, result = MAKES[rounds_say]
    derived = add(alice, row, round_type, result=result)["opportunity"]
    path = f"{prefix}/opportunities/{row['id']}"
    response = alice.patch(path, {**alice.get(path).json, "title": "Card"})

    assert response.status_code == 200, response.text
    assert response.json["title"] == "Card"
    assert said(alice.get(path_of(row)).json) == said(derived)


def test_without_rounds_a_user_may_set_every_status(alice: User) -> None:
    row = create(alice)
    made = add(alice, row, "final", result="cleared")["round"]
    alice.delete(f"{rounds_of(row)}/{made['id']}")

    for status in STATUSES:
        assert alice.patch(path_of(row), {"status": status}).json["status"] == status


@pytest.mark.parametrize("status", [*ORIGINAL, "ghosted", "saved"])
def test_a_change_of_a_round_sets_the_status_again(alice: User, status: str) -> None:
    row = create(alice)
    made = add(alice, row, "oa")["round"]
    for changed in (
        lambda: change(alice, made, notes="n").json,
        lambda: add(alice, row, "hr"),
        lambda: alice.delete(f"{rounds_of(row)}/{made['id']}").json,
    ):
        assert alice.patch(path_of(row), {"status": status}).json["status"] == status
        body = changed()  # type: ignore[no-untyped-call]  # a lambda has no types
        assert said(body["opportunity"]) == derive(body["rounds"])
        assert body["opportunity"]["status"] == "applied"


def test_a_rejected_opportunity_has_no_current_round_until_its_status_changes(alice: User) -> None:
    row = create(alice)
    add(alice, row, "oa", result="cleared")
    add(alice, row, "hr")
    rejected = alice.patch(path_of(row), {"status": "rejected"}).json
    listed = alice.get("/api/v1/opportunities").json["items"]

    assert said(rejected) == ("rejected", None, None)
    assert listed == [rejected] == [alice.get(path_of(row)).json]
    for status in ("shortlisted", "ghosted", "selected"):
        back = alice.patch(path_of(row), {"status": status}).json
        assert said(back) == (status, 2, None)


def test_an_invalid_round_does_not_change_a_status_that_a_user_has_set(alice: User) -> None:
    row = create(alice)
    made = add(alice, row, "oa")["round"]
    alice.patch(path_of(row), {"status": "ghosted"})
    before = everything(alice, row)
    alice.post(rounds_of(row), {"round_type": "hr", "round_number": made["round_number"]})
    change(alice, {**made, "id": row["id"]}, notes="n")
    change(alice, made, result="lost")

    assert everything(alice, row) == before


def test_a_client_cannot_set_derived_fields(alice: User) -> None:
    row = create(alice, current_round_number=5, rejected_round_number=6)
    assert said(row) == ("applied", None, None)
    now = add(alice, row)["opportunity"]
    sent = {"current_round_number": 7, "rejected_round_number": 8, "rounds_status": "selected"}
    response = alice.patch(path_of(row), {**sent, "title": "Card"})

    assert [response.json[name] for name in DERIVED] == [now[name] for name in DERIVED]


def test_a_former_internship_may_have_any_status(alice: User) -> None:
    row = create(alice)
    add(alice, row, "hr", result="rejected")
    assert alice.patch(path_of(row), {"category": "hackathon"}).status_code == 200
    for status in STATUSES:
        response = alice.patch(path_of(row), {"status": status})
        assert response.status_code == 200, (status, response.text)


@pytest.mark.parametrize("rounds_say", MAKES)
def test_it_can_become_an_internship_again_with_any_status(alice: User, rounds_say: str) -> None:
    row = create(alice)
    round_type, result = MAKES[rounds_say]
    add(alice, row, round_type, result=result)
    for status in STATUSES:
        left = alice.patch(path_of(row), {"category": "hackathon", "status": status})
        assert left.json["statusConflict"] is None
        response = alice.patch(path_of(row), {"category": "internship"})
        assert (response.status_code, response.json["status"]) == (200, status)
        assert response.json["statusConflict"] == conflict(rounds_say, status)


@pytest.mark.parametrize("status", ["offer", "accepted", "withdrawn"])
@pytest.mark.parametrize("rounds_say", MAKES)
def test_a_decision_stays_when_a_round_changes(alice: User, rounds_say: str, status: str) -> None:
    row = create(alice)
    round_type, result = MAKES[rounds_say]
    made = add(alice, row, round_type, result=result)["round"]
    alice.patch(path_of(row), {"status": status})
    changed = change(alice, made, notes="n").json["opportunity"]
    added = add(alice, row, "other")["opportunity"]

    for one in (changed, added, alice.get(path_of(row)).json):
        assert (one["status"], one["statusConflict"]) == (status, conflict(rounds_say, status))


def test_a_saved_opportunity_with_a_round_was_applied_for(alice: User) -> None:
    row = create(alice, status="saved", deadline="2026-12-01")
    found = add(alice, row, "oa")["opportunity"]

    assert (row["applied_on"], found["status"]) == (None, "applied")
    assert found["applied_on"] == found["updated_at"][:10]
    assert found["deadline"] == "2026-12-01"
