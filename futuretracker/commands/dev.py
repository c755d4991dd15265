"""``dev``: run the service and everything that it needs on this machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import futuretracker.app  # noqa: F401 - a missing module is reported before anything starts
from futuretracker.commands.interrupts import STOP_SIGNALS
from futuretracker.commands.local.embedded_postgres import LocalDataError, as_service, postgres
from futuretracker.commands.local.issuer import LOCAL, Issuer, UnusableKey
from futuretracker.commands.token import azp_of
from futuretracker.config.environment import given
from futuretracker.config.urls import in_url
from futuretracker.database.migrate import migrate
from futuretracker.server.ports import PortNotFree, check_port

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

# If one of these is set, tokens come from Clerk; otherwise from the local issuer.
KEY_SETTINGS = {
    f"{name}{suffix}"
    for name in ("CLERK_JWT_PUBLIC_KEY", "CLERK_PUBLISHABLE_KEY", "CLERK_ISSUER")
    for suffix in ("", "_FILE")
}
MAX_PORT = 65_535
START_WITHIN = 60.0  # seconds


class CannotStart(Exception):
    """The service cannot start; the message says why."""


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """Add no arguments: settings come from the environment and ``.env``."""


def run(_options: argparse.Namespace) -> int | str:
    """Run until gunicorn ends, or until Ctrl-C."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        with ExitStack() as stack:
            return _serve(stack, given())
    except (CannotStart, LocalDataError, UnusableKey) as error:
        return str(error)
    except KeyboardInterrupt:
        return 0


def _serve(stack: ExitStack, chosen: Mapping[str, str]) -> int:
    host, port = chosen.get("HOST", "127.0.0.1"), chosen.get("PORT", "3001")
    _check_port(host, port)
    _lock(stack)
    issuer = Issuer(LOCAL / "issuer.pem")
    settings = {
        "FUTURETRACKER_ENV": "development",
        "TRUSTED_PROXIES": "0",
        "STORE_URL": f"lmdb://{(LOCAL / 'store').absolute()}",
        **({} if KEY_SETTINGS & chosen.keys() else issuer.settings()),
        **chosen,
    }
    if not {"DATABASE_URL", "DATABASE_URL_FILE"} & chosen.keys():
        with postponed_interrupts():
            owner = stack.enter_context(postgres(LOCAL / "postgres"))
        migrate(owner)
        settings["DATABASE_URL"] = as_service(owner)
    gunicorn = _start(settings)
    stack.callback(_stop, gunicorn)
    _wait(gunicorn, host, port)
    own_keys = not KEY_SETTINGS & chosen.keys()
    _greet(f"http://{in_url(host)}:{port}", settings, issuer if own_keys else None)
    return gunicorn.wait()


@contextlib.contextmanager
def postponed_interrupts() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block: a half-started Postgres cannot be stopped."""
    received: list[int] = []
    before = {
        number: signal.signal(number, lambda got, _frame: received.append(got))
        for number in STOP_SIGNALS
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if received:
            raise KeyboardInterrupt


def _check_port(host: str, port: str) -> None:
    if not (re.fullmatch("[0-9]{1,5}", port) and 1 <= int(port) <= MAX_PORT):
        message = f"PORT must be a number from 1 to 65535, not '{port}'."
        raise CannotStart(message)
    try:
        check_port(host, int(port))
    except PortNotFree as error:
        raise CannotStart(str(error)) from error


def _lock(stack: ExitStack) -> None:
    """Lock the data folder against a second ``dev``."""
    try:
        LOCAL.mkdir(exist_ok=True)
        file = stack.enter_context((LOCAL / "lock").open("w"))
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = f"Another 'make run' is using {LOCAL.absolute()}; stop it first."
        raise CannotStart(message) from error
    except OSError as error:
        message = f"{LOCAL.absolute()} cannot be used as the data folder ({error.strerror})."
        raise CannotStart(message) from error


def _start(settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # In its own session gunicorn does not receive Ctrl-C, and this process can stop it gracefully.
    return subprocess.Popen(
        [sys.executable, "-m", "futuretracker", "serve"],
        env=dict(settings),
        start_new_session=True,
    )


def _stop(gunicorn: subprocess.Popen[bytes]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gunicorn.terminate()
    try:
        gunicorn.wait(timeout=10)
    except subprocess.TimeoutExpired:
        gunicorn.kill()


def _wait(gunicorn: subprocess.Popen[bytes], host: str, port: str) -> None:
    deadline = time.monotonic() + START_WITHIN
    while time.monotonic() < deadline:
        if gunicorn.poll() is not None:
            message = "The service did not start; the messages above say why."
            raise CannotStart(message)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection(host, int(port), timeout=2)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.05)
    message = f"The service did not become ready within {START_WITHIN:.0f} seconds."
    raise CannotStart(message)


def _greet(base: str, settings: Mapping[str, str], issuer: Issuer | None) -> None:
    lines = [f"FutureTracker is running at {base}/api (stop it with Ctrl-C). Try:"]
    if issuer:
        ttl = min(3600, int(settings["CLERK_MAX_TOKEN_LIFETIME"]))
        token = issuer.token("user_alice", ttl=ttl, azp=azp_of(settings))
        lines.append(f"curl -H 'Authorization: Bearer {token}' {base}/api/opportunities")
    else:
        lines.append(f"curl {base}/api/health")
    print("\n".join(lines), flush=True)  # noqa: T201 - the command's output
