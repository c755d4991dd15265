"""The client of each change, in the log and in the audit table: the page, the extension, an app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.auth.forge import NOT_THERE, ORIGIN, Forge
from tests.support.events import recorded_events

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from flask import Flask

pytestmark = pytest.mark.in_process
CHROME = "chrome-extension://ocadhiiiainnijhhimhmpagfdmfcnfmj"
FIREFOX = "moz-extension://0d8b2c2e-4b2a-4c8e-9a53-1f0c8a1d2b3c"
SAFARI = "safari-web-extension://0d8b2c2e-4b2a-4c8e-9a53-1f0c8a1d2b3c"


@pytest.mark.parametrize(
    ("azp", "client"),
    [
        (ORIGIN, "web"),
        (CHROME, "extension"),
        (FIREFOX, "extension"),
        (SAFARI, "extension"),
        (NOT_THERE, "app"),
        ("", "app"),
    ],
)
def test_the_audit_names_the_client_of_a_change(
    build: Callable[..., Flask], owner: psycopg.Connection[Any], azp: object, client: str
) -> None:
    forge = Forge()
    origins = f"{ORIGIN},{CHROME},moz-extension://*,safari-web-extension://*"
    app = build(CORS_ORIGIN=origins, CLERK_ALLOW_MISSING_AZP="true", **forge.settings())
    headers = {"Authorization": f"Bearer {forge.token({'azp': azp})}"}
    with recorded_events() as events:
        made = app.test_client().post(
            "/api/v1/opportunities", json={"title": "Internship"}, headers=headers
        )
    assert made.status_code == 201
    named = {line["type"]: line.get("client") for line in events}
    assert named == {"REQUEST": None, "AUDIT": client, "RESPONSE": client}
    stored = owner.execute("select client from audit_log where resource_id = %s", [made.json["id"]])
    assert stored.fetchall() == [(client,)]


def test_a_refused_write_has_no_client(build: Callable[..., Flask]) -> None:
    with recorded_events() as events:
        build().test_client().post("/api/v1/opportunities", json={"title": "Internship"})
    assert [line["type"] for line in events if "client" in line] == []
