"""``dev``: run the service and everything that it needs on this machine, until Ctrl-C."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import futuretracker.app  # noqa: F401 - a missing module is reported before anything starts
from futuretracker.backups.interrupts import STOP_SIGNALS
from futuretracker.commands.local import running
from futuretracker.commands.local.embedded_postgres import as_service, as_watch, postgres
from futuretracker.commands.local.greeting import USER, greeting
from futuretracker.commands.local.issuer import LOCAL, Issuer, UnusableKey
from futuretracker.commands.local.seed import NotSeeded, seed
from futuretracker.commands.subjects import user_id
from futuretracker.commands.token import azp_of, lifetime
from futuretracker.config.environment import given
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
LOCAL_SERVICE = "futuretracker.commands.local"
MAX_PORT = 65_535
START_WITHIN = 60.0  # seconds


class CannotStart(Exception):
    """The service cannot start; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the user to seed; settings come from the environment and ``.env``."""
    parser.add_argument(
        "--seed",
        type=user_id,
        nargs="?",
        const=USER,
        metavar="USER",
        help=f"give this user 40 opportunities (default: {USER}); if the service runs"
        " already, do only that",
    )


def run(options: argparse.Namespace) -> int | str:
    """Run until gunicorn ends, or until Ctrl-C."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.default_int_handler)
    try:
        if options.seed and (settings := running.settings()):
            _seed(options.seed, settings)
            return 0
        with ExitStack() as stack:
            return _serve(stack, given(), options.seed)
    except (CannotStart, NotSeeded, UnusableKey, running.LocalDataError) as error:
        return str(error)
    except KeyboardInterrupt:
        return 0


def _serve(stack: ExitStack, chosen: Mapping[str, str], seeded: str | None) -> int:
    host, port = chosen.get("HOST", "127.0.0.1"), chosen.get("PORT", "3001")
    _check_port(host, port)
    running.lock(stack)
    issuer = Issuer(LOCAL / "issuer.pem")
    own_keys = not KEY_SETTINGS & chosen.keys()
    own_database = not {"DATABASE_URL", "DATABASE_URL_FILE"} & chosen.keys()
    settings = {
        "FUTURETRACKER_ENV": "development",
        "TRUSTED_PROXIES": "0",
        "STORE_URL": f"lmdb://{(LOCAL / 'store').absolute()}",
        **(issuer.settings() if own_keys else {}),
        **chosen,
    }
    owner = {}
    if own_database:
        with postponed_interrupts():
            url = stack.enter_context(postgres(LOCAL / "postgres"))
        migrate(url)
        settings["DATABASE_URL"] = as_service(url)
        # For commands in other terminals. The service itself must not have them.
        owner = {"MIGRATION_DATABASE_URL": url, "WATCH_DATABASE_URL": as_watch(url)}
    running.write({**settings, **owner})
    gunicorn = _start(settings)
    stack.callback(_stop, gunicorn)
    _wait(gunicorn, host, port)
    if seeded:
        _seed(seeded, {**settings, **owner})
    ttl = lifetime(settings)
    token = issuer.token(USER, ttl=ttl, azp=azp_of(settings)) if own_keys else ""
    _say(greeting(settings, own_database=own_database, token=token, ttl=ttl))
    return gunicorn.wait()


def _seed(user: str, settings: Mapping[str, str]) -> None:
    """Give a user of the running service opportunities."""
    issuer = Issuer(LOCAL / "issuer.pem")
    token = issuer.token(user, ttl=60, azp=azp_of(settings))
    _say(seed(user, token, settings))


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's output


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


def _start(settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    # In its own session gunicorn does not receive Ctrl-C, and this process can stop it gracefully.
    readable = sys.stdout.isatty() and settings.get("LOG_FORMAT") != "json"
    return subprocess.Popen(  # noqa: S603 - the interpreter, with literal arguments
        [sys.executable, "-m", LOCAL_SERVICE, *(["--readable"] if readable else [])],
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
        connection = http.client.HTTPConnection(host, int(port), timeout=2)
        with (
            contextlib.suppress(OSError, http.client.HTTPException),
            contextlib.closing(connection),
        ):
            connection.request("GET", "/readyz")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        time.sleep(0.05)
    message = f"The service did not become ready within {START_WITHIN:.0f} seconds."
    raise CannotStart(message)
