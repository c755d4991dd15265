"""Start the servers to compare: this service, and the same API with other frameworks.

Each listens on loopback or on a socket file, and stops when its ``with`` block ends.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.nginx import nginx
from benchmarks.processes import free_port, log_of, started, wait_for
from benchmarks.setup import FASTAPI, PEERS, install_fastapi, install_node_packages

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parent.parent
# The best number for each server on two cores; --processes changes it. With one process the peers
# serve fewer requests of the mix. With four, Express needs a quarter to a half more CPU, and this
# service needs a tenth more.
PROCESSES = {"futuretracker": 2, "bare": 2, "express": 2, "fastify": 2, "fastapi": 2}
NO_V1 = frozenset({"page"})  # the peers have no v1


class Address(NamedTuple):
    """A port and, with nginx in front, the socket file that the server listens on."""

    port: int
    socket: Path | None


class Recipe(NamedTuple):
    """How to start a server, its health endpoint, and the workloads that it has no route for."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    health: str
    lacking: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Server:
    """The process of a running server, and the port that reaches it."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    lacking: frozenset[str]


def address(name: str, folder: Path, *, behind_nginx: bool) -> Address:
    """Choose an address for a server."""
    return Address(free_port(), folder / f"{name}.sock" if behind_nginx else None)


@contextmanager
def serve(recipe: Recipe, at: Address, folder: Path) -> Iterator[Server]:
    """Run a server until the block ends."""
    name = recipe.name
    with ExitStack() as stack:
        process = stack.enter_context(started(name, recipe.command, recipe.env, folder))
        if at.socket:
            stack.enter_context(nginx(name, at.port, at.socket, folder))
        wait_for(process, at.port, recipe.health, log_of(name, folder))
        yield Server(name, process, at.port, recipe.lacking)


def service(  # noqa: PLR0913 - a process has many parts
    name: str,
    at: Address,
    settings: Mapping[str, str],
    processes: int,
    *,
    application: str = "wsgi:app",
    arguments: str = "",
    checkout: Path = ROOT,
) -> Recipe:
    """Start this service as production does.

    ``arguments`` are further ones for gunicorn. ``checkout`` is the folder of the code to run; it
    needs ``gunicorn.conf.py`` and ``wsgi.py``, and runs with this interpreter and its packages.
    """
    bind = f"unix:{at.socket}" if at.socket else f"127.0.0.1:{at.port}"
    env = {
        "WEB_CONCURRENCY": str(processes),
        "PYTHONPATH": str(checkout),
        "GUNICORN_CMD_ARGS": f"--bind {bind} {arguments}",
        **settings,
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        str(checkout / "gunicorn.conf.py"),
        application,
    ]
    return Recipe(name, command, env, "/readyz")


def bare(at: Address, settings: Mapping[str, str], processes: int) -> Recipe:
    """Start Flask and the queries alone, under the same gunicorn and the same worker."""
    return service("bare", at, settings, processes, application="benchmarks.peers.bare:app")


def express(at: Address, settings: Mapping[str, str], processes: int) -> Recipe:
    """Start the Express peer."""
    return _node("express", at, settings, processes)


def fastify(at: Address, settings: Mapping[str, str], processes: int) -> Recipe:
    """Start the Fastify peer."""
    return _node("fastify", at, settings, processes)


def _node(name: str, at: Address, settings: Mapping[str, str], processes: int) -> Recipe:
    install_node_packages()
    env = {"W": str(processes), "NODE_ENV": "production", "LISTEN": str(at.socket or at.port)}
    command = ["node", str(PEERS / f"{name}.js")]
    return Recipe(name, command, {**env, **settings}, "/health", NO_V1)


def fastapi(at: Address, settings: Mapping[str, str], processes: int) -> Recipe:
    """Start the FastAPI peer."""
    install_fastapi()
    # The other peers write no access log.
    command = [str(FASTAPI / "bin" / "uvicorn"), "fastapi_peer:app", "--no-access-log"]
    command += ["--workers", str(processes), "--app-dir", str(PEERS)]
    command += ["--uds", str(at.socket)] if at.socket else ["--port", str(at.port)]
    return Recipe("fastapi", command, settings, "/health", NO_V1)
