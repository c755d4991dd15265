"""An attack that reads the rows of other users is noticed."""

from __future__ import annotations

import json

import pytest

from tests.deploy.edge.waf.corpus.attack import Attack
from tests.deploy.edge.waf.corpus.harmless import SEARCHED, UNREAD, read
from tests.deploy.edge.waf.corpus.outcome import Outcome, note_owners

SEARCH, HEADER, BODY = "query:q", "header:Referer", "json:title"


def outcome(place: str, status: int, answer: object, user: str = "user") -> Outcome:
    """Make up a response."""
    attack = Attack("sqli-000", place, "' OR 1=1")
    return Outcome(attack, user, status, {}, json.dumps(answer).encode())


def found(place: str, *ids: str) -> Outcome:
    """Return a list as the service would, for a user who has created two opportunities."""
    items = [{"id": each, "title": "Intern"} for each in ids]
    listed = outcome(place, 200, {"items": items, "nextCursor": None})
    made = [outcome(BODY, 201, {"id": "two"}), outcome(BODY, 201, {"id": "three"}, "other")]
    note_owners([*made, listed], {"user": "one", "other": "four"})
    return listed


@pytest.mark.parametrize(("place", "stop"), [(SEARCH, SEARCHED), (HEADER, UNREAD)])
def test_a_list_may_have_all_that_the_user_has_created(place: str, stop: str) -> None:
    assert read(found(place, "one", "two")) == stop
    assert read(found(SEARCH)) == SEARCHED


@pytest.mark.parametrize("place", [SEARCH, HEADER])
@pytest.mark.parametrize("stranger", ["three", "four", "five"])
def test_a_list_with_a_row_of_another_user_is_noticed(place: str, stranger: str) -> None:
    with pytest.raises(AssertionError, match=stranger):
        read(found(place, "one", stranger))
