"""The runbook for an API key that has leaked finds what the key has done."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from tests.commands import run
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg

    from tests.conftest import User
    from tests.support.servers import Service

PAGE = (ROOT / "docs" / "operations" / "runbooks.md").read_text()
SECTION = PAGE.partition("\n## An API key has leaked\n")[2].partition("\n## ")[0]
ID, USER = "4fYq8ZtT2bNc", "user_2abc"  # on the page


@pytest.mark.needs("jq")
def test_it_finds_the_changes_and_the_addresses(
    serve: Callable[..., Service],
    settings: dict[str, str],
    owner: psycopg.Connection[Any],
    alice: User,
    tmp_path: Path,
) -> None:
    service = serve()
    assert service.request("GET", "/api/v1/me", token=alice.token).status == 200
    new = ("--name", "Export", "--scope", "opportunities:write", "--json")
    result = run(tmp_path, "apikey", "create", "--user", alice.id, *new, **settings)
    key = json.loads(result.stdout)
    rows = "/api/v1/opportunities"
    for token in (key["secret"], alice.token):
        assert service.request("POST", rows, token=token, body={"title": "A"}).status == 201
    assert service.request("POST", rows, token=key["secret"], body={}).status == 400
    (revoke,) = re.findall(rf"futuretracker (apikey revoke .*){ID}$", SECTION, re.MULTILINE)
    assert run(tmp_path, *revoke.split(), key["id"], **settings).returncode == 0

    changes, addresses = (
        in_log(service, command.replace(ID, key["id"]))
        for command in re.findall(r"^ *# (lines .*)$", SECTION, re.MULTILINE)
    )
    made, failed = map(json.loads, changes.splitlines())
    assert (made[1], made[3]) == ("CREATE_OPPORTUNITY", "success")
    assert (failed[1], failed[3]) == ("CREATE_OPPORTUNITY", "failure")
    assert sorted(map(str.split, addresses.splitlines())) == [
        ["1", "127.0.0.1", "201"],
        ["1", "127.0.0.1", "400"],
    ]

    (query,) = re.findall(r"```sql\n(.*?)```", SECTION, re.DOTALL)
    entries = owner.execute(query.replace(ID, key["id"]).replace(USER, alice.id).encode())
    client = f"key:{key['id']}"
    assert [(row[1], row[2], row[3]) for row in entries] == [
        ("operator", "operator", "CREATE_API_KEY"),
        (alice.id, client, "CREATE_OPPORTUNITY"),
        ("operator", "operator", "DELETE_API_KEY"),
    ]


def in_log(service: Service, command: str) -> str:
    """Run a command of the page, where ``lines`` prints the service's log."""
    done = subprocess.run(
        ["bash", "-c", f"lines() {{ grep '^{{' {service.output}; }}\n{command}"],
        env={"PATH": os.environ["PATH"]},
        check=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    return done.stdout
