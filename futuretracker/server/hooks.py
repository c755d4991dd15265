"""gunicorn's hooks: checks before the start, metrics of workers, and messages to systemd."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from gunicorn import glogging, systemd

from futuretracker.auth.store_key import store_key
from futuretracker.database.roles import UnsafeRole, check_database
from futuretracker.server.balance import ConnectionBalance, ConnectionCounts
from futuretracker.server.ports import PortNotFree, check_port
from futuretracker.store import NotPrivate, check_private, folder_of
from futuretracker.telemetry import exposition, metrics, multiprocess
from futuretracker.web.lifecycle import draining

if TYPE_CHECKING:
    from futuretracker.config import Config

# Set when systemd, or a gunicorn that this one replaces, has opened the sockets already.
INHERITED = ("LISTEN_FDS", "GUNICORN_FD")


class Logger(glogging.Logger):
    """Writes no access log, because the service logs its requests itself.

    gunicorn would format each line and then discard it, which takes a tenth of a request's time.
    """

    def access(self, *_request: object) -> None:
        """Write nothing."""


class Hooks:
    """The functions that gunicorn calls, in the arbiter or in a worker."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._counts = ConnectionCounts()  # before the fork, so that the workers share it
        self._inherited = any(name in os.environ for name in INHERITED)
        # Without this, gunicorn would report READY before a worker can serve.
        self._notify_socket = os.environ.pop("NOTIFY_SOCKET", "")

    def on_starting(self, server: Any) -> None:
        """Exit with one sentence if a port is taken, or the role or the store is not safe.

        A broken store does not prevent the start.
        """
        store_key(self._config.database)  # slow: derive and cache it before the workers fork
        try:
            for address in () if self._inherited else server.cfg.address:
                if isinstance(address, tuple):  # a socket file is a string
                    check_port(*address[:2])
            check_database(self._config)
            if self._config.store_url.startswith("lmdb:"):
                check_private(folder_of(self._config.store_url))
        except NotPrivate as error:
            sys.exit(f"STORE_URL: {error}; delete the folder or name another one.")
        except (UnsafeRole, PortNotFree) as error:
            sys.exit(str(error))

    def pre_fork(self, server: Any, worker: Any) -> None:
        """Give the worker a slot, and the settings that gunicorn does not know."""
        worker.slot = multiprocess.free_slot(other.slot for other in server.WORKERS.values())
        worker.statements = self._config.statements
        worker.balance = ConnectionBalance(self._counts, worker.slot)

    def post_fork(self, _server: object, worker: Any) -> None:
        """Make the worker count its metrics in its slot."""
        exposition.begin(worker.slot)

    def post_worker_init(self, worker: Any) -> None:
        """Tell systemd that a worker can serve (the unit needs NotifyAccess=all)."""
        if self._notify_socket:
            os.environ["NOTIFY_SOCKET"] = self._notify_socket
            systemd.sd_notify("READY=1", worker.log, unset_environment=True)

    def worker_exit(self, _server: object, _worker: object) -> None:
        """Write what the worker has still counted, and remove the metrics of a living worker."""
        draining.set()  # whatever has ended it, even Ctrl-C
        exposition.end()

    def child_exit(self, _server: object, worker: Any) -> None:
        """Count a worker that has ended, and clean up after one that could not do so itself."""
        worker.balance.withdraw()
        has_cleaned_up = multiprocess.clear(worker.slot)
        outcome = "ended" if has_cleaned_up and not worker.aborted else "died"
        metrics.worker_exits.labels(outcome).inc()
