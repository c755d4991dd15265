"""Debian's nginx with the files of deploy/nginx in front of the service, and attacks on it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import CannotMeasure, children
from benchmarks.servers import ROOT
from tests.deploy.edge.nginx_server import debians, lay_out, running
from tests.deploy.edge.substitution import replace_in
from tests.deploy.edge.waf.waf_server import lay_out_waf
from tests.support.servers import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.idle import IdleGroup
    from tests.support.authority import Files

PAGE = ROOT / "docs/operations/edge.md"


@dataclass(frozen=True)
class Walls:
    """A running nginx, and the ids of the first processes of nginx and of the service."""

    port: int
    authority: Path
    nginx: int
    service: int
    inspects: bool = False

    def usage(self, process: int) -> tuple[int, int]:
        """Return the open files and the bytes of memory of a server's workers."""
        pids = children(process)
        files = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids]
        return files, sum(pages) * 4096


@contextmanager
def walls(
    folder: Path, socket_file: Path, files: Files, service: int, *, inspects: bool = False
) -> Iterator[Walls]:
    """Run nginx as docs/operations/edge.md says, with its numbers of connections and files.

    If it ``inspects``, it also does what docs/operations/waf.md says.
    """
    port = free_port()
    if inspects:
        lay_out_waf(folder, (free_port(), port), {}, socket_file=socket_file, files=files)
    else:
        lay_out(debians(), folder, (free_port(), port), {}, socket_file=socket_file, files=files)
    main = folder / "nginx.conf"
    page = PAGE.read_text()
    [connections] = re.findall(r"768;/(worker_connections \d+;)/", page)
    [descriptors] = re.findall(r"(worker_rlimit_nofile \d+;)", page)
    replace_in([main], {"worker_connections 768;": connections})
    main.write_text(f"{descriptors}\n{main.read_text()}")
    with running(debians(), folder, port) as process:
        yield Walls(port, files.authority, process.pid, service, inspects)


@contextmanager
def attacked(
    at: Walls, name: str, seconds: float, token: str, *, aside: IdleGroup | None = None
) -> Iterator[dict[str, int]]:
    """Attack until the block ends; yield what has happened, which is complete after the block.

    With a group ``aside`` the attackers work only while a processor is idle, nearly as if they had
    processors of their own: the kernel interrupts them when an honest process has work to do.
    """
    arguments = [name, str(at.port), str(at.authority), str(seconds), token]
    counts: dict[str, int] = {}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.attacks", *arguments],
        cwd=ROOT,
        stdin=pipe,
        stdout=pipe,
        text=True,
        start_new_session=True,
    ) as process:
        if aside:
            aside.add(process.pid)
        started = process.stdout.readline() if process.stdout else ""
        if started != "ready\n":
            process.kill()
            raise CannotMeasure(f"the attack did not start: {name}")
        try:
            yield counts
        finally:
            said, _ = process.communicate()
    counts |= json.loads(said)
