"""Load a server with clients that give up, and keep what they got."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.processes import CannotMeasure
from benchmarks.results import as_line
from benchmarks.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from benchmarks.servers import Server


@dataclass(frozen=True)
class Outcome:
    """What the clients of one load got, per second, and the latency of the good responses in ms."""

    good: float
    refused: float
    errors: float
    given_up: float
    p50: float
    p99: float


Found = dict[str, dict[str, list[Outcome]]]  # by case and server


@contextmanager
def load(
    server: Server, requests: Sequence[bytes], seconds: float, connections: int, patience: float
) -> Iterator[list[Outcome]]:
    """Load a server; yield a list that has the outcome after the block."""
    found: list[Outcome] = []
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"".join(request + b"\0" for request in requests))
        file.flush()
        arguments = [server.port, file.name, seconds, connections, patience]
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.clients", *map(str, arguments)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        yield found
        output, _ = process.communicate(timeout=seconds + 60)
    if process.returncode:
        raise CannotMeasure(f"the clients of {server.name} failed")
    found.append(_outcome(json.loads(output)))


def _outcome(result: Mapping[str, Any]) -> Outcome:
    counts: dict[str, int] = result["counts"]
    counted: float = result["seconds"]

    def rate(*outcomes: str) -> float:
        return sum(n for name, n in counts.items() if name.startswith(outcomes)) / counted

    return Outcome(
        good=rate("2"),
        refused=rate("4"),
        errors=rate("5", "lost"),
        given_up=rate("given"),
        p50=result["p50"],
        p99=result["p99"],
    )


def save(name: str, about: Mapping[str, object], found: Found, folder: Path) -> None:
    """Write every outcome as JSON, and the medians as a table."""
    kept = {
        case: {server: [asdict(o) for o in outcomes] for server, outcomes in servers.items()}
        for case, servers in found.items()
    }
    text = json.dumps({"conditions": about, "cases": kept}, indent=1)
    (folder / f"{name}.json").write_text(text + "\n")
    (folder / f"{name}.md").write_text("\n".join([as_line(about), "", *_table_of(found)]) + "\n")


def _table_of(found: Found) -> list[str]:
    """Return the medians of every case as a Markdown table."""
    names = [field.name for field in fields(Outcome)]
    lines = [
        "| case | server | good/s | refused/s | errors/s | given up/s | p50, ms | p99, ms |",
        "|---|---|" + "---:|" * len(names),
    ]
    for case, servers in found.items():
        for server, outcomes in servers.items():
            medians = [f"{median(getattr(o, name) for o in outcomes):.0f}" for name in names]
            lines.append(f"| {' | '.join([case, server, *medians])} |")
    return lines
