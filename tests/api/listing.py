"""Helpers for the tests of the list of v1."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from werkzeug.test import TestResponse

    from tests.conftest import User

PATH = "/api/v1/opportunities"


def insert(owner: psycopg.Connection[Any], user: User, *rows: dict[str, Any]) -> None:
    """Insert opportunities of the user directly; all have the same columns."""
    user_id = user.get("/api/v1/me").json["internalUserId"]
    columns = [*rows[0]]
    owner.cursor().executemany(
        f"insert into opportunities (user_id, {', '.join(columns)})"
        f" values (%s{', %s' * len(columns)})".encode(),
        [(user_id, *(row[name] for name in columns)) for row in rows],
    )


def ask(user: User, **parameters: Any) -> TestResponse:
    return user.get(PATH, query_string=parameters)


def page(user: User, **parameters: Any) -> dict[str, Any]:
    response = ask(user, **parameters)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json
    return body


def pages(user: User, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
    """Follow ``nextCursor`` to the last page, and return all pages."""
    body = page(user, **parameters)
    yield body["items"]
    while body["nextCursor"]:
        body = page(user, **parameters, cursor=body["nextCursor"])
        yield body["items"]


def titles(user: User, **parameters: Any) -> list[str]:
    """Return the titles of all pages."""
    return [row["title"] for rows in pages(user, **parameters) for row in rows]


def next_link(response: TestResponse) -> str:
    """Return the target of the only link, which is the next page."""
    match = re.fullmatch(r'<([!-;=?-~]+)>; rel="next"', response.headers["Link"])
    assert match, response.headers["Link"]
    return match[1]


def failures(response: TestResponse) -> list[tuple[str, str]]:
    """Return the field and the message of each entry of a 400; check the shape."""
    assert response.status_code == 400, response.text
    body = response.json
    assert list(body) == ["error", "message", "details", "code", "requestId"]
    assert body["error"] == "Validation Error"
    assert body["message"] == "The request data is invalid"
    assert body["code"] == "validation_error"
    assert body["requestId"] == response.headers["X-Request-Id"]
    return [(entry["field"], entry["message"]) for entry in body["details"]]
