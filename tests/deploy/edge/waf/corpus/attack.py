"""Attacks, and how to send them.

An attack has a name, a payload and a place. These are the places:

``path``, ``path:PREFIX``   the end of a path: of an opportunity, or after the prefix
``query:NAME``              the value of a query parameter of the list
``query_name``              the name of a query parameter, or ``query_name:NAME`` with the value
``header:NAME``             a header of a request for the list
``cookie:NAME``             a cookie of such a request
``json:FIELD``              a field of a new opportunity
``key``                     the name of a field of a new opportunity
``rounds:FIELD``            a field of a new interview round
``keys:FIELD``              a field of a new API key
``body``                    a whole body with its content type
``probe``                   a method, a target and a user agent
``raw``                     a whole message, byte for byte
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

ROWS = "/api/v1/opportunities"
AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
ESCAPED = re.compile(r"%(u[0-9a-fA-F]{4}|[0-9a-fA-F]{2})")
# A raw message has these in place of the token and of a long text.
TOKEN, LONG = "{token}", "{long}"


@dataclass
class Attack:
    """One attack of the corpus."""

    name: str
    place: str
    payload: Any
    about: str = ""

    @property
    def kind(self) -> str:
        return self.name.rpartition("-")[0]

    @property
    def part(self) -> str:
        """The place without its name: ``query`` of ``query:status``."""
        return self.place.partition(":")[0]


@dataclass
class Message:
    """A request without its token."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


def escape(text: str, safe: str) -> str:
    """Percent-encode what a URL cannot contain, but keep what the attacker has encoded."""
    return quote(text, safe=safe + ("%" if ESCAPED.search(text) else ""))


def message(attack: Attack, opportunity: str) -> Message:
    """Make the request of an attack; the opportunity's id is for its rounds."""
    name = attack.place.partition(":")[2]
    made = getattr(Maker, attack.part)(name, attack.payload, opportunity)
    made.headers = {"User-Agent": AGENT, "Accept": "application/json", **made.headers}
    return made


def with_json(method: str, target: str, body: object) -> Message:
    return Message(method, target, {"Content-Type": "application/json"}, json.dumps(body).encode())


def nested(name: str, payload: Any) -> object:
    """Return the value of a field: ``tags`` has an array, and ``meta`` an object."""
    return {"tags": [payload], "meta": {"note": payload}}.get(name, payload)


class Maker:
    """One function for each kind of place."""

    @staticmethod
    def path(prefix: str, payload: str, _: str) -> Message:
        return Message("GET", (prefix or f"{ROWS}/") + escape(payload, "/:;,()'*!$&=@\\{}|"))

    @staticmethod
    def query(name: str, payload: str, _: str) -> Message:
        return Message("GET", f"{ROWS}?{name}={escape(payload, '/:;,()*!$@')}")

    @staticmethod
    def query_name(name: str, payload: str, _: str) -> Message:
        if name:
            return Message("GET", f"{ROWS}?{quote(name, safe='[]$')}={escape(payload, '/')}")
        return Message("GET", f"{ROWS}?{escape(payload, '/:;,()*!$@')}=1")

    @staticmethod
    def header(name: str, payload: str, _: str) -> Message:
        return Message("GET", ROWS, {name: payload})

    @staticmethod
    def cookie(name: str, payload: str, _: str) -> Message:
        return Message("GET", ROWS, {"Cookie": f"{name}={payload.replace(';', '%3B')}"})

    @staticmethod
    def json(name: str, payload: Any, _: str) -> Message:
        return with_json("POST", ROWS, {"title": "Intern", name: nested(name, payload)})

    @staticmethod
    def key(_: str, payload: str, __: str) -> Message:
        return with_json("POST", ROWS, {"title": "Intern", payload: 1})

    @staticmethod
    def rounds(name: str, payload: str, opportunity: str) -> Message:
        return with_json("POST", f"{ROWS}/{opportunity}/rounds", {name: payload})

    @staticmethod
    def keys(name: str, payload: str, _: str) -> Message:
        body = {"name": "Script", "scopes": ["opportunities:read"], name: payload}
        return with_json("POST", "/api/v1/api-keys", body)

    @staticmethod
    def body(_: str, payload: dict[str, str], __: str) -> Message:
        headers = {"Content-Type": payload["type"]} if payload["type"] else {}
        return Message("POST", ROWS, headers, payload["text"].encode("latin-1"))

    @staticmethod
    def probe(_: str, payload: dict[str, str], __: str) -> Message:
        headers = {"User-Agent": payload["agent"]} if payload["agent"] else {}
        return Message(payload["method"], payload["target"], headers)


def encode(made: Message, host: str, token: str | None) -> bytes:
    """Return the bytes of the request. The headers of the attack replace others of that name."""
    given = {"Host": host, "Connection": "close"}
    if token:
        given["Authorization"] = f"Bearer {token}"
    if made.body is not None or made.method == "POST":
        given["Content-Length"] = str(len(made.body or b""))
    taken = {name.lower() for name in made.headers}
    kept = {name: value for name, value in given.items() if name.lower() not in taken}
    lines = [f"{name}: {value}" for name, value in (kept | made.headers).items()]
    head = "\r\n".join([f"{made.method} {made.target} HTTP/1.1", *lines, "", ""])
    return head.encode() + (made.body or b"")


def bytes_of(attack: Attack, host: str, token: str | None, opportunity: str) -> bytes:
    """Return what the attacker sends."""
    if attack.part == "raw":
        text: str = attack.payload.replace("{host}", host)
        return text.replace(TOKEN, token or "").replace(LONG, "A" * 9000).encode("latin-1")
    return encode(message(attack, opportunity), host, token)
