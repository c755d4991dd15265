"""What stops an attack that passes the firewall, and how that shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.deploy.edge.waf.corpus.attack import ROWS, nested

if TYPE_CHECKING:
    from tests.deploy.edge.waf.corpus.outcome import Outcome
    from tests.deploy.edge.waf.waf_server import Firewall

PROSE = ("title", "description", "notes", "company", "location", "pay", "contact")
SEARCHES = frozenset(f"query:{name}" for name in ("q", "company", "location", "tags", "link"))
STORED = "It is stored as text by a query with parameters, and returned as JSON with `nosniff`."
LINK = "It is stored as text. The service opens no links."
SEARCHED = "It is searched for as text by a query with parameters."
UNKNOWN = "There is no such field, or only the service sets it. It is ignored."
NAME = "It is the name of an API key, stored as text."
VALUE = "The value or the parameter is not allowed: 400."
NO_PATH = "There is no such path: 404."
NOT_JSON = "The body is not JSON: 400 or 415."
TOKEN = "The token is not valid: 401."
UNREAD = "The service does not read this header or this cookie."
PUBLIC = "The page is public."
PLAIN = "It is a request like any other."
BAD_URL = "The URL is not percent-encoded UTF-8: 400."


def check_json(one: Outcome) -> None:
    """Check that a browser takes the response for nothing but data."""
    assert one.status < 500, one
    assert one.headers["content-type"].startswith("application/json"), one
    assert one.headers["x-content-type-options"] == "nosniff", one


def stopped_by(waf: Firewall, one: Outcome) -> str:
    """Return the sentence for what has stopped this attack; fail if nothing has."""
    check_json(one)
    if one.status == 201:
        return created(waf, one)
    if one.status == 200:
        return read(one)
    if one.status == 400:
        code = one.json["code"]
        return {"invalid_json": NOT_JSON, "bad_request": BAD_URL, "validation_error": VALUE}[code]
    return {401: TOKEN, 404: NO_PATH, 415: NOT_JSON}[one.status]


def created(waf: Firewall, one: Outcome) -> str:
    """Check what a new opportunity, or a new API key, has of the attack."""
    field = one.attack.place.partition(":")[2]
    if one.attack.part == "keys":
        assert one.json["name"] == one.attack.payload
        return NAME
    stored = waf.request("GET", f"{ROWS}/{one.json['id']}", token=one.token).json
    assert stored == {name: one.json[name] for name in stored}
    if field in PROSE:
        assert stored[field] == str(one.attack.payload).strip()
        return STORED
    if field == "tags":
        assert one.attack.payload in stored["tags"]
        return STORED
    if field == "link":
        assert stored["link"] == one.attack.payload
        return LINK
    sent = nested(field, one.attack.payload)
    assert stored.get(field) != sent, one
    assert json.dumps(sent)[1:-1] not in json.dumps(stored) or not isinstance(sent, str), one
    assert field in one.headers["x-ignored-fields"].split(", "), one
    return UNKNOWN


def check_owner(one: Outcome) -> None:
    """Check that a list has nothing of other users."""
    items: list[dict[str, Any]] = one.json["items"]
    assert [item for item in items if item["id"] not in one.own] == [], one


def read(one: Outcome) -> str:
    """Check a list, a search, or the public page."""
    place: dict[str, str] = {"header": UNREAD, "cookie": UNREAD, "raw": PLAIN, "probe": PUBLIC}
    if one.attack.place in SEARCHES:
        assert set(one.json) == {"items", "nextCursor"}
        check_owner(one)
        return SEARCHED
    if one.attack.part in {"header", "cookie"}:
        assert one.json["items"], "the user has an opportunity"
        check_owner(one)
    return place[one.attack.part]
