"""Send attacks through the firewall, and find out who has refused them."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.deploy.edge.visitor import NAME
from tests.deploy.edge.waf.corpus.attack import ROWS, Attack, bytes_of
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tests.deploy.edge.waf.waf_server import Firewall

STATUS = re.compile(rb"HTTP/[\d.]+ (\d+)")
CREATING = frozenset({"json", "key", "body"})  # places of attacks that create an opportunity
SECONDS = 30  # until an unanswered message counts as refused; nginx waits 10 s for the rest of one


@dataclass
class Outcome:
    """The response to an attack: status 0 if nginx has closed the connection without one.

    ``own`` has the ids of all opportunities that the attacker has created.
    """

    attack: Attack
    token: str
    status: int
    headers: dict[str, str]
    body: bytes
    refused: bool = False
    own: set[str] = field(default_factory=set)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def exchange(waf: Firewall, data: bytes, *, source: str, whole: bool) -> bytes:
    """Send bytes; return the whole response, or what arrives until its headers are complete."""
    received = b""
    with closing(waf.connect(source=source)) as sock, suppress(OSError):
        sock.settimeout(SECONDS)
        sock.sendall(data)
        while chunk := sock.recv(65536):
            received += chunk
            if not whole and b"\r\n\r\n" in received:
                break
    return received


def parse(attack: Attack, token: str, received: bytes) -> Outcome:
    head, _, body = received.partition(b"\r\n\r\n")
    found = STATUS.match(head)
    lines = (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    headers = {name.lower(): value.strip() for name, _, value in lines}
    return Outcome(attack, token, int(found[1]) if found else 0, headers, body)


def internship(waf: Firewall, token: str) -> str:
    """Create an internship and return its id."""
    body = {"title": "Intern", "category": "internship"}
    response = waf.request("POST", ROWS, token=token, body=body)
    assert response.status == 201, response.body
    found: str = response.json["id"]
    return found


def attack_all(
    waf: Firewall, attacks: Iterable[Attack], new_token: Callable[[], str]
) -> list[Outcome]:
    """Send each attack, four at a time, and mark those that did not reach the service.

    Forty attacks have the same user and address, so that no rate limit refuses one.
    """
    numbered = list(enumerate(attacks))
    tokens = [new_token() for _ in range(len(numbered) // 40 + 1)]
    rows = [internship(waf, token) for token in tokens]

    def send(item: tuple[int, Attack]) -> Outcome:
        number, attack = item
        turn = number // 40
        data = bytes_of(attack, NAME, tokens[turn], rows[turn])
        source = f"127.4.{turn}.1"
        received = exchange(waf, data, source=source, whole=attack.part != "raw")
        return parse(attack, tokens[turn], received)

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(send, numbered))
    note_owners(outcomes, dict(zip(tokens, rows, strict=True)))
    mark(waf, outcomes)
    return outcomes


def note_owners(outcomes: list[Outcome], first: Mapping[str, str]) -> None:
    """Note what each attacker owns: the internship, and what the attacks have created."""
    own = {token: {row} for token, row in first.items()}
    for one in outcomes:
        one.own = own[one.token]
        if one.status == 201 and one.attack.part in CREATING:
            one.own.add(one.json["id"])


def mark(waf: Firewall, outcomes: list[Outcome]) -> None:
    """Find in nginx' log which responses came from the service.

    nginx logs a malformed request (400) that names no server elsewhere. It logs the others later.
    """
    known = (one for one in outcomes if one.status != 400 and "x-request-id" in one.headers)
    ids = {one.headers["x-request-id"] for one in known}
    wait_for(lambda: ids <= waf.ids())
    passed = {line["requestId"] for line in waf.logged() if line["upstreamSeconds"]}
    for one in outcomes:
        reached = one.headers.get("x-request-id") in passed
        # Only the firewall returns a 403 here: the attackers have sessions, not API keys.
        one.refused = one.status in {0, 403} or (one.status >= 400 and not reached)
