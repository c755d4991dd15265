"""What is loaded: this service, and the same job as others would build it.

Everything listens on loopback or on a socket file, and ends with its ``with`` block.
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
# Each server's best on two cores, loaded in turn; --processes looks again. With one in all the
# peers answer fewer mixed requests, with 4 each costs Express a quarter to a half more CPU. Ours
# was tried with 2 to 4 and costs a tenth more with 4.
PROCESSES = {"futuretracker": 2, "bare": 2, "express": 2, "fastify": 2, "fastapi": 2}
NO_V1 = frozenset({"page"})  # the peers have one surface


class Address(NamedTuple):
    """Where requests are sent; with a socket file nginx stands there, and the server behind it."""

    port: int
    socket: Path | None


class Recipe(NamedTuple):
    """How a server is started, what tells that it is there, which workloads it has no route for."""

    name: str
    command: list[str]
    env: Mapping[str, str]
    health: str
    lacking: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Server:
    """A server's process, with all that it has forked, and the port that reaches it."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    lacking: frozenset[str]


def address(name: str, folder: Path, *, behind_nginx: bool) -> Address:
    """Choose where a server is to be reached."""
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
    """Start Flask and the queries alone, under the same gunicorn with the same worker."""
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
    # Its access log is the only one among the three, so it is off.
    command = [str(FASTAPI / "bin" / "uvicorn"), "fastapi_peer:app", "--no-access-log"]
    command += ["--workers", str(processes), "--app-dir", str(PEERS)]
    command += ["--uds", str(at.socket)] if at.socket else ["--port", str(at.port)]
    return Recipe("fastapi", command, settings, "/health", NO_V1)
