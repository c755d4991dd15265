"""Simulate worlds, let the engine watch them, and print what it found.

python -m benchmarks.anomalies --seed 7
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.anomalies.capacity import measure
from benchmarks.anomalies.evaluation import evaluate
from benchmarks.anomalies.explanation import explain
from benchmarks.anomalies.page import save
from benchmarks.anomalies.report import figures, markdown, novel
from benchmarks.anomalies.seeds import HELD_OUT, TRAINING
from benchmarks.anomalies.world import Size, World
from futuretracker.anomalies.engine import Engine

if TYPE_CHECKING:
    from benchmarks.anomalies.evaluation import Result

PROCESSES = 2


def run(options: argparse.Namespace) -> None:
    """Evaluate the chosen worlds."""
    size = Size(options.users, options.days)
    seeds = options.seed or (TRAINING if options.training else HELD_OUT)
    with ProcessPoolExecutor(min(PROCESSES, len(seeds))) as processes:
        results = list(processes.map(partial(watch, size=size), seeds))
    print(f"{size.users} users, {size.days} days. {figures(results)}\n")
    print("\n".join(markdown(results)))
    if options.explain:
        print("\n".join(line for result in results for line in explain(result)))
    print(novel(results))
    if options.output:
        save(options.output, size, results, measure(options.profiles, size))


def watch(seed: int, size: Size) -> Result:
    """Return what the engine finds in a world."""
    result, _ = evaluate(World(seed, size), Engine())
    return result


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Evaluate the anomaly detection.")
    parser.add_argument("--seed", type=int, nargs="+", help="worlds (default: the held-out ones)")
    parser.add_argument("--training", action="store_true", help="the worlds for tuning instead")
    parser.add_argument("--users", type=int, default=Size.users)
    parser.add_argument("--days", type=int, default=Size.days)
    parser.add_argument(
        "--explain", action="store_true", help="list misses and false alarms of training worlds"
    )
    parser.add_argument(
        "--output", type=Path, metavar="PAGE", help="put tables and chart into this Markdown page"
    )
    parser.add_argument(
        "--profiles", type=int, default=100_000, help="users of the measurement of profiles"
    )
    return parser.parse_args()


if __name__ == "__main__":
    run(_arguments())
