"""Show how much CPU time each layer uses for a request.

    python -m benchmarks.profile list one create --seconds 8

The service runs as in production, except that its worker samples its own stack (``sampled.py``).
The figures include the cost of sampling; Postgres' time is listed separately. ``--stacks FOLDER``
keeps the stacks, one per line with its count, for a flame graph.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import servers
from benchmarks.conditions import conditions
from benchmarks.data import READERS, WRITERS, database
from benchmarks.layers import by_function, by_layer, read
from benchmarks.processes import CannotMeasure, command
from benchmarks.results import as_line
from benchmarks.sampled import FOLDER
from benchmarks.setup import need
from benchmarks.stage import stage
from benchmarks.workloads import NAMES, workloads
from benchmarks.wrk import Wrk

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence

    from benchmarks.data import Database
    from benchmarks.samples import Sample
    from benchmarks.stage import Stage

FUNCTIONS = 15  # lines
USUAL = ["list", "one", "create"]


def run(options: argparse.Namespace) -> None:
    """Load the service with one workload after another, and print the profiles."""
    need("wrk")
    print(as_line(conditions()))
    with stage() as here, database(here.folder / "postgres") as db:
        for workload in options.workloads:
            folder = here.folder / workload
            folder.mkdir(mode=0o777)
            sample = load(here, db, workload, folder, options.seconds)
            stacks = read(
                line for file in folder.iterdir() for line in file.read_text().splitlines()
            )
            print("\n".join(report(workload, sample, stacks)))
            if options.stacks:
                shutil.copytree(folder, options.stacks / workload, dirs_exist_ok=True)


def load(here: Stage, db: Database, workload: str, folder: Path, seconds: int) -> Sample:
    """Start a service, load it, and stop it, so that its workers write their samples."""
    at = servers.address(workload, here.folder, behind_nginx=False)
    settings = {**here.settings(workload, db.service_url), FOLDER: str(folder)}
    recipe = servers.service(
        "futuretracker",
        at,
        settings,
        servers.PROCESSES["futuretracker"],
        arguments="--worker-class benchmarks.sampled.Sampled",
    )
    with servers.serve(recipe, at, here.folder) as server:
        sample = Wrk(server, here.tokens([*READERS, *WRITERS]), db.pid).load(
            workloads(db)[workload], seconds
        )
    db.tidy()
    return sample


def report(workload: str, sample: Sample, stacks: Counter[tuple[str, ...]]) -> Iterator[str]:
    """Yield the lines of one workload: each layer's CPU time per request, and its share."""
    samples, cpu = stacks.total(), sample.cpu or 0
    if not samples:
        raise CannotMeasure(f"{workload}: the workers wrote no samples")
    yield f"\n{workload}: {cpu:.0f} us of CPU per request ({samples} samples); Postgres:"
    yield f"{sample.postgres_cpu:.0f} us, {sample.rate:.0f} requests/s"
    for title, counts in (("layer", by_layer(stacks)), ("function itself", by_function(stacks))):
        yield f"{'us':>8}{'share':>8}  {title}"
        for name, count in counts.most_common(FUNCTIONS):
            yield f"{cpu * count / samples:8.1f}{count / samples:8.1%}  {name}"


def read_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description="Show how much CPU time each layer uses.")
    # Without ``choices``: argparse would check the default, a list, as one value.
    parser.add_argument("workloads", nargs="*", type=_workload, default=USUAL)
    parser.add_argument("--seconds", type=int, default=8, help="seconds per load (default: 8)")
    parser.add_argument("--stacks", type=Path, help="a folder for the stacks")
    return parser.parse_args(arguments)


def _workload(name: str) -> str:
    if name not in NAMES:
        message = f"'{name}' must be one of: {', '.join(NAMES)}"
        raise argparse.ArgumentTypeError(message)
    return name


if __name__ == "__main__":
    command(lambda: run(read_arguments()))
