"""Honest opportunities pass the firewall, whatever their texts contain."""

from __future__ import annotations

import itertools
import os
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from tests.conftest import ORIGIN
from tests.deploy.edge.visitor import request_on
from tests.deploy.edge.waf.corpus import files, read_lines
from tests.deploy.edge.waf.corpus.attack import ROWS

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from futuretracker.commands.local.issuer import Issuer
    from tests.deploy.edge.visitor import Response
    from tests.deploy.edge.waf.waf_server import Firewall

pytestmark = pytest.mark.needs("nginx", "modsecurity")

KINDS = files("honest")
CHANGED = ("title", "description", "notes", "link")
numbers = itertools.count(1)


@pytest.fixture
def new_user(issuer: Issuer) -> Callable[[], str]:
    """Sign in a new user."""
    return lambda: issuer.token(f"user_honest{next(numbers)}x{os.getpid()}", ttl=3600, azp=ORIGIN)


def asker(sock: socket.socket, token: str) -> Callable[..., Response]:
    """Send requests on a connection; repeat those that a busy service has not carried out."""

    def ask(method: str, path: str, body: object = None) -> Response:
        for _ in range(60):
            response = request_on(sock, method, path, token=token, body=body)
            if response.status != 503:
                return response
            time.sleep(1)
        return response

    return ask


def searches(opportunity: dict[str, Any]) -> Iterator[str]:
    """Yield what its owner could search for: the title, the link, and the middle of each text."""
    yield opportunity["title"]
    if "link" in opportunity:
        yield opportunity["link"]
    for name in ("description", "notes"):
        words = opportunity.get(name, "").split()
        middle = max(0, len(words) // 2 - 4)
        if words:
            yield " ".join(words[middle : middle + 8])


def check(ask: Callable[..., Response], opportunity: dict[str, Any]) -> None:
    """Create, read, change and search for an opportunity."""
    created = ask("POST", ROWS, opportunity)
    assert created.status == 201, (opportunity["title"], created.body)
    row = f"{ROWS}/{created.json['id']}"
    read = ask("GET", row).json
    assert {name: read[name] for name in opportunity} == opportunity
    changed = ask(
        "PATCH", row, {name: opportunity[name] for name in CHANGED if name in opportunity}
    )
    assert changed.status == 200, (opportunity["title"], changed.body)
    replaced = ask("PUT", row, read)
    assert replaced.status == 200, (opportunity["title"], replaced.body)
    assert {name: replaced.json[name] for name in opportunity} == opportunity
    for words in searches(opportunity):
        found = ask("GET", f"{ROWS}?{urlencode({'q': words, 'limit': 5})}")
        assert found.status == 200, (words, found.body)
    if "link" in opportunity:
        link = opportunity["link"]
        found = ask("GET", f"{ROWS}?{urlencode({'link': link})}")
        assert found.status == 200, (link, found.body)
        assert created.json["id"] in {one["id"] for one in found.json["items"]}


def test_the_corpus_is_large_and_varied() -> None:
    rows = [row for file in KINDS.values() for row in read_lines(file)]

    assert len(rows) >= 400
    assert len({row["title"] for row in rows}) == len(rows)
    assert sum(len(row.get("notes", "")) == 5000 for row in rows) >= 10
    assert len(KINDS) >= 20


@pytest.mark.parametrize("kind", KINDS)
def test_no_honest_opportunity_is_refused(
    waf: Firewall, new_user: Callable[[], str], kind: str
) -> None:
    source = f"127.3.{list(KINDS).index(kind)}.1"
    token = new_user()

    for opportunity in read_lines(KINDS[kind]):
        with closing(waf.connect(source=source)) as sock:
            check(asker(sock, token), opportunity)
