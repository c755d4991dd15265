"""gunicorn's settings, for ``make run`` and production. docs/server.md explains the worker."""

import sys

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - for files that are written often and must not wait for a disk

try:
    from futuretracker.telemetry import json_lines, multiprocess, stderr

    stderr.begin()
    multiprocess.begin(SHARED_MEMORY)  # before the hooks import the metrics, which are kept there
    # Import everything before the fork, so that workers share the memory of the modules. Otherwise
    # a worker that starts after an update of the files would mix old and new modules.
    import futuretracker.app  # noqa: F401
    from futuretracker.config import Config
    from futuretracker.config.environment import ConfigError
    from futuretracker.config.urls import in_url
    from futuretracker.server.hooks import Hooks
except ModuleNotFoundError as error:
    sys.exit(f"The Python module '{error.name}' is missing; 'make setup' installs it.")

try:
    service = Config.from_env()
except ConfigError as error:
    sys.exit(str(error))

bind = [f"{in_url(service.host)}:{service.port}"]
if service.metrics.port:
    bind.append(f"127.0.0.1:{service.metrics.port}")
workers = service.workers
threads = service.threads  # of the stock worker
worker_class = {
    "event-loop": "futuretracker.server.Worker",
    "stock": "futuretracker.server.stock.StockWorker",
}[service.worker]
worker_tmp_dir = SHARED_MEMORY
preload_app = False  # the application opens connections and files, which no fork may share
timeout = 30  # seconds
graceful_timeout = 30
keepalive = 75  # longer than nginx keeps its side of a connection
control_socket_disable = True

# gunicorn would prefer another parser if one is installed; the tests cover only this one.
http_parser = "python"
limit_request_line = 8190
# No header from a client sets the scheme or the path. TRUSTED_PROXIES handles the address.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

logger_class = "futuretracker.server.hooks.Logger"
logconfig_dict = json_lines.CONFIG

hooks = Hooks(service)
on_starting = hooks.on_starting
pre_fork = hooks.pre_fork
post_fork = hooks.post_fork
post_worker_init = hooks.post_worker_init
worker_exit = hooks.worker_exit
child_exit = hooks.child_exit
