"""Compare the CPU per request of each credential: session token, API key, both signatures.

    python -m benchmarks.credentials --rounds 7

One client reads one opportunity over one connection, request after request. The credentials take
turns in each round. The figure is the CPU time of the service's processes per request; a ratio is
the median of the ratios of the rounds to the session token.
"""

from __future__ import annotations

import argparse
import json
import secrets
import socket
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPConnection
from statistics import median
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

from benchmarks import servers
from benchmarks.conditions import conditions
from benchmarks.data import READERS, database
from benchmarks.processes import CannotMeasure, command
from benchmarks.results import as_line
from benchmarks.samples import cpu_of
from benchmarks.stage import PLENTY, stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

AUTHORITY = "api.example.com"
COMPONENTS = ("@method", "@authority", "@path", "@query")
REQUESTS = 2000  # in each turn
SETTINGS = {
    "PUBLIC_URL": f"https://{AUTHORITY}",
    "RATE_LIMIT_KEY_GENERAL": PLENTY,
    "RATE_LIMIT_KEY_WRITE": PLENTY,
}


@dataclass
class Message:
    """What the signer reads of a request."""

    method: str
    url: str
    headers: dict[str, str]


class Client:
    """A user's client, which makes API keys and sends requests over one connection."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self.token = token

    def create(self, **fields: object) -> tuple[str, str]:
        """Make an API key; return its id and its secret ("" if it has none)."""
        body = {"name": "Benchmark", "scopes": ["opportunities:read"], **fields}
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        connection.request("POST", "/api/v1/api-keys", json.dumps(body), headers)
        made = json.loads(connection.getresponse().read())
        if "id" not in made:
            raise CannotMeasure(f"no API key was made: {made}")
        return made["id"], made["secret"] or ""

    def send(self, requests: Sequence[bytes]) -> None:
        """Send one request after another; raise CannotMeasure unless each gets a 200."""
        with socket.create_connection(("127.0.0.1", self._port), timeout=30) as sock:
            for request in requests:
                sock.sendall(request)
                received = sock.recv(65536)
                while not _is_whole(received):
                    received += sock.recv(65536)
                if not received.startswith(b"HTTP/1.1 200"):
                    raise CannotMeasure(received[:500].decode())


def _is_whole(response: bytes) -> bool:
    head, end, body = response.partition(b"\r\n\r\n")
    length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
    return bool(end) and len(body) >= int(length)


def credentials(client: Client, path: str) -> dict[str, Callable[[], dict[str, str]]]:
    """Return what makes the headers of one request, for each credential."""
    private = Ed25519PrivateKey.generate()
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _, bearer = client.create()
    ed25519, _ = client.create(publicKey=pem.decode())
    hmac, text = client.create(signedOnly=True)
    secret = sha256(text.rpartition("_")[2][:43].encode()).digest()

    def signed(
        key_id: str, algorithm: type, key: bytes | Ed25519PrivateKey
    ) -> Callable[[], dict[str, str]]:
        resolver = MappingKeyResolver(public_keys={}, private_keys={key_id: key})
        signer = HTTPMessageSigner(signature_algorithm=algorithm, key_resolver=resolver)

        def headers() -> dict[str, str]:
            message = Message("GET", f"https://{AUTHORITY}{path}", {})
            signer.sign(
                message,
                key_id=key_id,
                nonce=secrets.token_urlsafe(16),
                tag="futuretracker",
                label="sig",
                include_alg=False,
                covered_component_ids=COMPONENTS,
            )
            return message.headers

        return headers

    return {
        "session token": lambda: {"Authorization": f"Bearer {client.token}"},
        "API key": lambda: {"Authorization": f"Bearer {bearer}"},
        "hmac-sha256": signed(hmac, algorithms.HMAC_SHA256, secret),
        "ed25519": signed(ed25519, algorithms.ED25519, private),
    }


def message(path: str, headers: dict[str, str]) -> bytes:
    """Return a GET request as bytes."""
    sent = {"Host": "127.0.0.1", "User-Agent": "benchmark", **headers}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def measured(rounds: int) -> Iterator[tuple[str, float]]:
    """Yield the CPU microseconds per request of each credential, in turn."""
    with stage() as place, database(place.folder / "postgres") as db:
        at = servers.address("futuretracker", place.folder, behind_nginx=False)
        settings = {**place.settings("futuretracker", db.service_url), **SETTINGS}
        recipe = servers.service("futuretracker", at, settings, processes=1)
        user, row = db.rows(READERS)[0]
        path = f"/api/v1/opportunities/{row}"
        with servers.serve(recipe, at, place.folder) as server:
            client = Client(server.port, place.tokens([user])[user])
            turns = list(credentials(client, path).items())
            for number in range(rounds + 1):  # the first round warms up
                for name, headers in turns:
                    requests = [message(path, headers()) for _ in range(REQUESTS)]
                    with cpu_of(server.process.pid) as cpu:
                        client.send(requests)
                    if number:
                        yield name, sum(cpu) / REQUESTS * 1e6
                turns.append(turns.pop(0))


def run(options: argparse.Namespace) -> None:
    """Measure, and print a line for each credential."""
    print(as_line(conditions()))
    found: dict[str, list[float]] = {}
    for name, microseconds in measured(options.rounds):
        found.setdefault(name, []).append(microseconds)
    usual = found["session token"]
    for name, values in found.items():
        ratio = median(value / token for value, token in zip(values, usual, strict=True))
        print(f"{name:15}{median(values):8.0f} us  {ratio:.2f}")


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Compare the CPU time of each credential.")
    parser.add_argument("--rounds", type=int, default=7, help="rounds (default: 7)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    command(lambda: run(read_arguments()))
