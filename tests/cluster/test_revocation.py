"""A token that is revoked at one host is refused by all of them within two seconds."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import TYPE_CHECKING, Any

import jwt

from tests.cluster.load import Ask, Client
from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster.conftest import Cluster
    from tests.cluster.hosts import Host

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests' own").decode()
PROMISE = 2.0  # seconds
CONNECTIONS = 6  # to each host, so that both of its processes are asked


def claim(token: str, name: str) -> str:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return str(found[name])


def send(cluster: Cluster, kind: str, subject: str) -> None:
    """Send a webhook through nginx, signed as Svix signs it."""
    body = json.dumps({"type": kind, "object": "event", "data": {"id": subject}})
    message, now = f"msg_{kind}.{subject}".replace("_", ""), str(int(time.time()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    digest = hmac.digest(key, f"{message}.{now}.{body}".encode(), hashlib.sha256)
    signed = {
        "id": message,
        "timestamp": now,
        "signature": f"v1,{base64.b64encode(digest).decode()}",
    }
    client = Client(cluster.network)
    headers = {f"svix-{name}": value for name, value in signed.items()}
    status, answer = client.send(Ask("POST", "/webhooks/clerk", None, json.loads(body)), headers)
    client.close()
    assert status in {200, 204}, answer


def command(host: Host, *options: str) -> None:
    """Revoke by hand on one of the hosts."""
    subprocess.run(
        [*host.server.inside, sys.executable, "-m", "futuretracker", "revoke", *options],
        cwd=ROOT,
        env=host.server.env,
        check=True,
        capture_output=True,
        timeout=20,
    )


def send_without_the_store(cluster: Cluster, token: str) -> None:
    """Revoke by a webhook while nothing tells the other hosts of it."""
    cluster.store.server.kill()
    send(cluster, "session.revoked", claim(token, "sid"))


WAYS: dict[str, Callable[[Cluster, str], None]] = {
    "session.revoked": lambda c, token: send(c, "session.revoked", claim(token, "sid")),
    "user.deleted": lambda c, token: send(c, "user.deleted", claim(token, "sub")),
    "--session": lambda c, token: command(c.hosts[0], "--session", claim(token, "sid")),
    "--user": lambda c, token: command(c.hosts[2], "--user", claim(token, "sub")),
    "session.revoked without Valkey": send_without_the_store,
}


@contextmanager
def watched(cluster: Cluster, token: str) -> Iterator[list[tuple[float, int]]]:
    """Ask every host on kept connections; yield when each ask began, and its status."""
    ended, tries = Event(), list[tuple[float, int]]()

    def watch(host: Host) -> None:
        clients = [Client(cluster.network, host.server.node) for _ in range(CONNECTIONS)]
        while not ended.wait(0.02):
            for client in clients:
                began = time.monotonic()
                tries.append((began, client.send(Ask("GET", "/api/v1/me", token))[0]))
        for client in clients:
            client.close()

    with ThreadPoolExecutor(len(cluster.hosts)) as pool:
        watches = [pool.submit(watch, host) for host in cluster.hosts]
        try:
            yield tries
        finally:
            ended.set()
    for each in watches:
        each.result()


def test_a_revoked_token_is_refused_by_every_host_within_two_seconds(
    start: Callable[..., Cluster],
) -> None:
    cluster = start(CLERK_WEBHOOK_SECRET=SECRET)
    lasted: dict[str, float] = {}
    for way, revoke in WAYS.items():
        token = cluster.token()
        with watched(cluster, token) as tries:
            time.sleep(0.5)
            revoke(cluster, token)
            revoked_at = time.monotonic()
            time.sleep(PROMISE + 1)
        before = [status for began, status in tries if began < revoked_at - 0.5]
        after = [(began - revoked_at, status) for began, status in tries if began > revoked_at]
        lasted[way] = max((since for since, status in after if status == 200), default=0.0)

        assert set(before) <= {200}
        assert {status for _, status in after} <= {200, 401}
        assert {status for since, status in after if since > PROMISE} == {401}

    times = ", ".join(f"{way} {seconds:.2f} s" for way, seconds in lasted.items())
    cluster.tell(f"the last answer to a revoked token began so long after its revocation: {times}")
