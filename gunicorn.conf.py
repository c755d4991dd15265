"""gunicorn's settings, the same for `make run` and production."""

import os
import sys
from tempfile import mkdtemp
from typing import Any

from gunicorn import glogging, systemd

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - what is written there all the time must not wait for a disk

if "prometheus_client" not in sys.modules:  # else this is a reload, which counts on
    # The library looks for the folder as it is imported; seats.py says more.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = mkdtemp("", "futuretracker-metrics-", SHARED_MEMORY)

try:
    from futuretracker.config import Config
    from futuretracker.config.environment import ConfigError
    from futuretracker.config.urls import in_url
    from futuretracker.database.roles import UnsafeRole, check_database
    from futuretracker.server.balance import Share
    from futuretracker.server.ports import PortNotFree, check_port
    from futuretracker.store import UnusableStore, check_store
    from futuretracker.telemetry import exposition, json_lines, metrics, multiprocess, stderr
except ModuleNotFoundError as error:
    sys.exit(f"The Python module '{error.name}' is missing; 'make setup' installs it.")

stderr.begin()
multiprocess.claim()
try:
    service = Config.from_env()
except ConfigError as error:
    sys.exit(str(error))

bind = [f"{in_url(service.host)}:{service.port}"]
if service.metrics.port:
    bind.append(f"127.0.0.1:{service.metrics.port}")
workers = service.workers
threads = service.threads
worker_class = "futuretracker.server.worker.Worker"
worker_tmp_dir = SHARED_MEMORY
# Pools and files are opened by the factory, which must run after the fork.
preload_app = False
timeout = 30
graceful_timeout = 30
keepalive = 75  # seconds; longer than nginx keeps its side open
# Nothing here asks for the scheme; who may speak of the client is for TRUSTED_PROXIES to say.
secure_scheme_headers: dict[str, str] = {}
limit_request_line = 8190
control_socket_disable = True
logconfig_dict = json_lines.CONFIG


# gunicorn would say that it is ready before there is a worker.
notify_socket = os.environ.pop("NOTIFY_SOCKET", "")


class Logger(glogging.Logger):
    """Writes no access lines: the service tells of its requests itself.

    gunicorn would work each line out before it drops it, which costs a tenth of a request.
    """

    def access(self, *_request: object) -> None:
        """Write nothing."""


logger_class = Logger


# Sockets that systemd, or a gunicorn that this one takes over from, has made.
inherited = {"LISTEN_FDS", "GUNICORN_FD"} & set(os.environ)


def on_starting(server: Any) -> None:
    """Refuse to start as a role that row level security does not bind, or without store or port."""
    try:
        for address in () if inherited else server.cfg.address:
            if isinstance(address, tuple):  # else it is a socket file
                check_port(*address[:2])
        check_database(service)
        check_store(service.store_url)
    except (UnsafeRole, UnusableStore, PortNotFree) as error:
        sys.exit(str(error))


def post_worker_init(worker: Any) -> None:
    """Tell systemd that a worker can answer (the unit needs NotifyAccess=all)."""
    if notify_socket:
        os.environ["NOTIFY_SOCKET"] = notify_socket
        systemd.sd_notify("READY=1", worker.log, unset_environment=True)


def pre_fork(server: Any, worker: Any) -> None:
    """Give the worker a seat at which it counts, and what gunicorn has no setting for."""
    worker.seat = multiprocess.free(other.seat for other in server.WORKERS.values())
    worker.statements = service.statements


def post_fork(_server: object, worker: Any) -> None:
    """Let the worker count."""
    exposition.begin(worker.seat)


def worker_exit(_server: object, _worker: object) -> None:
    """Let the worker say, as it ends, that it does not live any more."""
    exposition.end()


def child_exit(_server: object, worker: Any) -> None:
    """Count a worker that has ended, and say for it what it could not say itself."""
    Share(worker.seat).withdraw()
    has_left = multiprocess.clear(worker.seat)
    outcome = "ended" if has_left and not worker.aborted else "died"
    metrics.worker_exits.labels(outcome).inc()
