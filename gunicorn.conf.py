"""gunicorn's settings, the same for `make run` and production."""

import os
import sys
from typing import Any

from gunicorn import glogging, systemd

from futuretracker import journal, logs
from futuretracker.config import Config, ConfigError, in_url
from futuretracker.roles import UnsafeRole, check_database
from futuretracker.store import UnusableStore, check_store

journal.begin()
try:
    service = Config.from_env()
except ConfigError as error:
    sys.exit(str(error))

bind = f"{in_url(service.host)}:{service.port}"
workers = service.workers
threads = service.threads
worker_class = "futuretracker.worker.Worker"
worker_tmp_dir = "/dev/shm"  # noqa: S108 - heartbeats must not wait for a disk
# Pools and files are opened by the factory, which must run after the fork.
preload_app = False
timeout = 30
graceful_timeout = 30
keepalive = 75  # seconds; longer than nginx keeps its side open
# Nothing here asks for the scheme; who may speak of the client is for TRUSTED_PROXIES to say.
secure_scheme_headers: dict[str, str] = {}
limit_request_line = 8190
control_socket_disable = True
logconfig_dict = logs.CONFIG


# gunicorn would say that it is ready before there is a worker.
notify_socket = os.environ.pop("NOTIFY_SOCKET", "")


class Logger(glogging.Logger):
    """Writes no access lines: the service tells of its requests itself.

    gunicorn would work each line out before it drops it, which costs a tenth of a request.
    """

    def access(self, *_request: object) -> None:
        """Write nothing."""


logger_class = Logger


def on_starting(_server: object) -> None:
    """Refuse to start as a role that row level security does not bind, or without a store."""
    try:
        check_database(service)
        check_store(service.store_url)
    except (UnsafeRole, UnusableStore) as error:
        sys.exit(str(error))


def post_worker_init(worker: Any) -> None:
    """Tell systemd that a worker can answer (the unit needs NotifyAccess=all)."""
    if notify_socket:
        os.environ["NOTIFY_SOCKET"] = notify_socket
        systemd.sd_notify("READY=1", worker.log, unset_environment=True)
